//! The results table of a metric.

use maud::{Markup, PreEscaped, html};

use super::content::Content;
use super::places::Places;
use crate::plot::chart::{Key, Mark as Look};
use crate::plot::svg::key;
use crate::table::{Cell, Mark, MetricBlock};
use crate::text::{Footnotes, heading, percent};

/// Renders one block of the table.
pub(super) fn block(
    content: &Content,
    places: &Places,
    (b, block): (usize, &MetricBlock),
    footnotes: &Footnotes<'_>,
) -> Markup {
    let table = content.table;
    let id = places.block(b);
    let caption = format!("{id}-caption");
    // Intervals need room.
    let dense = block.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.interval.is_some());
    let class = if dense { "results dense" } else { "results" };
    let scenarios = || table.scenarios.iter().filter(|scenario| !scenario.columns.is_empty());
    let first: Vec<bool> =
        scenarios().flat_map(|scenario| (0..scenario.columns.len()).map(|i| i == 0)).collect();
    html! {
        div class="wide" tabindex="0" role="region" aria-labelledby=(caption) {
            table id=(id) class=(class) data-lower[block.metric.lower_is_better] {
                caption id=(caption) { span { (heading(block)) } }
                colgroup {}
                @for scenario in scenarios() {
                    colgroup span=(scenario.columns.len()) {}
                }
                thead {
                    tr {
                        td {}
                        @for scenario in scenarios() {
                            th scope="colgroup" colspan=(scenario.columns.len()) { (scenario.name) }
                        }
                    }
                    tr class="heads" {
                        th scope="col" { "Row" }
                        @for (c, (_, column)) in table.columns().enumerate() {
                            th scope="col" id=(places.column(b, c)) class=[first[c].then_some("first")]
                                data-lower[column.is_gap()] {
                                (column.label)
                            }
                        }
                    }
                }
                tbody {
                    @for (r, row) in block.rows.iter().enumerate() {
                        tr data-row=(r) {
                            th scope="row" id=(places.row(b, r)) {
                                (PreEscaped(key(&Key { mark: Look::Row(r), label: String::new() }, true)))
                                a href={ "#" (places.provenance(r)) } { (row.label) }
                            }
                            @for (c, cell) in row.cells.iter().enumerate() {
                                (print(cell, &places.cell(b, r, c), first[c], &format!("{b} {r} {c}"), footnotes))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn print(cell: &Cell, id: &str, first: bool, at: &str, footnotes: &Footnotes<'_>) -> Markup {
    let (value, look) = match (cell.value, cell.mark) {
        (None, _) if cell.seen => ("–".to_owned(), "missing"),
        (None, _) => ("n/a".to_owned(), "missing"),
        (Some(value), Some(Mark::Best)) => (percent(value), "best"),
        (Some(value), Some(Mark::Second)) => (percent(value), "second"),
        (Some(value), None) => (percent(value), ""),
    };
    let classes = [if first { "first" } else { "" }, look];
    let classes =
        classes.into_iter().filter(|class| !class.is_empty()).collect::<Vec<_>>().join(" ");
    html! {
        td id=(id) class=[(!classes.is_empty()).then_some(&classes)] data-value=[cell.value] data-at=(at) {
            a href={ "#" (id) } { (value) }
            @if cell.significant {
                span class="dagger" { "†" }
            }
            @if cell.value.is_none() && !cell.seen {
                @let n = footnotes.number(cell);
                @let reason = footnotes.reasons.get(n.saturating_sub(1)).copied().unwrap_or_default();
                sup { a href={ "#reason-" (n) } title=(reason) { (n) } }
            }
            @if let Some(deviation) = cell.deviation() {
                " " small { "±" (percent(deviation)) }
            }
            @if let Some(interval) = cell.interval {
                " " small { "[" (percent(interval.low)) ", " (percent(interval.high)) "]" }
            }
            @if cell.no_interval() {
                " " small { "[n/a]" }
            }
            @if let Some(published) = cell.reference {
                " " small { span class="published" { "(" (percent(published)) ")" } }
            }
        }
    }
}

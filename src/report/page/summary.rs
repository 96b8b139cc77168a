//! What was found, in a few sentences at the top of the page, and the table's files.

use maud::{Markup, html};

use super::content::Content;
use crate::table::{Cell, Mark, MetricBlock, RowData, TableData, Verdict};
use crate::text::{heading, percent};
use crate::{csv, latex, markdown};

/// The summary, and links that save the table in other formats.
pub(super) fn summary(content: &Content) -> Markup {
    let table = content.table;
    let sentences = table.metrics.iter().filter_map(|block| averages(table, block));
    let sentences: Vec<String> =
        sentences.chain(tests(table)).chain(claims(table)).chain(gaps(table)).collect();
    html! {
        section id="summary" {
            h2 { "In short" }
            @if !sentences.is_empty() {
                ul {
                    @for sentence in &sentences {
                        li { (sentence) }
                    }
                }
            }
            p class="downloads" { "The tables as " (downloads(table)) "." }
        }
    }
}

/// The best row of each average, or of each column where there are no averages.
fn averages(table: &TableData, block: &MetricBlock) -> Option<String> {
    let any = table.columns().any(|(_, head)| head.is_average());
    let shown = |head: &crate::table::ColumnHead| !any || head.is_average();
    let mut parts = Vec::new();
    for (place, (scenario, head)) in table.columns().enumerate().filter(|(_, (_, h))| shown(h)) {
        let marked = |mark| block.rows.iter().filter(move |r| r.cells[place].mark == Some(mark));
        let best: Vec<&RowData> = marked(Mark::Best).collect();
        let Some(first) = best.first() else { continue };
        let names: Vec<&str> = best.iter().map(|row| row.label.as_str()).collect();
        let mut text = format!(
            "{} {}: {} with {}",
            scenario.name,
            head.label,
            names.join(" and "),
            number(&first.cells[place])
        );
        if let Some(second) = marked(Mark::Second).next() {
            let value = second.cells[place].value.map(percent).unwrap_or_default();
            text += &format!(" before {} with {value}", second.label);
        }
        parts.push(text);
    }
    (!parts.is_empty()).then(|| format!("{}. {}.", heading(block), parts.join("; ")))
}

/// A number with its interval.
fn number(cell: &Cell) -> String {
    let value = cell.value.map(percent).unwrap_or_default();
    match cell.interval {
        Some(interval) => {
            format!("{value} [{}, {}]", percent(interval.low), percent(interval.high))
        }
        None => value,
    }
}

/// How many differences are significant.
fn tests(table: &TableData) -> Option<String> {
    let cells = || table.metrics.iter().flat_map(|b| &b.rows).flat_map(|row| &row.cells);
    let tested = cells().filter(|cell| cell.p_adjusted.is_some()).count();
    let significant = cells().filter(|cell| cell.significant).count();
    (tested > 0).then(|| {
        format!(
            "{significant} of {tested} differences from the row compared with are significant (†)."
        )
    })
}

fn claims(table: &TableData) -> Option<String> {
    let count = |verdict| table.claims.iter().filter(|claim| claim.verdict == verdict).count();
    (!table.claims.is_empty()).then(|| {
        format!(
            "Of {} claims {} hold, {} are contradicted, {} cannot be told from these data.",
            table.claims.len(),
            count(Verdict::Holds),
            count(Verdict::Contradicted),
            count(Verdict::CannotTell)
        )
    })
}

/// How far ours are from published numbers.
fn gaps(table: &TableData) -> Vec<String> {
    table.metrics.iter().filter_map(crate::beside::gap).collect()
}

/// Links that save the tables, each holding its file: the page stands alone.
fn downloads(table: &TableData) -> Markup {
    let files = [
        ("CSV", "csv", "text/csv", csv::render(table)),
        ("LaTeX", "tex", "application/x-tex", latex::render(table)),
        ("Markdown", "md", "text/markdown", markdown::render(table)),
    ];
    html! {
        @for (i, (name, extension, kind, text)) in files.iter().enumerate() {
            @if i > 0 { ", " }
            a download={ (table.name) "." (extension) }
                href={ "data:" (kind) ";charset=utf-8," (super::sections::percent_encoded(text)) } { (name) }
        }
    }
}

//! The results table of a metric.

use super::content::Content;
use super::places::Places;
use crate::markup::escape;
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
) -> String {
    let table = content.table;
    let caption = escape(&heading(block));
    let id = places.block(b);
    let lower = if block.metric.lower_is_better { " data-lower" } else { "" };
    // Intervals need room.
    let dense = block.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.interval.is_some());
    let dense = if dense { " dense" } else { "" };
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}-caption\">\n\
         <table id=\"{id}\" class=\"results{dense}\"{lower}>\n\
         <caption id=\"{id}-caption\"><span>{caption}</span></caption>\n<colgroup></colgroup>\n"
    );
    let scenarios = || table.scenarios.iter().filter(|scenario| !scenario.columns.is_empty());
    for scenario in scenarios() {
        out += &format!("<colgroup span=\"{}\"></colgroup>\n", scenario.columns.len());
    }
    out += "<thead>\n<tr><td></td>";
    for scenario in scenarios() {
        let (span, name) = (scenario.columns.len(), escape(&scenario.name));
        out += &format!("<th scope=\"colgroup\" colspan=\"{span}\">{name}</th>");
    }
    out += "</tr>\n<tr class=\"heads\"><th scope=\"col\">Row</th>";
    let mut first = Vec::new();
    for scenario in scenarios() {
        for i in 0..scenario.columns.len() {
            first.push(i == 0);
        }
    }
    for (c, (_, column)) in table.columns().enumerate() {
        let (id, label) = (places.column(b, c), escape(&column.label));
        let class = if first[c] { " class=\"first\"" } else { "" };
        out += &format!("<th scope=\"col\" id=\"{id}\"{class}>{label}</th>");
    }
    out += "</tr>\n</thead>\n<tbody>\n";
    for (r, row) in block.rows.iter().enumerate() {
        let label = escape(&row.label);
        let look = key(&Key { mark: Look::Row(r), label: String::new() }, true);
        out += &format!(
            "<tr data-row=\"{r}\"><th scope=\"row\" id=\"{}\">{look}<a href=\"#{}\">{label}</a></th>",
            places.row(b, r),
            places.provenance(r)
        );
        for (c, cell) in row.cells.iter().enumerate() {
            let id = places.cell(b, r, c);
            out += &print(cell, &id, first[c], &format!("{b} {r} {c}"), footnotes);
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table>\n</div>\n"
}

fn print(cell: &Cell, id: &str, first: bool, at: &str, footnotes: &Footnotes<'_>) -> String {
    let mut classes = Vec::new();
    if first {
        classes.push("first");
    }
    let (value, look) = match (cell.value, cell.mark) {
        (None, _) if cell.seen => ("–".to_owned(), "missing"),
        (None, _) => ("n/a".to_owned(), "missing"),
        (Some(value), Some(Mark::Best)) => (percent(value), "best"),
        (Some(value), Some(Mark::Second)) => (percent(value), "second"),
        (Some(value), None) => (percent(value), ""),
    };
    if !look.is_empty() {
        classes.push(look);
    }
    let class = if classes.is_empty() {
        String::new()
    } else {
        format!(" class=\"{}\"", classes.join(" "))
    };
    let sorted = cell.value.map(|value| format!(" data-value=\"{value}\"")).unwrap_or_default();
    let mut out =
        format!("<td id=\"{id}\"{class}{sorted} data-at=\"{at}\"><a href=\"#{id}\">{value}</a>");
    if cell.significant {
        out += "<span class=\"dagger\">†</span>";
    }
    if cell.value.is_none() && !cell.seen {
        let n = footnotes.number(cell);
        let reason =
            escape(footnotes.reasons.get(n.saturating_sub(1)).copied().unwrap_or_default());
        out += &format!("<sup><a href=\"#reason-{n}\" title=\"{reason}\">{n}</a></sup>");
    }
    let mut small = Vec::new();
    if let Some(deviation) = cell.deviation() {
        small.push(format!("±{}", percent(deviation)));
    }
    if let Some(interval) = cell.interval {
        small.push(format!("[{}, {}]", percent(interval.low), percent(interval.high)));
    }
    if cell.no_interval() {
        small.push("[n/a]".to_owned());
    }
    if let Some(published) = cell.reference {
        small.push(format!("<span class=\"published\">({})</span>", percent(published)));
    }
    for small in small {
        out += &format!(" <small>{small}</small>");
    }
    out + "</td>"
}

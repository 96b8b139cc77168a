//! How rows differ: their numbers from those of the row compared with, and what they declare.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::Value;

use super::content::Content;
use crate::table::{Cell, MetricBlock, RowData, TableData};
use crate::text::heading;

/// Longest value that a cell shows, in characters.
const SHOWN: usize = 40;

/// Differences from the row compared with, with their intervals.
pub(super) fn differences(table: &TableData) -> Markup {
    let has = |block: &&MetricBlock| {
        block.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.difference.is_some())
    };
    let blocks: Vec<&MetricBlock> = table.metrics.iter().filter(has).collect();
    html! {
        @if !blocks.is_empty() {
            section id="differences" {
                h2 { "Differences" }
                p {
                    "In points, from the row that the others are compared with, on the videos that both \
                     have; in brackets the interval, † where it is significant after the correction."
                }
                @for block in blocks {
                    (one(table, block))
                }
            }
        }
    }
}

fn one(table: &TableData, block: &MetricBlock) -> Markup {
    let compared = |row: &&RowData| row.cells.iter().any(|cell| cell.difference.is_some());
    let heads = html! {
        @for (scenario, head) in table.columns() {
            th scope="col" title=(scenario.name) { (head.label) }
        }
    };
    let rows = html! {
        @for row in block.rows.iter().filter(compared) {
            tr {
                th scope="row" { (row.label) }
                @for cell in &row.cells {
                    (difference(cell))
                }
            }
        }
    };
    wide(&heading(block), &heads, &rows)
}

fn difference(cell: &Cell) -> Markup {
    html! {
        td {
            @if let Some(difference) = cell.difference {
                (format!("{:+.1}", difference.value * 100.0))
                @if cell.significant { "†" }
                @if let Some(interval) = difference.interval {
                    " " small { (format!("[{:+.1}, {:+.1}]", interval.low * 100.0, interval.high * 100.0)) }
                }
            }
        }
    }
}

/// What the rows' models were made from, as far as it is not the same for all of them.
pub(super) fn declarations(content: &Content) -> Markup {
    let rows: Vec<(&str, BTreeMap<String, String>)> = content
        .rows()
        .filter_map(|(_, label, experiments)| {
            let run = content.run(experiments.first()?)?;
            let mut values = BTreeMap::new();
            flatten("", &run.inputs, &mut values);
            Some((label, values))
        })
        .collect();
    let paths: BTreeSet<&String> = rows.iter().flat_map(|(_, values)| values.keys()).collect();
    let differs =
        |path: &&&String| rows.windows(2).any(|two| two[0].1.get(**path) != two[1].1.get(**path));
    let paths: Vec<&String> = paths.iter().filter(differs).copied().collect();
    let heads = html! {
        @for path in &paths {
            th scope="col" { (path) }
        }
    };
    let lines = html! {
        @for (label, values) in &rows {
            tr {
                th scope="row" { (label) }
                @for path in &paths {
                    (declared(values.get(*path).map_or("–", String::as_str)))
                }
            }
        }
    };
    html! {
        @if !paths.is_empty() {
            section id="rows" {
                h2 { "What differs between the rows" }
                (wide("What decides the models, as far as it is not the same for all", &heads, &lines))
            }
        }
    }
}

fn declared(value: &str) -> Markup {
    let shown: String = value.chars().take(SHOWN).collect();
    html! {
        td title=(value) {
            (shown)
            @if shown.len() < value.len() { "…" }
        }
    }
}

/// A table that scrolls where it is wider than the page.
fn wide(caption: &str, heads: &Markup, rows: &Markup) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { span { (caption) } }
                thead { tr class="heads" { th scope="col" { "Row" } (heads) } }
                tbody { (rows) }
            }
        }
    }
}

/// The values of a record by their paths.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(parts) => {
            parts.iter().for_each(|(key, value)| flatten(&below(key), value, into));
        }
        Value::Array(parts) => {
            let numbered = parts.iter().enumerate();
            numbered.for_each(|(i, value)| flatten(&below(&(i + 1).to_string()), value, into));
        }
        Value::String(text) => {
            into.insert(path.to_owned(), text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            into.insert(path.to_owned(), value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_values_by_path() {
        let mut values = BTreeMap::new();
        let record = serde_json::json!({ "recipe": { "epochs": 3 }, "loss": [{ "term": "ce" }] });
        flatten("", &record, &mut values);
        let values: Vec<(&str, &str)> =
            values.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
        assert_eq!(values, [("loss.1.term", "ce"), ("recipe.epochs", "3")]);
    }
}

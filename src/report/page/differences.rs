//! How rows differ: their numbers from those of the row compared with, and what they declare.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::Content;
use crate::markup::escape;
use crate::table::{Cell, MetricBlock, TableData};
use crate::text::heading;

/// Longest value that a cell shows, in characters.
const SHOWN: usize = 40;

/// Differences from the row compared with, with their intervals.
pub(super) fn differences(table: &TableData) -> String {
    let has = |block: &&MetricBlock| {
        block.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.difference.is_some())
    };
    let blocks: String = table.metrics.iter().filter(has).map(|block| one(table, block)).collect();
    if blocks.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"differences\">\n<h2>Differences</h2>\n<p>In points, from the row that the \
         others are compared with, on the videos that both have; in brackets the interval, † where \
         it is significant after the correction.</p>\n{blocks}</section>\n"
    )
}

fn one(table: &TableData, block: &MetricBlock) -> String {
    let heads = table.columns().map(|(scenario, head)| {
        format!(
            "<th scope=\"col\" title=\"{}\">{}</th>",
            escape(&scenario.name),
            escape(&head.label)
        )
    });
    let heads: String = heads.collect();
    let compared = |cells: &[Cell]| cells.iter().any(|cell| cell.difference.is_some());
    let rows = block.rows.iter().filter(|row| compared(&row.cells)).map(|row| {
        let cells: String = row.cells.iter().map(cell).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(&row.label))
    });
    wide(&heading(block), &heads, &rows.collect::<String>())
}

fn cell(cell: &Cell) -> String {
    let Some(difference) = cell.difference else { return "<td></td>".to_owned() };
    let dagger = if cell.significant { "†" } else { "" };
    let interval = difference.interval.map(|interval| {
        format!(" <small>[{:+.1}, {:+.1}]</small>", interval.low * 100.0, interval.high * 100.0)
    });
    format!("<td>{:+.1}{dagger}{}</td>", difference.value * 100.0, interval.unwrap_or_default())
}

/// What the rows' models were made from, as far as it is not the same for all of them.
pub(super) fn declarations(content: &Content) -> String {
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
    if paths.is_empty() {
        return String::new();
    }
    let heads: String =
        paths.iter().map(|path| format!("<th scope=\"col\">{}</th>", escape(path))).collect();
    let rows = rows.iter().map(|(label, values)| {
        let cell = |path: &&String| {
            let value = values.get(*path).map_or("–", String::as_str);
            let shown: String = value.chars().take(SHOWN).collect();
            let more = if shown.len() < value.len() { "…" } else { "" };
            format!("<td title=\"{}\">{}{more}</td>", escape(value), escape(&shown))
        };
        let cells: String = paths.iter().map(cell).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(label))
    });
    format!(
        "<section id=\"rows\">\n<h2>What differs between the rows</h2>\n{}</section>\n",
        wide(
            "What decides the models, as far as it is not the same for all",
            &heads,
            &rows.collect::<String>()
        )
    )
}

/// A table that scrolls where it is wider than the page.
fn wide(caption: &str, heads: &str, rows: &str) -> String {
    let caption = escape(caption);
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n\
         <caption><span>{caption}</span></caption>\n<thead>\n<tr class=\"heads\">\
         <th scope=\"col\">Row</th>{heads}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
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

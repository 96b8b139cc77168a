//! The table as one HTML page that needs nothing else: no script, no other file.

use super::table::{Cell, Mark, MetricBlock, TableData};
use super::text::{Footnotes, certainty, claim, heading, notes, percent};

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8888; --quiet: #767676; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th[scope=row], thead td { text-align: left; font-weight: 400; }
thead { border-bottom: 1px solid var(--line); }
th[scope=colgroup] { text-align: center; border-bottom: 1px solid var(--line); }
table { border-block: 2px solid var(--line); }
.second { text-decoration: underline; }
.published, .certainty, sup { color: var(--quiet); font-size: .85em; }
";

/// Renders a table as an HTML page.
pub fn render(table: &TableData) -> String {
    let footnotes = Footnotes::of(table);
    let caption = escape(&table.caption());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{caption}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{caption}</h1>\n"
    );
    for block in &table.metrics {
        out += &block_table(table, block, &footnotes);
    }
    let notes = notes(table, "bold", "underlined");
    if !notes.is_empty() {
        out += "<h2>Notes</h2>\n<ul>\n";
        for note in notes {
            out += &format!("<li>{}</li>\n", escape(&note));
        }
        out += "</ul>\n";
    }
    if !footnotes.reasons.is_empty() {
        out += "<h2>Not available</h2>\n<ol>\n";
        for (i, reason) in footnotes.reasons.iter().enumerate() {
            out += &format!("<li id=\"reason-{}\">{}</li>\n", i + 1, escape(reason));
        }
        out += "</ol>\n";
    }
    if !table.claims.is_empty() {
        out += "<h2>Claims</h2>\n<ul>\n";
        for result in &table.claims {
            out += &format!("<li>{}</li>\n", escape(&claim(result)));
        }
        out += "</ul>\n";
    }
    out + "</main>\n</body>\n</html>\n"
}

fn block_table(table: &TableData, block: &MetricBlock, footnotes: &Footnotes<'_>) -> String {
    let caption = escape(&heading(block));
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n\
         <caption>{caption}</caption>\n<colgroup></colgroup>\n"
    );
    let scenarios = || table.scenarios.iter().filter(|scenario| !scenario.columns.is_empty());
    for scenario in scenarios() {
        out += &format!("<colgroup span=\"{}\"></colgroup>\n", scenario.columns.len());
    }
    out += "<thead>\n<tr><td rowspan=\"2\"></td>";
    for scenario in scenarios() {
        let (span, name) = (scenario.columns.len(), escape(&scenario.name));
        out += &format!("<th scope=\"colgroup\" colspan=\"{span}\">{name}</th>");
    }
    out += "</tr>\n<tr>";
    for (_, column) in table.columns() {
        out += &format!("<th scope=\"col\">{}</th>", escape(&column.label));
    }
    out += "</tr>\n</thead>\n<tbody>\n";
    for row in &block.rows {
        out += &format!("<tr><th scope=\"row\">{}</th>", escape(&row.label));
        for cell in &row.cells {
            out += &format!("<td>{}</td>", print(cell, footnotes));
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table>\n</div>\n"
}

fn print(cell: &Cell, footnotes: &Footnotes<'_>) -> String {
    let value = match (cell.value.map(percent), cell.mark) {
        (None, _) => {
            let n = footnotes.number(cell);
            format!("n/a<sup><a href=\"#reason-{n}\">{n}</a></sup>")
        }
        (Some(value), Some(Mark::Best)) => format!("<strong>{value}</strong>"),
        (Some(value), Some(Mark::Second)) => format!("<span class=\"second\">{value}</span>"),
        (Some(value), None) => value,
    };
    let certainty = certainty(cell);
    let value = match certainty.as_str() {
        "" => value,
        certainty => format!("{value}<span class=\"certainty\">{certainty}</span>"),
    };
    match cell.reference {
        Some(reference) => {
            format!("{value} <span class=\"published\">({})</span>", percent(reference))
        }
        None => value,
    }
}

/// Text in which no character is markup.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_markup() {
        assert_eq!(escape("<b a=\"1\"> & c"), "&lt;b a=&quot;1&quot;&gt; &amp; c");
    }
}

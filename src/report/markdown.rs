//! The table as Markdown: one table per metric and scenario.

use std::ops::Range;

use super::cost;
use super::separability;
use super::table::{Cell, Mark, MetricBlock, RowCost, RowData, SeparabilityRow, TableData};
use super::text::{Footnotes, by_sentence, certainty, claim, heading, notes, percent, quoted};
use proofmark_text::show::prose;

/// Renders a table as Markdown.
pub fn render(table: &TableData) -> String {
    let footnotes = Footnotes::of(table);
    let mut out = format!("# {}\n", escape(&table.caption()));
    for block in &table.metrics {
        out += &format!("\n## {}\n", escape(&heading(block)));
        let mut first = 0;
        for scenario in &table.scenarios {
            let columns = first..first + scenario.columns.len();
            first = columns.end;
            let mut head = vec![escape(&scenario.name)];
            head.extend(scenario.columns.iter().map(|column| escape(&column.label)));
            out.push('\n');
            out += &grid(&head, &body(block, columns, &footnotes));
        }
    }
    let notes = notes(table, "bold", "in italics");
    if !notes.is_empty() || !footnotes.reasons.is_empty() {
        out += "\n";
    }
    for note in notes {
        out += &format!("- {}\n", escape(&note));
    }
    for (i, reason) in footnotes.reasons.iter().enumerate() {
        out += &format!("- <sup>{}</sup> n/a: {}\n", i + 1, escape(reason));
    }
    out += &apart(table);
    out += &costs(table);
    if !table.claims.is_empty() {
        out += "\n## Claims\n\n";
        for (sentence, claims) in by_sentence(table) {
            let indent = sentence.map_or("", |sentence| {
                out += &format!("- {}\n", escape(&quoted(sentence)));
                "  "
            });
            for result in claims {
                out += &format!("{indent}- {}\n", escape(&claim(result)));
            }
        }
    }
    out
}

/// What a face costs.
fn costs(table: &TableData) -> String {
    if table.costs.is_empty() {
        return String::new();
    }
    let head: Vec<String> = ["Row"].iter().chain(&cost::HEADS).map(ToString::to_string).collect();
    let line = |row: &RowCost| {
        std::iter::once(escape(&row.label)).chain(cost::cells(row)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = table.costs.iter().map(line).collect();
    format!("\n## {}\n\n{}\n- {}\n", cost::HEADING, grid(&head, &rows), escape(cost::NOTE))
}

/// How far embeddings lie apart.
fn apart(table: &TableData) -> String {
    if table.separability.is_empty() {
        return String::new();
    }
    let mut out = format!("\n## {}\n", separability::HEADING);
    for block in &table.separability {
        let head: Vec<String> = std::iter::once(escape(&block.label))
            .chain(separability::heads().map(str::to_owned))
            .collect();
        let line = |row: &SeparabilityRow| {
            std::iter::once(escape(&row.label)).chain(separability::cells(row)).collect()
        };
        let rows: Vec<Vec<String>> = block.rows.iter().map(line).collect();
        out.push('\n');
        out += &grid(&head, &rows);
    }
    out.push('\n');
    for note in separability::notes(table) {
        out += &format!("- {}\n", escape(&note));
    }
    out
}

/// The rows of one scenario.
fn body(block: &MetricBlock, columns: Range<usize>, footnotes: &Footnotes<'_>) -> Vec<Vec<String>> {
    let line = |row: &RowData| {
        let cells = row.cells[columns.clone()].iter().map(|c| print(c, footnotes));
        std::iter::once(escape(&row.label)).chain(cells).collect()
    };
    block.rows.iter().map(line).collect()
}

fn print(cell: &Cell, footnotes: &Footnotes<'_>) -> String {
    let value = match (cell.value.map(percent), cell.mark) {
        (None, _) if cell.seen => "–".to_owned(),
        (None, _) => format!("n/a<sup>{}</sup>", footnotes.number(cell)),
        (Some(value), Some(Mark::Best)) => format!("**{value}**"),
        (Some(value), Some(Mark::Second)) => format!("*{value}*"),
        (Some(value), None) => value,
    };
    let value = value + &certainty(cell);
    match cell.reference {
        Some(reference) => format!("{value} ({})", percent(reference)),
        None => value,
    }
}

/// Widest column to which the others of its row are padded: beyond it nothing is legible.
const PADDED: usize = 200;

/// A pipe table, padded so that the text is legible too.
pub(super) fn grid(head: &[String], rows: &[Vec<String>]) -> String {
    let width = |text: &String| text.chars().count();
    let widths: Vec<usize> = (0..head.len())
        .map(|i| rows.iter().map(|row| width(&row[i])).chain([width(&head[i]), 3]).max())
        .map(|widest| widest.unwrap_or_default().min(PADDED))
        .collect();
    let line = |cells: &[String]| {
        let mut line = format!("| {:<1$} |", cells[0], widths[0]);
        for (cell, width) in cells.iter().zip(&widths).skip(1) {
            line += &format!(" {cell:>width$} |");
        }
        line + "\n"
    };
    let mut out = line(head);
    out += &format!("|:{}|", "-".repeat(widths[0] + 1));
    for width in &widths[1..] {
        out += &format!("{}:|", "-".repeat(width + 1));
    }
    out.push('\n');
    for row in rows {
        out += &line(row);
    }
    out
}

/// Text in which no character is markup.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let characters: Vec<char> = prose(text).chars().collect();
    for (i, &c) in characters.iter().enumerate() {
        let inside_word = || {
            let at = |i: usize| characters.get(i).is_some_and(|c| c.is_alphanumeric());
            i > 0 && at(i - 1) && at(i + 1)
        };
        match c {
            // An underscore inside a word is none.
            '_' if inside_word() => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            // Only an ampersand that could begin an entity is one.
            '&' if characters.get(i + 1).is_some_and(|c| c.is_alphanumeric() || *c == '#') => {
                out += "&amp;";
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Padding goes to 65,535 columns and no further.
    #[test]
    fn a_label_of_any_length_is_printed() {
        let long = "x".repeat(70_000);
        let rows = ["a", &long].map(|label| vec![label.to_owned(), "1".to_owned()]);
        let text = grid(&["".to_owned(), "A".to_owned()], &rows);
        assert!(text.contains(&long));
        let longest = text.lines().filter(|line| !line.contains(&long)).map(str::len).max();
        assert!(longest < Some(300), "{longest:?}");
    }

    #[test]
    fn no_label_is_markup() {
        assert_eq!(escape("a|b *c* <d> & _e_"), r"a\|b \*c\* \<d\> & \_e\_");
        assert_eq!(escape("&lt; &#60;"), r"&amp;lt; &amp;\#60;");
        assert_eq!(escape("FS_avg\nx"), "FS_avg x");
        assert_eq!(escape("\u{1b}[2J\u{202e}"), r"\<U+001B\>\[2J\<U+202E\>");
    }
}

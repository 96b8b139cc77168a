//! The table for a terminal: aligned blocks that fit its width.

use super::lines::{Screen, cut, inset, widest, width, wrap};
use super::separability;
use super::table::{Cell, ColumnHead, Mark, MetricBlock, TableData, Verdict};
use super::text::{Footnotes, by_sentence, certainty, claim, heading, notes, percent, quoted};

/// Widest row label; longer ones are cut.
const LABEL: usize = 40;
/// Widest column head; longer ones are cut.
const HEAD: usize = 24;

/// Renders a table as text; colours add bold, underline and red or green verdicts,
/// but nothing that is not legible without.
pub fn render(table: &TableData, screen: Screen) -> String {
    let footnotes = Footnotes::of(table);
    let style = Style { screen };
    let wrap = |text: &str, indent: &str| wrap(text, indent, screen.width);
    let mut out = wrap(&table.caption(), "");
    for block in &table.metrics {
        out += &format!("\n{}\n", style.paint("1", &heading(block)));
        let mut first = 0;
        for scenario in &table.scenarios {
            out +=
                &scenario_text(block, &scenario.name, &scenario.columns, first, &footnotes, style);
            first += scenario.columns.len();
        }
    }
    out.push('\n');
    for note in notes(table, "marked *", "marked +") {
        out += &wrap(&note, "");
    }
    for (i, reason) in footnotes.reasons.iter().enumerate() {
        out += &wrap(&format!("[{}] {reason}", i + 1), "    ");
    }
    out += &apart(table, style);
    if !table.claims.is_empty() {
        out += &format!("\n{}\n", style.paint("1", "Claims"));
        for (sentence, claims) in by_sentence(table) {
            let by = sentence.map_or(0, |sentence| {
                out += &wrap(&quoted(sentence), "    ");
                4
            });
            for result in claims {
                let code = match result.verdict {
                    Verdict::Holds => "32",
                    Verdict::Contradicted => "31",
                    Verdict::CannotTell => "33",
                };
                let words = result.verdict.words();
                let line = inset(&claim(result), by, screen.width);
                out += &line.replacen(words, &style.paint(code, words), 1);
            }
        }
    }
    out
}

/// How far embeddings lie apart, each data set as columns that are cut by nothing.
fn apart(table: &TableData, style: Style) -> String {
    if table.separability.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", style.paint("1", separability::HEADING));
    for block in &table.separability {
        let mut lines = vec![vec![cut(&block.label, LABEL)]];
        lines[0].extend(separability::heads().map(str::to_owned));
        for row in &block.rows {
            let mut line = vec![cut(&row.label, LABEL)];
            line.extend(separability::cells(row));
            lines.push(line);
        }
        let widths: Vec<usize> =
            (0..lines[0].len()).map(|i| widest(lines.iter().map(|line| &line[i]))).collect();
        out.push('\n');
        for (place, line) in lines.iter().enumerate() {
            let mut text = line[0].clone() + &" ".repeat(widths[0] - width(&line[0]));
            for (cell, wide) in line.iter().zip(&widths).skip(1) {
                text += &format!("  {}{cell}", " ".repeat(wide - width(cell)));
            }
            out += &format!("{}\n", text.trim_end());
            if place == 0 {
                out += &format!("{}\n", "-".repeat(width(&text)));
            }
        }
    }
    out.push('\n');
    for note in separability::notes(table) {
        out += &wrap(&note, "", style.screen.width);
    }
    out
}

/// One scenario of a block, in as many pieces as its columns need.
fn scenario_text(
    block: &MetricBlock,
    name: &str,
    heads: &[ColumnHead],
    first: usize,
    footnotes: &Footnotes<'_>,
    style: Style,
) -> String {
    let labels: Vec<String> = block.rows.iter().map(|row| cut(&row.label, LABEL)).collect();
    let name = cut(name, LABEL);
    let label_width = widest(labels.iter().chain([&name]));
    let mut columns = Vec::new();
    for (i, head) in heads.iter().enumerate() {
        let cells: Vec<&Cell> = block.rows.iter().map(|row| &row.cells[first + i]).collect();
        columns.push(column(&head.label, &cells, footnotes, style));
    }
    let mut out = String::new();
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let mut used = label_width;
        let mut count = 0;
        // A column that is too wide even alone is printed all the same.
        while count < rest.len()
            && (count == 0 || used + 2 + rest[count].width <= style.screen.width)
        {
            used += 2 + rest[count].width;
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        rest = later;
        let line = |label: &str, texts: &mut dyn Iterator<Item = &String>| {
            let mut line = format!("{label:<label_width$}");
            for text in texts {
                line += "  ";
                line += text;
            }
            line.trim_end().to_owned() + "\n"
        };
        out.push('\n');
        out += &line(&name, &mut now.iter().map(|column| &column.head));
        out += &"-".repeat(used);
        out.push('\n');
        for (row, label) in labels.iter().enumerate() {
            out += &line(label, &mut now.iter().map(|column| &column.cells[row]));
        }
    }
    out
}

/// A column as text, every line padded to its width.
struct TextColumn {
    width: usize,
    head: String,
    cells: Vec<String>,
}

/// Aligns a column: numbers by their decimals, then published numbers by theirs.
fn column(head: &str, cells: &[&Cell], footnotes: &Footnotes<'_>, style: Style) -> TextColumn {
    let head = cut(head, HEAD);
    let tested = cells.iter().any(|cell| cell.significant);
    let parts: Vec<(String, String)> =
        cells.iter().map(|cell| print(cell, footnotes, tested)).collect();
    let ours = widest(parts.iter().map(|(ours, _)| ours));
    let published = widest(parts.iter().map(|(_, published)| published));
    let width = (ours + published).max(width(&head));
    let fill = width - ours - published;
    let lines = cells.iter().zip(&parts).map(|(cell, (value, reference))| {
        let indent = " ".repeat(fill + ours - self::width(value));
        format!("{indent}{}{reference:>published$}", style.cell(cell, value))
    });
    TextColumn { width, head: format!("{head:>width$}"), cells: lines.collect() }
}

/// Our number, and what follows it: certainty and the published number; without colour. A
/// mark follows the number, and in a column with daggers a dagger or its place, so that
/// decimals stay aligned.
fn print(cell: &Cell, footnotes: &Footnotes<'_>, tested: bool) -> (String, String) {
    let mut value = match (cell.value.map(percent), cell.mark) {
        (None, _) if cell.seen => "– ".to_owned(),
        (None, _) => format!("n/a [{}]", footnotes.number(cell)),
        (Some(value), Some(Mark::Best)) => format!("{value}*"),
        (Some(value), Some(Mark::Second)) => format!("{value}+"),
        (Some(value), None) => format!("{value} "),
    };
    let published = cell.reference.map(|value| format!(" ({})", percent(value)));
    let certainty = certainty(cell);
    let interval = certainty.trim_start_matches('†');
    if tested {
        value.push(if cell.significant { '†' } else { ' ' });
    }
    (value, interval.to_owned() + &published.unwrap_or_default())
}

/// Escape sequences, or none.
#[derive(Clone, Copy)]
struct Style {
    screen: Screen,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.screen.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Paints the number of a cell as its mark says.
    fn cell(self, cell: &Cell, text: &str) -> String {
        let code = match cell.mark {
            Some(Mark::Best) => "1",
            Some(Mark::Second) => "4",
            None => return text.to_owned(),
        };
        let number = text.trim_end_matches(['*', '+', '†', ' ']);
        format!("{}{}", self.paint(code, number), &text[number.len()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn many_columns_go_on_below_and_every_line_fits() {
        let mut table = fixture::table();
        table.references.clear();
        let scenario = &mut table.scenarios[0];
        let head = scenario.columns[0].clone();
        scenario.columns.extend(std::iter::repeat_n(head, 30));
        for row in table.metrics.iter_mut().flat_map(|block| &mut block.rows) {
            let cell = row.cells[0].clone();
            row.cells.splice(3..3, std::iter::repeat_n(cell, 30));
        }
        table.metrics[0].rows[0].label =
            "a label that is much longer than any label should be".into();
        for limit in [80, 100, 180] {
            let text = render(&table, Screen { width: limit, color: false });
            let widest = text.lines().map(width).max().unwrap();
            assert!(widest <= limit && widest + 30 > limit, "{widest}:\n{text}");
            assert_eq!(text.matches("FF++").count(), 2 * 31);
            assert!(text.contains("a label that is much longer than any la…"), "{text}");
        }
    }

    #[test]
    fn colour_only_adds_escape_sequences() {
        let table = fixture::table();
        let (plain, coloured) = (
            render(&table, Screen::PLAIN),
            render(&table, Screen { color: true, ..Screen::PLAIN }),
        );
        assert_ne!(plain, coloured);
        let mut stripped = coloured;
        for code in ["0", "1", "4", "31", "32", "33"] {
            stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(stripped, plain);
    }

    #[test]
    fn labels_cannot_command_the_terminal() {
        let mut table = fixture::table();
        table.title = "title\u{1b}[2J".into();
        table.metrics[0].rows[0].label = "row\u{1b}[2J".into();
        assert!(!render(&table, Screen::PLAIN).contains('\u{1b}'));
    }
}

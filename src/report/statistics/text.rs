//! Statistics for a terminal: aligned blocks that fit its width.

use super::cells::{Style, cell};
use super::columns::{Group, groups, rows};
use super::notes::{legend, lines};
use crate::lines::{Screen, cut, widest, width, wrap};
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{SetTable, Survey};

/// Widest title of a data set; longer ones are cut.
const LABEL: usize = 30;
/// Space between columns, and between groups of them.
const GAPS: (&str, &str) = ("  ", "   ");

const STYLE: Style = Style {
    unknown: "–",
    same: " =",
    differs: |found, published| format!("{found} of {published}"),
};

/// Renders all tables and notes.
pub fn render(survey: &Survey, screen: Screen) -> String {
    let wrap = |text: &str, indent: &str| wrap(text, indent, screen.width);
    let mut out = String::new();
    for table in &survey.tables {
        out += &blocks(table, screen);
        out.push('\n');
    }
    let tables: Vec<&SetTable> = survey.tables.iter().collect();
    for line in legend(&tables, "=", STYLE.unknown) {
        out += &wrap(&line, "");
    }
    if !survey.notes.is_empty() {
        out += "\nNotes\n";
    }
    for line in lines(&survey.notes) {
        out += &wrap(&format!("- {line}"), "  ");
    }
    out
}

/// Renders one table with what its marks mean.
pub fn table(table: &SetTable, screen: Screen) -> String {
    let legend = legend(&[table], "=", STYLE.unknown);
    blocks(table, screen)
        + &legend.iter().map(|line| wrap(line, "", screen.width)).collect::<String>()
}

/// The caption, the blocks and the notes of a table.
fn blocks(table: &SetTable, screen: Screen) -> String {
    let wrap = |text: &str, indent: &str| wrap(text, indent, screen.width);
    let (rows, total) = rows(table);
    let mut out = wrap(&table.caption(), "");
    let labels: Vec<String> =
        rows.iter().copied().chain(&total).map(|row| cut(&row.title, LABEL)).collect();
    let label = widest(labels.iter());
    let groups = groups(table);
    let columns: Vec<GroupText> =
        groups.iter().map(|group| group_text(group, rows.iter().copied().chain(&total))).collect();
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let (mut used, mut count) = (label, 0);
        // A group that is too wide even alone is printed all the same.
        while count < rest.len() && (count == 0 || used + 3 + rest[count].width <= screen.width) {
            used += GAPS.1.len() + rest[count].width;
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        rest = later;
        let line = |label_text: &str, of: &dyn Fn(&GroupText) -> String| {
            let groups: Vec<String> = now.iter().map(of).collect();
            let line = format!("{label_text:<label$}{}{}", GAPS.1, groups.join(GAPS.1));
            line.trim_end().to_owned() + "\n"
        };
        let rule = "-".repeat(used) + "\n";
        out.push('\n');
        out += &line("", &|group| format!("{:<1$}", group.head, group.width));
        out += &line("", &|group| group.heads.clone());
        out += &rule;
        for (i, text) in labels.iter().enumerate() {
            if i > 0 && i == rows.len() {
                out += &rule;
            }
            out += &line(text, &|group| group.lines[i].clone());
        }
    }
    if !table.notes.is_empty() {
        out.push('\n');
    }
    for note in &table.notes {
        out += &wrap(note, "  ");
    }
    out
}

/// A group as text, every line padded to its width.
struct GroupText {
    width: usize,
    head: &'static str,
    heads: String,
    lines: Vec<String>,
}

fn group_text<'a>(group: &Group, rows: impl Iterator<Item = &'a SurveyRow>) -> GroupText {
    let cells: Vec<Vec<String>> =
        rows.map(|row| group.columns.iter().map(|c| cell(row, c, &STYLE)).collect()).collect();
    let mut widths: Vec<usize> = (group.columns.iter().enumerate())
        .map(|(i, column)| widest(cells.iter().map(|row| &row[i])).max(width(column.head)))
        .collect();
    let gaps = GAPS.0.len() * (widths.len() - 1);
    // A long head makes the first column wider.
    widths[0] += width(group.head).saturating_sub(widths.iter().sum::<usize>() + gaps);
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            texts.zip(&widths).map(|(text, width)| format!("{text:>width$}")).collect();
        padded.join(GAPS.0)
    };
    GroupText {
        width: widths.iter().sum::<usize>() + gaps,
        head: group.head,
        heads: line(&mut group.columns.iter().map(|column| column.head)),
        lines: cells.iter().map(|row| line(&mut row.iter().map(String::as_str))).collect(),
    }
}

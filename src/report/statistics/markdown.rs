//! Statistics as Markdown: one pipe table each, notes as a list.

use super::cells::{Style, cell};
use super::columns::{Column, Group, groups, rows};
use super::notes::{legend, lines};
use crate::markdown::{escape, grid};
use proofmark_data::statistics::SurveyRow;
use proofmark_data::survey::{SetTable, Survey};

const STYLE: Style = Style {
    unknown: "–",
    same: " =",
    differs: |found, published| format!("**{found}** of {published}"),
};

/// Renders all tables and notes.
pub fn render(survey: &Survey) -> String {
    let mut out = String::from("# Data sets\n");
    for table in &survey.tables {
        out += &format!("\n## {}\n\n", escape(&table.caption()));
        let groups = groups(table);
        let columns: Vec<&Column> =
            groups.iter().flat_map(|group: &Group| &group.columns).collect();
        let mut head = vec!["Data set".to_owned()];
        head.extend(columns.iter().map(|column| column.alone.to_owned()));
        let line = |row: &SurveyRow| -> Vec<String> {
            let cells = columns.iter().map(|column| cell(row, column, &STYLE));
            std::iter::once(escape(&row.title)).chain(cells).collect()
        };
        let (rows, total) = rows(table);
        let lines: Vec<Vec<String>> = rows.into_iter().chain(&total).map(line).collect();
        out += &grid(&head, &lines);
        for note in &table.notes {
            out += &format!("\n{}\n", escape(note));
        }
    }
    out.push('\n');
    let tables: Vec<&SetTable> = survey.tables.iter().collect();
    for line in legend(&tables, "=", STYLE.unknown) {
        out += &format!("- {}\n", escape(&line));
    }
    if !survey.notes.is_empty() {
        out += "\n## Notes\n\n";
    }
    for line in lines(&survey.notes) {
        out += &format!("- {}\n", escape(&line));
    }
    out
}

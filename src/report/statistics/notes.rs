//! What stands below tables of statistics, alike in all formats.

use std::collections::BTreeMap;

use super::cells::is_short;
use super::columns::{groups, rows};
use proofmark_data::statistics::{Count, CountKind};
use proofmark_data::survey::{Note, SetTable};

/// What abbreviations and marks mean, as far as the tables have them. `same` is the mark of a
/// number that is as published, `unknown` that of one that is not known.
pub(super) fn legend(tables: &[&SetTable], same: &str, unknown: &str) -> Vec<String> {
    let (mut families, mut published, mut lacking, mut short) = (false, false, false, false);
    for table in tables {
        let groups = groups(table);
        let columns = || groups.iter().flat_map(|group| &group.columns);
        families |= columns().any(|column| column.measure == CountKind::FaceSwaps);
        let (rows, total) = rows(table);
        for row in rows.into_iter().chain(&total) {
            for column in columns() {
                let measures = std::iter::once(column.measure).chain(column.beside);
                for Count { found, published: told, .. } in measures.map(|m| row.count(m)) {
                    published |= told.is_some();
                    lacking |= found.is_none();
                }
                short |= is_short(row, column);
            }
        }
    }
    let mut legend = Vec::new();
    if families {
        legend.push("FS: face swaps. RE: reenactments.".to_owned());
    }
    if published {
        legend.push(format!("{same}: as published. a of b: a found, b published."));
    }
    if lacking {
        legend.push(format!("{unknown}: not known."));
    }
    if short {
        legend.push("K: thousands, rounded; CSV and JSON have the exact numbers.".to_owned());
    }
    legend
}

/// Notes as lines, those that say the same of several data sets as one.
pub(super) fn lines<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Vec<String> {
    let mut merged: Vec<(Vec<&str>, &Note)> = Vec::new();
    let mut places = BTreeMap::new();
    for note in notes {
        let place = *places.entry((note.about, &note.text)).or_insert_with(|| {
            merged.push((Vec::new(), note));
            merged.len() - 1
        });
        merged[place].0.push(&note.title);
    }
    let line = |(titles, note): (Vec<&str>, &Note)| {
        let text: Vec<&str> = note.text.lines().map(str::trim).collect();
        format!("{}: {}", titles.join(", "), text.join("; "))
    };
    merged.into_iter().map(line).collect()
}

/// The notes on the data sets of a table.
pub(super) fn of_table<'a>(table: &SetTable, notes: &'a [Note]) -> Vec<&'a Note> {
    let has = |note: &&Note| table.rows.iter().any(|r| r.dataset.as_ref() == Some(&note.dataset));
    notes.iter().filter(has).collect()
}

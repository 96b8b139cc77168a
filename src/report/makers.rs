//! Rows whose numbers were made with unlike processors, builds or programs.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use proofmark_base::provenance::Provenance;
use proofmark_lang::model::Table;

/// That rows were not all made with what decides bits alike, if so.
pub fn unlike(table: &Table, evidence: &Evidence) -> Option<String> {
    // A row may be trained on a card and scored on a CPU; it is like another that was, too.
    let mut rows: BTreeMap<BTreeSet<Provenance>, Vec<&str>> = BTreeMap::new();
    for row in &table.rows {
        let makers = row.experiments().filter_map(|name| evidence.makers.get(name)).flatten();
        let with: BTreeSet<Provenance> = makers.map(Provenance::deciding).collect();
        if !with.is_empty() {
            rows.entry(with).or_default().push(&row.label);
        }
    }
    if rows.len() < 2 {
        return None;
    }
    let made = rows.iter().map(|(with, rows)| {
        let with: Vec<String> = with.iter().map(ToString::to_string).collect();
        format!("{} on {}", rows.join(", "), with.join(" and "))
    });
    let made: Vec<String> = made.collect();
    Some(format!(
        "Rows were not all made on the same kind of machine; numbers that are close may differ for \
         that alone: {}.",
        made.join("; ")
    ))
}

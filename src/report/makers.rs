//! Rows whose numbers were made with unlike processors, builds or programs.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Evidence;
use proofmark_base::provenance::Provenance;
use proofmark_lang::model::Table;

/// That rows were not all made with what decides bits alike, if so.
pub fn unlike(table: &Table, evidence: &Evidence) -> Option<String> {
    let mut rows: BTreeMap<Provenance, BTreeSet<&str>> = BTreeMap::new();
    for row in &table.rows {
        for with in row.experiments().filter_map(|name| evidence.makers.get(name)).flatten() {
            rows.entry(with.deciding()).or_default().insert(&row.label.value);
        }
    }
    if rows.len() < 2 {
        return None;
    }
    let made = rows.iter().map(|(with, rows)| {
        let rows: Vec<&str> = rows.iter().copied().collect();
        format!("{} on {with}", rows.join(", "))
    });
    let made: Vec<String> = made.collect();
    Some(format!(
        "Rows were not all made on the same kind of machine; numbers that are close may differ for \
         that alone: {}.",
        made.join("; ")
    ))
}

//! The audit of published numbers: every average that is printed beside its cells is computed
//! again from them.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::{Published, PublishedValue};
use super::table::{ColumnKind, ScenarioHead};
use super::text::percent;

/// What came of the averages of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// Averages that could be computed again.
    pub averages: usize,
    /// Those among them that do not follow from their cells, whatever the rounding.
    pub wrong: Vec<Wrong>,
}

/// A printed average that is not that of its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// Where it stands.
    pub printed: PublishedValue,
    /// What the cells give, as a fraction.
    pub recomputed: f64,
}

/// Computes every published average of these columns again.
///
/// A cell is off by half a unit of its last digit at most, so the mean of cells is, too, and so
/// is the printed average: they agree if they differ by one unit at most. An average over
/// manipulations whose own cells are not printed is computed from averages over parts of them,
/// each weighted by how many it stands for.
pub fn audit(scenarios: &[ScenarioHead], published: &Published) -> Audit {
    let mut audit = Audit::default();
    let beside =
        |value: &'_ PublishedValue| (value.metric, value.row.clone(), value.scenario.clone());
    let mut rows: BTreeMap<_, Vec<&PublishedValue>> = BTreeMap::new();
    for value in &published.values {
        rows.entry(beside(value)).or_default().push(value);
    }
    for printed in &published.values {
        let scenario = scenarios.iter().find(|s| s.name == printed.scenario);
        let Some(scenario) = scenario else { continue };
        let column = scenario.columns.iter().find(|c| c.label == printed.column);
        let Some(ColumnKind::Average { over }) = column.map(|c| &c.kind) else { continue };
        let over: BTreeSet<&str> = over.iter().map(String::as_str).collect();
        let Some(recomputed) = mean(&over, scenario, &rows[&beside(printed)]) else { continue };
        audit.averages += 1;
        // The margin is for the arithmetic, not for the paper.
        if (recomputed - printed.value).abs() > published.step * (1.0 + 1e-6) {
            audit.wrong.push(Wrong { printed: printed.clone(), recomputed });
        }
    }
    audit
}

/// The mean over some keys, from the published cells of a row, in one metric and scenario.
fn mean(over: &BTreeSet<&str>, scenario: &ScenarioHead, row: &[&PublishedValue]) -> Option<f64> {
    let mut parts: Vec<(BTreeSet<&str>, f64)> = row
        .iter()
        .filter_map(|value| {
            let column = scenario.columns.iter().find(|c| c.label == value.column)?;
            let keys = match &column.kind {
                ColumnKind::Average { over } => over.iter().map(String::as_str).collect(),
                ColumnKind::Dataset { .. }
                | ColumnKind::Manipulation { .. }
                | ColumnKind::Value { .. }
                | ColumnKind::Gap { .. }
                | ColumnKind::Corrupted { .. } => BTreeSet::from([column.key.as_str()]),
            };
            Some((keys, value.value))
        })
        .filter(|(keys, _)| keys.len() < over.len() && keys.is_subset(over))
        .collect();
    // Cells come before averages of cells.
    parts.sort_by_key(|(keys, _)| keys.len());
    let mut covered = BTreeSet::new();
    let mut sum = 0.0;
    for (keys, value) in parts {
        if keys.is_disjoint(&covered) {
            sum += keys.len() as f64 * value;
            covered.extend(keys);
        }
    }
    (covered == *over).then(|| sum / over.len() as f64)
}

impl Audit {
    /// What came of it, in a sentence; none if there was nothing to compute.
    pub fn sentence(&self, name: &str) -> Option<String> {
        if self.averages == 0 {
            return None;
        }
        let right = self.averages - self.wrong.len();
        let mut text = format!(
            "Of the averages published by \"{name}\", {right} of {} follow from their cells within \
             rounding.",
            self.averages
        );
        for Wrong { printed, recomputed } in &self.wrong {
            text += &format!(
                " {} of {}, {}, {}: printed {}, the cells give {}.",
                printed.metric.word,
                printed.row,
                printed.scenario,
                printed.column,
                percent(printed.value),
                percent(*recomputed)
            );
        }
        Some(text)
    }
}

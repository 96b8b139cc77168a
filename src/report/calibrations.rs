//! Which rows are calibrated, how, and on what.

use super::evidence::Evidence;
use proofmark_lang::model::{Placed, Row, Table};

/// A sentence for each row, or each of its seeds, whose scores are calibrated.
pub(super) fn notes(table: &Table, evidence: &Evidence) -> Vec<String> {
    let seeds = table.rows.iter().flat_map(|row| row.experiments().map(move |name| (row, name)));
    let sentence = |(row, name): (&Placed<Row>, &str)| {
        let fitted = evidence.calibrations.get(name)?;
        let of = if row.repeats.is_empty() { String::new() } else { format!(" ({name})") };
        Some(format!(
            "Scores of {}{of} are calibrated by {}, fitted on {} real and {} fake validation faces \
             of {}.",
            row.label,
            fitted.calibrator.words(),
            fitted.reals,
            fitted.fakes,
            fitted.datasets.join(", ")
        ))
    };
    seeds.filter_map(sentence).collect()
}

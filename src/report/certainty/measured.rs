//! What is computed for the rows of a block, and means within draws.

use proofmark_metrics::Measure;

/// What is computed for each row of a block and each of its seeds; none without a
/// threshold.
pub(crate) type Measures = Vec<Vec<Option<Measured>>>;

/// A metric of one seed of a row.
pub(crate) struct Measured {
    /// Which one.
    pub measure: Measure,
    /// Its value on each unit of the plan; none where it is undefined.
    pub values: Vec<Option<f64>>,
}

/// The mean of several within each draw.
pub(super) fn mean<D: AsRef<[f64]>>(parts: &[D]) -> Vec<f64> {
    let draws = parts.first().map_or(0, |part| part.as_ref().len());
    let sum = |draw: usize| parts.iter().map(|part| part.as_ref()[draw]).sum::<f64>();
    (0..draws).map(|draw| sum(draw) / parts.len() as f64).collect()
}

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

/// The largest of several values less the smallest.
pub(crate) fn spread(values: &[f64]) -> f64 {
    // A value that is none makes none of the whole.
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    let fold = |(low, high): (f64, f64), value: &f64| (low.min(*value), high.max(*value));
    let (low, high) = values.iter().fold((low, high), fold);
    high - low
}

/// The same within each draw.
pub(super) fn spreads<D: AsRef<[f64]>>(parts: &[D]) -> Vec<f64> {
    let draws = parts.first().map_or(0, |part| part.as_ref().len());
    let of = |draw: usize| parts.iter().map(|part| part.as_ref()[draw]).collect::<Vec<_>>();
    (0..draws).map(|draw| spread(&of(draw))).collect()
}

/// The mean of several within each draw.
pub(super) fn mean<D: AsRef<[f64]>>(parts: &[D]) -> Vec<f64> {
    let draws = parts.first().map_or(0, |part| part.as_ref().len());
    let sum = |draw: usize| parts.iter().map(|part| part.as_ref()[draw]).sum::<f64>();
    (0..draws).map(|draw| sum(draw) / parts.len() as f64).collect()
}

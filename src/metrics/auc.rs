//! Area under the ROC curve.

use super::curve;
use super::metric::{Definition, Metric};
use super::replica::Resampled;

/// The probability that a fake scores above a real, a tie counting one half (Mann-Whitney).
pub const AUC: Metric = Metric(&Definition {
    word: "auc",
    doc: "area under the ROC curve, ties averaged",
    method: "the probability that a fake scores above a real, a tie counting one half",
    label: |_| "AUC".to_owned(),
    needs: None,
    range: [0.0, 1.0],
    lower_is_better: false,
    needs_both_classes: true,
    value: |ranking, _| Ok(curve::area(ranking.curve(), ranking.both_classes()?)),
    varies: |ranking, _| ranking.has_two_scores(),
    resampled: |items, _| Resampled::area(items),
});

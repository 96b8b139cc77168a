//! Accuracy.

use super::metric::{Definition, Metric, Needed, Number};
use super::ranking::Calls;
use super::replica::Resampled;

/// Share of rows called by their right name; a score at the threshold is called fake. One class is
/// enough.
pub const ACCURACY: Metric = Metric(&Definition {
    word: "accuracy",
    doc: "accuracy at the threshold",
    method: "the share called by its right name at the threshold",
    label: |_| "accuracy".to_owned(),
    needs: Some(Needed {
        number: Number::Threshold,
        doc: "A score at the threshold is called fake.",
    }),
    range: [0.0, 1.0],
    lower_is_better: false,
    needs_both_classes: false,
    value: |ranking, threshold| Ok(share(ranking.calls(threshold)?)),
    varies: |ranking, threshold| ranking.calls_both_names(threshold),
    resampled: |items, threshold| Resampled::calls(items, threshold, share),
});

fn share(calls: Calls) -> f64 {
    (calls.right_fakes + calls.right_reals) as f64 / (calls.fakes + calls.reals) as f64
}

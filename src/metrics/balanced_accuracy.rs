//! Balanced accuracy.

use super::metric::{Definition, Metric, Needed, Number};
use super::ranking::Calls;
use super::replica::Resampled;

/// Mean of sensitivity and specificity; a score at the threshold is called fake.
pub const BALANCED_ACCURACY: Metric = Metric(&Definition {
    word: "balanced-accuracy",
    doc: "mean of sensitivity and specificity at the threshold",
    method: "the mean of sensitivity and specificity at the threshold",
    label: |_| "balanced accuracy".to_owned(),
    needs: Some(Needed {
        number: Number::Threshold,
        doc: "A score at the threshold is called fake.",
    }),
    range: [0.0, 1.0],
    lower_is_better: false,
    needs_both_classes: true,
    value: |ranking, threshold| {
        ranking.both_classes()?;
        Ok(mean(ranking.calls(threshold)?))
    },
    varies: |ranking, threshold| ranking.calls_both_names(threshold),
    resampled: |items, threshold| Resampled::calls(items, threshold, mean),
});

fn mean(calls: Calls) -> f64 {
    let sensitivity = calls.right_fakes as f64 / calls.fakes as f64;
    let specificity = calls.right_reals as f64 / calls.reals as f64;
    (sensitivity + specificity) / 2.0
}

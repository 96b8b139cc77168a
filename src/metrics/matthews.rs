//! Matthews correlation.

use super::metric::{Definition, Metric, Needed, Number};
use super::ranking::Calls;
use super::replica::Resampled;

/// The correlation of what a sample is with what it is called (Matthews 1975); a score at the threshold
/// is called fake. From -1 to 1, and 0 where all are called by one name, as scikit-learn has it.
pub const MATTHEWS: Metric = Metric(&Definition {
    word: "matthews",
    doc: "Matthews correlation of label and call at the threshold, from -1 to 1",
    method: "the correlation of what a sample is with what it is called at the threshold; 0 where all are \
             called by one name",
    label: |_| "Matthews correlation".to_owned(),
    needs: Some(Needed {
        number: Number::Threshold,
        doc: "A score at the threshold is called fake.",
    }),
    range: [-1.0, 1.0],
    lower_is_better: false,
    needs_both_classes: true,
    value: |ranking, threshold| {
        ranking.both_classes()?;
        Ok(correlation(ranking.calls(threshold)?))
    },
    varies: |ranking, threshold| ranking.calls_both_names(threshold),
    resampled: |items, threshold| Resampled::calls(items, threshold, correlation),
});

fn correlation(calls: Calls) -> f64 {
    let Calls { reals, fakes, right_reals, right_fakes } = calls;
    if reals == 0 || fakes == 0 {
        return f64::NAN;
    }
    let called_fake = right_fakes + reals - right_reals;
    let called_real = reals + fakes - called_fake;
    let all = [reals, fakes, called_real, called_fake].map(|count| count as f64);
    let scale = all.iter().product::<f64>().sqrt();
    if scale == 0.0 {
        return 0.0;
    }
    let right = right_reals as f64 * right_fakes as f64;
    let wrong = (reals - right_reals) as f64 * (fakes - right_fakes) as f64;
    (right - wrong) / scale
}

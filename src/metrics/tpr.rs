//! True-positive rate at a false-positive rate.

use super::curve::Point;
use super::metric::{Definition, Metric, Needed, Number};
use super::replica::Resampled;

/// The highest true-positive rate of a threshold whose false-positive rate is at most the one that is
/// allowed. Nothing is interpolated: some threshold attains it.
pub const TPR: Metric = Metric(&Definition {
    word: "tpr",
    doc: "highest true-positive rate of a threshold whose false-positive rate is at most `fpr`",
    method: "the highest TPR of a threshold whose FPR is at most the one that is allowed",
    label: |fpr| match fpr {
        Some(fpr) => format!("TPR at {} % FPR", (fpr * 1e8).round() / 1e6),
        None => "TPR".to_owned(),
    },
    needs: Some(Needed {
        number: Number::Fpr,
        doc: "Nothing is interpolated: some threshold attains it.",
    }),
    range: [0.0, 1.0],
    lower_is_better: false,
    needs_both_classes: true,
    value: |ranking, fpr| Ok(rate(&mut ranking.curve(), ranking.both_classes()?, fpr)),
    varies: |ranking, _| ranking.has_two_scores(),
    resampled: |items, fpr| Resampled::curve(items, rate, fpr),
});

fn rate(curve: &mut dyn Iterator<Item = Point>, total: Point, fpr: f64) -> f64 {
    let allowed = curve.take_while(|point| point.reals as f64 / total.reals as f64 <= fpr);
    allowed.last().unwrap_or_default().fakes as f64 / total.fakes as f64
}

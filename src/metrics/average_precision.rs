//! Average precision.

use super::curve::{CompensatedSum, Point};
use super::metric::{Definition, Metric};
use super::replica::Resampled;

/// Precision at each distinct score, weighted by the recall it adds, as scikit-learn defines it.
pub const AVERAGE_PRECISION: Metric = Metric(&Definition {
    word: "average-precision",
    doc: "average precision",
    method: "precision at each distinct score, weighted by the recall it adds",
    label: |_| "average precision".to_owned(),
    needs: None,
    range: [0.0, 1.0],
    lower_is_better: false,
    needs_both_classes: true,
    value: |ranking, _| Ok(precision(&mut ranking.curve(), ranking.both_classes()?, 0.0)),
    varies: |ranking, _| ranking.has_two_scores(),
    resampled: |items, _| Resampled::curve(items, precision, 0.0),
});

fn precision(curve: &mut dyn Iterator<Item = Point>, total: Point, _: f64) -> f64 {
    let mut sum = CompensatedSum::default();
    let mut last = 0;
    for Point { reals, fakes } in curve {
        if fakes > last {
            sum.add((fakes - last) as f64 * (fakes as f64 / (fakes + reals) as f64));
        }
        last = fakes;
    }
    sum.value() / total.fakes as f64
}

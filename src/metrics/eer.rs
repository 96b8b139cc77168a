//! Equal error rate.

use super::curve::Point;
use super::metric::{Definition, Metric};
use super::replica::Resampled;

/// The root of `1 - x - TPR(x)` on the ROC, linear between its points, as FSFM evaluates it.
pub const EER: Metric = Metric(&Definition {
    word: "eer",
    doc: "equal error rate",
    method: "where the ROC, linear between its points, crosses TPR = 1 - FPR",
    label: |_| "EER".to_owned(),
    needs: None,
    range: [0.0, 1.0],
    lower_is_better: true,
    needs_both_classes: true,
    value: |ranking, _| Ok(rate(&mut ranking.curve(), ranking.both_classes()?, 0.0)),
    varies: |ranking, _| ranking.has_two_scores(),
    resampled: |items, _| Resampled::curve(items, rate, 0.0),
});

fn rate(curve: &mut dyn Iterator<Item = Point>, total: Point, _: f64) -> f64 {
    let (reals, fakes) = (i128::from(total.reals), i128::from(total.fakes));
    // Distance to the crossing in whole numbers: it falls from one point to the next, is
    // positive at the origin and negative at (1, 1).
    let gap = |p: Point| reals * fakes - i128::from(p.reals) * fakes - i128::from(p.fakes) * reals;
    let mut last = Point::default();
    for point in curve {
        let (before, after) = (gap(last), gap(point));
        if after <= 0 {
            let share = before as f64 / (before - after) as f64;
            let crossing = last.reals as f64 + share * (point.reals - last.reals) as f64;
            return crossing / total.reals as f64;
        }
        last = point;
    }
    unreachable!("the curve ends at (1, 1), beyond the crossing")
}

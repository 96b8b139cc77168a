//! The ROC as counts, and the metrics that are read off it.
//!
//! A curve is one [`Point`] per distinct score, from the highest down, without its
//! origin; it ends with all reals and all fakes. Both classes must be there.

/// Reals and fakes that score at or above a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    /// Reals, called fake by mistake.
    pub reals: u64,
    /// Fakes, called so rightly.
    pub fakes: u64,
}

/// Area under the curve: the probability that a fake scores above a real, a tie counting
/// one half (Mann-Whitney).
pub(super) fn area(curve: impl Iterator<Item = Point>, total: Point) -> f64 {
    // Twice the area in units of one fake by one real is a whole number.
    let mut doubled = 0u128;
    let mut last = Point::default();
    for point in curve {
        doubled += u128::from(point.reals - last.reals) * u128::from(point.fakes + last.fakes);
        last = point;
    }
    doubled as f64 / (2 * u128::from(total.reals) * u128::from(total.fakes)) as f64
}

/// Equal error rate: where the curve, linear between its points, crosses
/// `TPR = 1 - FPR`.
pub(super) fn equal_error_rate(curve: impl Iterator<Item = Point>, total: Point) -> f64 {
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

/// Average precision: precision at each distinct score, weighted by the recall it adds.
pub(super) fn average_precision(curve: impl Iterator<Item = Point>, total: Point) -> f64 {
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

/// The highest true-positive rate of a threshold whose false-positive rate is at most
/// `fpr`. Nothing is interpolated: some threshold attains it.
pub(super) fn true_positives_at(curve: impl Iterator<Item = Point>, total: Point, fpr: f64) -> f64 {
    let allowed = curve.take_while(|point| point.reals as f64 / total.reals as f64 <= fpr);
    allowed.last().unwrap_or_default().fakes as f64 / total.fakes as f64
}

/// A sum whose rounding error does not grow with its length (Neumaier).
#[derive(Default)]
pub(super) struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    pub(super) fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        self.lost +=
            if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        self.sum = sum;
    }

    pub(super) fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

//! The ROC as counts, its area, and sums along it.
//!
//! A curve is one [`Point`] per distinct score, from the highest down, without its
//! origin; it ends with all reals and all fakes. Both classes must be there.

/// Reals and fakes that score at or above a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
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

//! Intervals.

use serde::Serialize;

/// An interval for a metric, as fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Half of its width, for readers who prefer `±`.
    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether a value lies in it, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The values within a distance of a fraction, cut to 0 to 1.
    pub fn around(value: f64, distance: f64) -> Self {
        Self { low: (value - distance).max(0.0), high: (value + distance).min(1.0) }
    }

    /// The middle `level` of the draws of a bootstrap (Efron and Tibshirani 1993, chapter
    /// 13). Quantiles are linear between order statistics, NumPy's default.
    ///
    /// None without draws, where the metric was undefined in any of them, or where they are all
    /// the same: an interval without a width would say that the metric is known exactly.
    pub fn of_draws(draws: &[f64], level: f64) -> Option<Self> {
        if draws.is_empty() || draws.iter().any(|draw| draw.is_nan()) {
            return None;
        }
        let mut sorted = draws.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        if same(sorted[0], sorted[sorted.len() - 1]) {
            return None;
        }
        let tail = (1.0 - level) / 2.0;
        Some(Self { low: quantile(&sorted, tail), high: quantile(&sorted, 1.0 - tail) })
    }
}

/// How far rounding may part two draws of a metric of the same value. A metric is a fraction,
/// and the least change of a video moves it by more.
const ROUNDING: f64 = 1e-12;

/// Whether two draws differ by no more than rounding.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDING
}

/// The quantile of sorted values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

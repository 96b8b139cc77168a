//! What it would take to decide a claim that these data cannot.

use super::asked::Asked;
use super::support::{Measured, support};
use crate::lookup::Pair;

/// The normal quantile of a power of 80 %.
pub(super) const POWER: f64 = 0.841_621_233_572_914_3;

/// Times as many videos as would tell nobody anything.
const MOST: f64 = 10_000.0;

/// How many times as many videos would decide a claim in 80 % of cases, at the differences that
/// were measured and at this level. None where more than ten thousand times as many would not.
pub(super) fn times(
    asked: &Asked<'_>,
    level: f64,
    measured: impl Fn(Pair, usize) -> Option<Measured>,
) -> Option<f64> {
    let decides = |times: f64| {
        let on = |pair, column| measured(pair, column).map(|measured| measured.on(times));
        support(asked, POWER, on).p() < level
    };
    if !decides(MOST) {
        return None;
    }
    let (mut low, mut high) = (0.0, MOST);
    while high / low > 1.001 {
        let middle = if low == 0.0 { high / 2.0 } else { (low * high).sqrt() };
        if decides(middle) {
            high = middle;
        } else {
            low = middle;
        }
        if high < 1e-3 {
            break;
        }
    }
    Some(high)
}

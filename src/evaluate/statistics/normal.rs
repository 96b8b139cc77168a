//! The standard normal distribution.

use proofmark_base::math::exp;
use std::f64::consts::{PI, SQRT_2};

/// From here on the continued fraction of the tail converges well.
const TAIL: f64 = 2.5;
/// Terms of the continued fraction; enough for all digits from [`TAIL`] on.
const TERMS: u32 = 200;

/// P(Z > x).
///
/// Marsaglia, "Evaluating the normal distribution" (2004): a series around zero; in the
/// tail Laplace's continued fraction, which keeps its relative precision.
pub(super) fn above(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - above(-x);
    }
    let density = exp(-x * x / 2.0) / (2.0 * PI).sqrt();
    if x >= TAIL {
        let fraction = (1..=TERMS).rev().fold(x, |rest, k| x + f64::from(k) / rest);
        return density / fraction;
    }
    let (mut sum, mut term, mut k) = (x, x, 1.0);
    while term > sum * f64::EPSILON {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 - density * sum
}

/// The x of P(Z > x) = p, for p in 0 to 0.5: Newton's method from below, where the tail
/// is convex, so that it never overshoots.
pub(super) fn upper_quantile(p: f64) -> f64 {
    assert!(p > 0.0 && p <= 0.5, "an upper tail of {p}");
    let mut x: f64 = 0.0;
    for _ in 0..200 {
        let density = exp(-x * x / 2.0) / (2.0 * PI).sqrt();
        let step = (above(x) - p) / density;
        x += step;
        if step.abs() <= 1e-15 * SQRT_2.max(x) {
            break;
        }
    }
    x
}

//! The standard normal distribution and Student's t.

use std::f64::consts::{PI, SQRT_2};

use proofmark_base::math::{exp, ln, ln_1p};

/// From here on the continued fraction of the tail converges well.
const TAIL: f64 = 2.5;
/// Terms of the continued fraction; enough for all digits from [`TAIL`] on.
const TAIL_TERMS: u32 = 200;

/// P(Z > x).
///
/// Marsaglia, "Evaluating the normal distribution" (2004): a series around zero; in the
/// tail Laplace's continued fraction, which keeps its relative precision.
pub(super) fn normal_above(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - normal_above(-x);
    }
    let density = exp(-x * x / 2.0) / (2.0 * PI).sqrt();
    if x >= TAIL {
        let fraction = (1..=TAIL_TERMS).rev().fold(x, |rest, k| x + f64::from(k) / rest);
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
pub(super) fn normal_quantile(p: f64) -> f64 {
    assert!(p > 0.0 && p <= 0.5, "an upper tail of {p}");
    let mut x: f64 = 0.0;
    for _ in 0..200 {
        let density = exp(-x * x / 2.0) / (2.0 * PI).sqrt();
        let step = (normal_above(x) - p) / density;
        x += step;
        if step.abs() <= 1e-15 * SQRT_2.max(x) {
            break;
        }
    }
    x
}

/// With more degrees of freedom than this the first term of the distribution's distance from the
/// normal one gives twelve digits.
const MANY: f64 = 1e6;
/// Most terms of the continued fraction; it needs about the square root of the larger parameter.
const TERMS: u32 = 100_000;

/// P(|T| > |t|), with any positive number of degrees of freedom.
pub(super) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    if freedom > MANY {
        let (t, density) = (t.abs(), exp(-t * t / 2.0) / (2.0 * PI).sqrt());
        return 2.0 * (normal_above(t) + density * t * (t * t + 1.0) / (4.0 * freedom));
    }
    let square = t * t;
    let (a, x, y) = (freedom / 2.0, freedom / (freedom + square), square / (freedom + square));
    // The beta function of a and one half is sqrt(pi) over the ratio.
    let front = a * ln_1p(-y) + 0.5 * ln(y) + ln_gamma_ratio(a) - 0.5 * ln(PI);
    // The incomplete beta function, on the side where its fraction converges fast (Abramowitz and
    // Stegun 26.5.8).
    match square {
        0.0 => 1.0,
        _ if x > (a + 1.0) / (a + 2.5) => 1.0 - 2.0 * exp(front) * fraction(y, 0.5, a),
        _ => exp(front) * fraction(x, a, 0.5) / a,
    }
}

/// The t of P(|T| > t) = p, for p between 0 and 1: by halving, since the probability falls.
pub(super) fn student_quantile(p: f64, freedom: f64) -> f64 {
    assert!(p > 0.0 && p < 1.0, "a probability of {p}");
    let (mut low, mut high) = (0.0, 1.0);
    while student_two_sided(high, freedom) > p {
        (low, high) = (high, high * 2.0);
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if student_two_sided(middle, freedom) > p { low = middle } else { high = middle }
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..=TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            step *= c * d;
        }
        value *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// ln(gamma(x + 1/2) / gamma(x)) of a positive number, by its series for large ones after moving to
/// where it converges. The difference of two logarithms would lose digits.
fn ln_gamma_ratio(x: f64) -> f64 {
    let (mut x, mut moved) = (x, 0.0);
    while x < 30.0 {
        moved += ln_1p(0.5 / x);
        x += 1.0;
    }
    let square = x * x;
    let series = (-1.0 / 8.0
        + (1.0 / 192.0 - (1.0 / 640.0 - 17.0 / (14336.0 * square)) / square) / square)
        / x;
    0.5 * ln(x) + series - moved
}

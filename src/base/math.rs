//! Elementary functions that give the same bits on every machine.
//!
//! The C library's are other functions on another system, and on one system it chooses among several
//! by what the processor has. These are sums, products and quotients in a stated order, none of them
//! fused; what is rarely needed comes from the `libm` crate, which is the same on every machine too.
//! Clippy refuses the standard library's (`clippy.toml`). Square roots, absolute values, and rounding
//! are exact everywhere and stay.

pub use libm::{cbrtf as cbrt_f32, hypot, hypotf as hypot_f32, log1p as ln_1p, log10, pow};

/// ln 2 in two parts: multiples of the first up to 2^20 are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// pi / 2 in three parts: multiples of the first two up to 2^20 are exact.
const QUARTER: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];

/// 1.5 * 2^52: adding it rounds to the nearest integer, whose last bits are then the number's.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 1 / 0!, 1 / 1!, ..., 1 / N!, as they are rounded one after the other.
const fn factorials<const N: usize>() -> [f64; N] {
    let mut terms = [1.0; N];
    let mut n = 1;
    while n < N {
        terms[n] = terms[n - 1] / n as f64;
        n += 1;
    }
    terms
}

/// e^x within two units in the last place.
#[inline]
pub fn exp(x: f64) -> f64 {
    const TERMS: [f64; 15] = factorials();
    if x.is_nan() {
        return x;
    }
    if x > 709.8 {
        return f64::INFINITY;
    }
    if x < -745.2 {
        return 0.0;
    }
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let mut tail = 0.0;
    for term in TERMS[2..].iter().rev() {
        tail = tail * r + term;
    }
    let value = 1.0 + (r + r * r * tail);
    // In two steps, because 2^n alone may be too small or too large for a number.
    let n = n as i64;
    let half = n / 2;
    let power = |n: i64| f64::from_bits(((1023 + n) as u64) << 52);
    value * power(half) * power(n - half)
}

/// The natural logarithm of x, within two units in the last place; -inf of 0, NaN of less.
#[inline]
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    let (x, less) = if x < f64::MIN_POSITIVE { (x * 2f64.powi(54), 54) } else { (x, 0) };
    // x = 2^e m with m from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits().wrapping_sub(0x3FE6_A09E_667F_3BCD);
    let e = (bits as i64 >> 52) as f64;
    let m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) + 0x3FE6_A09E_667F_3BCD);
    let e = e - f64::from(less);
    // ln (1 + f) = 2 artanh s, s = f / (2 + f), arranged so that f itself is not rounded.
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut series = 0.0;
    for n in (1..12).rev() {
        series = (series + 2.0 / (2 * n + 1) as f64) * z;
    }
    let half = 0.5 * f * f;
    e * LN_2[0] - ((half - (s * (half + series) + e * LN_2[1])) - f)
}

/// Sine and cosine of x (in radians).
#[inline]
pub fn sin_cos(x: f64) -> (f64, f64) {
    // Beyond, multiples of the quarter's parts are not exact.
    if x.abs() > 1e6 || x.is_nan() {
        return libm::sincos(x);
    }
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUND;
    let n = rounded - ROUND;
    let r = ((x - n * QUARTER[0]) - n * QUARTER[1]) - n * QUARTER[2];
    let (sin, cos) = near_zero(r);
    match rounded.to_bits() & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Sine and cosine from -pi / 4 to pi / 4, by their series.
#[inline]
fn near_zero(r: f64) -> (f64, f64) {
    const TERMS: [f64; 20] = factorials();
    let z = r * r;
    let (mut sin, mut cos) = (0.0, 0.0);
    for n in (1..10).rev() {
        sin = TERMS[2 * n + 1] - z * sin;
        cos = TERMS[2 * n] - z * cos;
    }
    (r - r * z * sin, 1.0 - z * cos)
}

/// The sine of x (in radians).
#[inline]
pub fn sin(x: f64) -> f64 {
    sin_cos(x).0
}

/// The cosine of x (in radians).
#[inline]
pub fn cos(x: f64) -> f64 {
    sin_cos(x).1
}

/// x to a whole power, by squaring.
pub fn powi(x: f64, n: i32) -> f64 {
    let (mut factor, mut left, mut value) = (x, n.unsigned_abs(), 1.0);
    while left > 0 {
        if left & 1 == 1 {
            value *= factor;
        }
        factor *= factor;
        left >>= 1;
    }
    if n < 0 { 1.0 / value } else { value }
}

/// e^x in f32, rounded from [`exp`].
#[inline]
pub fn exp_f32(x: f32) -> f32 {
    exp(f64::from(x)) as f32
}

/// The natural logarithm in f32, rounded from [`ln`].
#[inline]
pub fn ln_f32(x: f32) -> f32 {
    ln(f64::from(x)) as f32
}

/// Sine and cosine in f32, rounded from [`sin_cos`].
#[inline]
pub fn sin_cos_f32(x: f32) -> (f32, f32) {
    let (sin, cos) = sin_cos(f64::from(x));
    (sin as f32, cos as f32)
}

/// The sine in f32.
#[inline]
pub fn sin_f32(x: f32) -> f32 {
    sin_cos_f32(x).0
}

/// The cosine in f32.
#[inline]
pub fn cos_f32(x: f32) -> f32 {
    sin_cos_f32(x).1
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compared with the C library's")]
mod tests {
    use super::*;

    /// Units in the last place between two numbers.
    fn apart(a: f64, b: f64) -> u64 {
        if a == b || a.is_nan() && b.is_nan() {
            return 0;
        }
        let place = |x: f64| {
            let bits = x.to_bits() as i64;
            if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
        };
        place(a).abs_diff(place(b))
    }

    #[test]
    fn exponentials_and_logarithms_are_near_the_librarys() {
        let mut at = -750.0;
        while at < 720.0 {
            assert!(apart(exp(at), at.exp()) <= 2, "exp({at:?}) {} {}", exp(at), at.exp());
            let x = exp(at) * (1.0 + at / 3000.0);
            if x > 0.0 && x.is_finite() {
                assert!(apart(ln(x), x.ln()) <= 2, "ln({x:?}) {} {}", ln(x), x.ln());
            }
            at += 0.037;
        }
        for i in 1..4000 {
            let x = f64::from(i) / 2000.0;
            assert!(apart(ln(x), x.ln()) <= 2, "ln({x:?})");
        }
        assert_eq!((exp(0.0), ln(1.0), ln(0.0)), (1.0, 0.0, f64::NEG_INFINITY));
        assert_eq!((exp(f64::INFINITY), exp(f64::NEG_INFINITY)), (f64::INFINITY, 0.0));
        assert!(ln(-1.0).is_nan() && exp(f64::NAN).is_nan() && ln(f64::NAN).is_nan());
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert!(apart(ln(5e-324), 5e-324f64.ln()) <= 1);
    }

    #[test]
    fn sines_and_cosines_are_near_the_librarys() {
        let mut at = -1000.0;
        while at < 1000.0 {
            let ((sin, cos), (s, c)) = (sin_cos(at), at.sin_cos());
            assert!((sin - s).abs() < 2e-16 && (cos - c).abs() < 2e-16, "{at:?}");
            at += 0.0173;
        }
        for x in [0.0, 1e-300, -1e-9, std::f64::consts::PI, 1e9, 1e300] {
            assert!(apart(sin(x), x.sin()) <= 2 && apart(cos(x), x.cos()) <= 2, "{x:?}");
        }
        assert!(sin(f64::INFINITY).is_nan());
    }

    #[test]
    fn whole_powers_are_products() {
        assert_eq!((powi(3.0, 4), powi(2.0, -3), powi(0.0, 0)), (81.0, 0.125, 1.0));
        assert!((powi(0.999, 100_000) / 0.999f64.powf(100_000.0) - 1.0).abs() < 1e-10);
    }
}

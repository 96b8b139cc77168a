//! Elementary functions in f32, written so that the compiler vectorises them in [`wide`] loops.
//!
//! [`wide`]: crate::wide::wide

/// e^x within 2e-7 relative; 0 below -87, and x is taken as 88 above that.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let clamped = x.clamp(-87.0, 88.0);
    // e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts keeps r exact.
    // Adding 1.5 * 2^23 rounds to the nearest integer without a call.
    let rounded = clamped * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = rounded - 12_582_912.0;
    let r = (clamped - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    // The last bits of `rounded` count n, so that these are the bits of 2^n.
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    let value = (p * r * r + r + 1.0) * power;
    if x < -87.0 { 0.0 } else { value }
}

/// erf(x) within 5e-7, by a rational function on [-4, 4].
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let p = -2.726_142_3e-10f32;
    let p = p * s + 2.770_681_4e-8;
    let p = p * s - 2.101_024e-6;
    let p = p * s - 5.692_506_4e-5;
    let p = p * s - 7.349_906_3e-4;
    let p = p * s - 2.954_6e-3;
    let p = p * s - 1.609_603_3e-2;
    let q = -1.456_607_2e-5f32;
    let q = q * s - 2.133_740_6e-4;
    let q = q * s - 1.682_827e-3;
    let q = q * s - 7.373_329e-3;
    let q = q * s - 1.426_473_9e-2;
    x * p / q
}

/// ln x within 2e-7 relative to the larger of it and 1, of positive numbers that are not subnormal.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = 2^e m with m from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits().wrapping_sub(0x3F35_04F3);
    let e = (bits as i32 >> 23) as f32;
    let f = f32::from_bits((bits & 0x007F_FFFF) + 0x3F35_04F3) - 1.0;
    let p = 7.037_683_6e-2f32;
    let p = p * f - 1.151_461e-1;
    let p = p * f + 1.167_699_9e-1;
    let p = p * f - 1.242_014_1e-1;
    let p = p * f + 1.424_932_3e-1;
    let p = p * f - 1.666_805_8e-1;
    let p = p * f + 2.000_071_5e-1;
    let p = p * f - 2.499_999_4e-1;
    let p = p * f + 3.333_333e-1;
    let z = f * f;
    let tail = p * f * z - 2.121_944_4e-4 * e - 0.5 * z;
    (f + tail) + 0.693_359_4 * e
}

/// Sine and cosine of so many 2^-24 of a whole turn, within 2e-7.
#[inline(always)]
pub fn sin_cos_of_turn(parts: u32) -> (f32, f32) {
    // The nearest quarter, and what is left: at most half a quarter, which f32 holds exactly.
    let quarter = parts.wrapping_add(1 << 21) >> 22;
    let left = parts.wrapping_sub(quarter << 22) as i32 as f32;
    let r = left * (std::f32::consts::TAU / (1 << 24) as f32);
    let z = r * r;
    let sin = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * r + r;
    let cos = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z;
    let cos = (cos - 0.5 * z) + 1.0;
    let swapped = quarter & 1 == 1;
    let (s, c) = if swapped { (cos, sin) } else { (sin, cos) };
    let sign = |value: f32, negative: u32| f32::from_bits(value.to_bits() ^ (negative << 31));
    (sign(s, quarter >> 1 & 1), sign(c, (quarter ^ quarter >> 1) & 1))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compared with the C library's")]
mod tests {
    use super::*;

    #[test]
    fn logarithms_and_sines_are_close_to_the_true_functions() {
        for i in 1..200_000u32 {
            let x = i as f32 * 1.3e-4;
            for x in [x, x * x * x, 1.0 / (x * x)] {
                let truth = f64::from(x).ln();
                let error = (f64::from(ln(x)) - truth) / truth.abs().max(1.0);
                assert!(error.abs() < 2e-7, "ln({x}): {error}");
            }
            let parts = i * 83;
            let angle = f64::from(parts) / f64::from(1 << 24) * std::f64::consts::TAU;
            let (sin, cos) = sin_cos_of_turn(parts);
            let error = [f64::from(sin) - angle.sin(), f64::from(cos) - angle.cos()];
            assert!(error.iter().all(|e| e.abs() < 2e-7), "{parts}: {error:?}");
        }
        assert_eq!((ln(1.0), sin_cos_of_turn(0)), (0.0, (0.0, 1.0)));
        assert_eq!(sin_cos_of_turn(1 << 22), (1.0, 0.0));
        assert_eq!(sin_cos_of_turn(1 << 23), (0.0, -1.0));
    }

    /// Maclaurin series in f64; converges quickly enough up to 4.
    fn erf_reference(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn both_are_close_to_the_true_functions() {
        for i in -8000..=8000 {
            let x = i as f32 * 5e-4;
            let error = f64::from(erf(x)) - erf_reference(f64::from(x));
            assert!(error.abs() < 5e-7, "erf({x}): {error}");
            let x = i as f32 * 0.0105;
            let truth = f64::from(x).exp();
            let error = f64::from(exp(x)) / truth - 1.0;
            assert!(error.abs() < 2e-7, "exp({x}): {error}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!((exp(-1000.0), erf(0.0)), (0.0, 0.0));
        assert!((erf(10.0) - 1.0).abs() < 1e-6 && (erf(-10.0) + 1.0).abs() < 1e-6);
    }
}

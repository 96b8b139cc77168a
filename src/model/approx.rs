//! Exponential and error function in f32, written so that the compiler vectorises them.

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

#[cfg(test)]
mod tests {
    use super::*;

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

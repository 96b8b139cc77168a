//! Fused multiply-add where the compiler may have no instruction for it.

/// `a * b + c`, rounded once: [`f32::mul_add`] without a call into the C library, so that loops of
/// it become registers of whatever the target has.
#[inline(always)]
pub fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        return a.mul_add(b, c);
    }
    // The product is exact in f64. The sum is rounded to odd: if it is inexact, its last bit is set,
    // so that rounding it again to f32 gives what one rounding gives (Boldo and Melquiond 2008).
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let back = sum - product;
    let lost = (product - (sum - back)) + (c - back);
    let bits = sum.to_bits();
    // One step towards what was lost, where the last bit is not set; nothing for NaN and infinity.
    let inexact = u64::from(lost > 0.0) | u64::from(lost < 0.0);
    let step = inexact & (bits & 1 ^ 1);
    let down = u64::from((lost > 0.0) != (sum > 0.0));
    let odd = bits.wrapping_add(step).wrapping_sub(2 * (step & down));
    f64::from_bits(odd) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(a: f32, b: f32, c: f32) -> bool {
        let (ours, exact) = (mul_add(a, b, c), a.mul_add(b, c));
        ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan()
    }

    #[test]
    fn ends_of_the_range_are_rounded_once() {
        let tiny = f32::from_bits(1);
        let ends = [0.0, -0.0, 1.0, -1.0, tiny, -tiny, f32::MIN_POSITIVE, f32::MAX, f32::MIN];
        let ends = ends.into_iter().chain([f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.5, 3e-20]);
        let ends: Vec<f32> = ends.collect();
        for a in &ends {
            for b in &ends {
                for c in &ends {
                    assert!(same(*a, *b, *c), "{a:?} {b:?} {c:?}");
                }
            }
        }
        // Halfway between two f32 but for what f64 cannot hold: rounding twice goes wrong here.
        let (a, c) = (1.0 + 2f32.powi(-12), 2f32.powi(-60));
        assert!(same(a, a, c) && same(a, a, -c));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn it_is_the_fused_multiply_add(a in any::<u32>(), b in any::<u32>(), c in any::<u32>()) {
            let [a, b, c] = [a, b, c].map(f32::from_bits);
            prop_assert!(same(a, b, c), "{:?} {:?} {:?}", a, b, c);
        }

        /// Sums that nearly cancel.
        #[test]
        fn it_is_exact_near_cancellation(a in any::<u32>(), b in any::<u32>(), off in -4i32..5) {
            let [a, b] = [a, b].map(|bits| f32::from_bits(bits & 0x87FF_FFFF | 0x3000_0000));
            let c = f32::from_bits((-(a * b)).to_bits().wrapping_add_signed(off));
            prop_assert!(same(a, b, c), "{:?} {:?} {:?}", a, b, c);
        }
    }
}

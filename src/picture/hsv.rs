//! Hue, saturation and value of bytes as OpenCV has them (hue 0 to 179), moved.

use super::linear::byte;
use crate::channels::Channels;
use crate::pixels::Pixels;
use proofmark_base::wide::wide;

/// Moves hue, saturation and value. A shift from -1 to 1 comes to one step down where it is
/// below 0 and to nothing else, since albumentations' tables cut off what is behind the
/// point; the way to this space and back rounds in any case.
pub fn shift_hsv(image: &mut Pixels, by: [f64; 3]) {
    let [hue, saturation, value] = by.map(|by| by.floor() as i32);
    let by = [hue.rem_euclid(180), saturation, value];
    // A few lines' worth at a time, which a processor holds near.
    const LENGTH: usize = 1024;
    let mut channels = Channels::new(LENGTH);
    for pixels in image.rgb.as_chunks_mut::<3>().0.chunks_mut(LENGTH) {
        channels.set(pixels);
        let [r, g, b] = &mut channels.0;
        wide(
            #[inline(always)]
            || {
                for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
                    [*r, *g, *b] = shifted([*r, *g, *b], by);
                }
            },
        );
        channels.get(pixels);
    }
}

#[inline(always)]
fn shifted(pixel: [u8; 3], [hue, saturation, value]: [i32; 3]) -> [u8; 3] {
    let [h, s, v] = hsv(pixel);
    let h = h.wrapping_add(hue);
    let h = if h >= 180 { h.wrapping_sub(180) } else { h };
    let s = s.wrapping_add(saturation).clamp(0, 255);
    let v = v.wrapping_add(value).clamp(0, 255);
    rgb([h, s, v])
}

/// Fractional bits of the fixed-point reciprocals that OpenCV divides by.
const SHIFT: i32 = 12;

/// `top` over a whole number above 0, with [`SHIFT`] fractional bits.
#[inline(always)]
fn over(top: f32, divisor: i32) -> i32 {
    // Added to 1.5 * 2^23 a number is rounded, and its bits count up from there.
    const MAGIC: f32 = 12_582_912.0;
    let quotient = top * (1 << SHIFT) as f32 / divisor as f32;
    (quotient + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits()) as i32
}

/// In whole numbers; `wrapping_` because nothing is large enough to wrap.
#[inline(always)]
fn hsv([r, g, b]: [u8; 3]) -> [i32; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let value = r.max(g).max(b);
    let range = value.wrapping_sub(r.min(g).min(b));
    let turn = if value == r {
        g.wrapping_sub(b)
    } else if value == g {
        b.wrapping_sub(r).wrapping_add(range.wrapping_mul(2))
    } else {
        r.wrapping_sub(g).wrapping_add(range.wrapping_mul(4))
    };
    let half = 1 << (SHIFT - 1);
    let saturation = range.wrapping_mul(over(255.0, value.max(1))).wrapping_add(half) >> SHIFT;
    let hue = turn.wrapping_mul(over(30.0, range.max(1))).wrapping_add(half) >> SHIFT;
    [if hue < 0 { hue.wrapping_add(180) } else { hue }, saturation, value]
}

/// Each channel is the value less what the saturation takes away from it, which depends on
/// how far the hue is from the channel's own: nothing at up to 60 degrees, all from 120.
#[inline(always)]
fn rgb([hue, saturation, value]: [i32; 3]) -> [u8; 3] {
    let (sextant, value) = (hue as f32 / 30.0, value as f32);
    let lost = value * (saturation as f32 * (1.0 / 255.0));
    [
        byte(value - lost * share_lost(sextant + 5.0)),
        byte(value - lost * share_lost(sextant + 3.0)),
        byte(value - lost * share_lost(sextant + 1.0)),
    ]
}

#[inline(always)]
fn share_lost(sextant: f32) -> f32 {
    let turn = if sextant >= 6.0 { sextant - 6.0 } else { sextant };
    turn.min(4.0 - turn).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_zero_moves_and_by_one() {
        let shifted = |by| {
            let mut image = Pixels { width: 1, height: 1, rgb: vec![200, 100, 50] };
            shift_hsv(&mut image, by);
            image.rgb
        };
        assert_eq!(shifted([0.0; 3]), shifted([0.3, 0.29, 0.01]));
        assert_eq!(shifted([0.0, 0.0, -0.01]), shifted([0.0, 0.0, -0.3]));
        assert_ne!(shifted([0.0; 3]), shifted([0.0, 0.0, -0.01]));
    }

    #[test]
    fn reciprocals_are_those_of_opencvs_tables() {
        for top in [255.0, 30.0] {
            for divisor in 1..256 {
                let table = (top * 4096.0 / f64::from(divisor)).round_ties_even();
                assert_eq!(f64::from(over(top as f32, divisor)), table, "{top}/{divisor}");
            }
        }
    }

    #[test]
    fn hue_goes_round() {
        // Red of hue 0, one step down: 179, where blue is above green.
        let mut image = Pixels { width: 1, height: 1, rgb: vec![255, 0, 0] };
        shift_hsv(&mut image, [-0.1, 0.0, 0.0]);
        assert!(image.rgb[2] > image.rgb[1], "{:?}", image.rgb);
    }
}

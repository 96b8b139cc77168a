//! Changes of brightness and colour with albumentations' arithmetic: the value is computed
//! as a real number (f32, as numpy does), brought into 0 to 255, and cut off.

use super::linear::byte;
use crate::pixels::Pixels;
use proofmark_base::wide::wide;

#[inline(always)]
fn cut_off(value: f32) -> u8 {
    byte(value.clamp(0.0, 255.0).floor())
}

/// Adds a number to each channel.
pub fn shift_rgb(image: &mut Pixels, by: [f64; 3]) {
    // As many numbers as make whole pixels and whole registers.
    const LANES: usize = 48;
    let by: [f32; LANES] = std::array::from_fn(|i| by[i % 3] as f32);
    wide(
        #[inline(always)]
        || {
            let (groups, rest) = image.rgb.as_chunks_mut::<LANES>();
            for group in groups {
                for (value, by) in group.iter_mut().zip(&by) {
                    *value = cut_off(f32::from(*value) + by);
                }
            }
            for (value, by) in rest.iter_mut().zip(&by) {
                *value = cut_off(f32::from(*value) + by);
            }
        },
    );
}

/// Contrast grows by a share about 0, brightness by a share of 255.
pub fn brightness_contrast(image: &mut Pixels, brightness: f64, contrast: f64) {
    let (factor, more) = ((1.0 + contrast) as f32, (255.0 * brightness) as f32);
    wide(
        #[inline(always)]
        || {
            for value in &mut image.rgb {
                *value = cut_off(f32::from(*value) * factor + more);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Pixels {
        Pixels { width: 2, height: 1, rgb: vec![0, 100, 250, 10, 20, 30] }
    }

    #[test]
    fn shifts_are_cut_off_and_kept_in_range() {
        let mut shifted = image();
        shift_rgb(&mut shifted, [-0.5, 7.9, 12.0]);
        assert_eq!(shifted.rgb, [0, 107, 255, 9, 27, 42]);
    }

    #[test]
    fn brightness_and_contrast_are_those_of_the_formula() {
        let mut changed = image();
        brightness_contrast(&mut changed, 0.1, -0.1);
        let expected = [0.0, 100.0, 250.0, 10.0, 20.0, 30.0].map(|v: f64| (v * 0.9 + 25.5) as u8);
        assert_eq!(changed.rgb, expected);
    }
}

//! Changes of colour by a table of 256 values, with albumentations' arithmetic: the value
//! is computed as a real number, brought into 0 to 255, and cut off.

use crate::train::augment::pixels::Pixels;

fn table(value: impl Fn(f64) -> f64) -> [u8; 256] {
    std::array::from_fn(|v| value(v as f64).clamp(0.0, 255.0) as u8)
}

/// Adds a number to each channel.
pub fn shift_rgb(image: &mut Pixels, by: [f64; 3]) {
    image.map(&by.map(|by| table(|v| v + by)));
}

/// Contrast grows by a share about 0, brightness by a share of 255.
pub fn brightness_contrast(image: &mut Pixels, brightness: f64, contrast: f64) {
    let table = table(|v| v * (1.0 + contrast) + 255.0 * brightness);
    image.map(&[table; 3]);
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

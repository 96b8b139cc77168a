//! Operations on the colours of an image, to the byte as Pillow's `ImageOps` and
//! `ImageEnhance` do them.

use crate::pixels::{Pixels, luma};
use proofmark_base::wide::wide;

/// Stretches each channel to the whole range.
pub fn auto_contrast(image: &mut Pixels) {
    let tables = image.ranges().map(|(low, high)| {
        if high <= low {
            return table(|value| value);
        }
        let scale = 255.0 / f64::from(high - low);
        let offset = -f64::from(low) * scale;
        table(|value| (f64::from(value) * scale + offset) as u8)
    });
    image.map(&tables);
}

/// Makes every value of each channel about as frequent as any other.
pub fn equalize(image: &mut Pixels) {
    let tables = image.histograms().map(|histogram| {
        let used: Vec<u32> = histogram.iter().copied().filter(|n| *n > 0).collect();
        let last = used.last().copied().unwrap_or(0);
        let step = (used.iter().sum::<u32>() - last) / 255;
        if used.len() <= 1 || step == 0 {
            return table(|value| value);
        }
        let mut below = step / 2;
        let mut table = [0; 256];
        for (entry, count) in table.iter_mut().zip(histogram) {
            *entry = (below / step).min(255) as u8;
            below += count;
        }
        table
    });
    image.map(&tables);
}

/// 255 minus each value.
pub fn invert(image: &mut Pixels) {
    for value in &mut image.rgb {
        *value = 255 - *value;
    }
}

/// Keeps the highest `bits` bits of each value; none makes the image black.
pub fn posterize(image: &mut Pixels, bits: u32) {
    let mask = !(0xFFu32 >> bits.min(8)) as u8;
    for value in &mut image.rgb {
        *value &= mask;
    }
}

/// Inverts values from `threshold` (0 to 256) on.
pub fn solarize(image: &mut Pixels, threshold: u32) {
    for value in &mut image.rgb {
        let inverted = 255 - *value;
        *value = if u32::from(*value) < threshold { *value } else { inverted };
    }
}

/// Adds to values below 128.
pub fn solarize_add(image: &mut Pixels, add: u8) {
    for value in &mut image.rgb {
        let brighter = value.saturating_add(add);
        *value = if *value < 128 { brighter } else { *value };
    }
}

/// Away from black (factor above 1) or towards it.
pub fn brightness(image: &mut Pixels, factor: f32) {
    blend_all(&mut image.rgb, 0, factor);
}

/// Away from the mean brightness (factor above 1) or towards it.
pub fn contrast(image: &mut Pixels, factor: f32) {
    let count = (image.rgb.len() / 3).max(1);
    let mean = (image.luma_sum() as f64 / count as f64 + 0.5) as u8;
    blend_all(&mut image.rgb, mean, factor);
}

/// Away from grey (factor above 1) or towards it.
pub fn colour(image: &mut Pixels, factor: f32) {
    let (pixels, _) = image.rgb.as_chunks_mut::<3>();
    wide(
        #[inline(always)]
        || {
            for pixel in pixels {
                let [r, g, b] = *pixel;
                let grey = luma([r, g, b]);
                *pixel = [blend(grey, r, factor), blend(grey, g, factor), blend(grey, b, factor)];
            }
        },
    );
}

/// Away from a smoothed image (factor above 1) or towards it. The border of one pixel
/// is not smoothed, so it stays.
pub fn sharpness(image: &mut Pixels, factor: f32) {
    let (width, height) = (image.width, image.height);
    if width < 3 || height < 3 {
        return;
    }
    let bytes = 3 * width;
    let source = image.rgb.clone();
    let rows = source.windows(3 * bytes).step_by(bytes);
    let targets = image.rgb.chunks_exact_mut(bytes).skip(1);
    wide(
        #[inline(always)]
        || {
            for (three, target) in rows.zip(targets) {
                let (above, rest) = three.split_at(bytes);
                let (row, below) = rest.split_at(bytes);
                let (below, target) = (&below[..bytes], &mut target[..bytes]);
                // Columns of three, then three of them: the 3 × 3 sum, plus the centre four
                // times.
                let column =
                    |i: usize| u16::from(above[i]) + u16::from(row[i]) + u16::from(below[i]);
                for i in 3..bytes - 3 {
                    let sum = column(i - 3) + column(i) + column(i + 3) + 4 * u16::from(row[i]);
                    // Rounded; thirteenths are never in the middle.
                    let smooth = ((2 * sum + 13) / 26) as u8;
                    target[i] = blend(smooth, row[i], factor);
                }
            }
        },
    );
}

/// Blends every value with the same.
fn blend_all(values: &mut [u8], from: u8, factor: f32) {
    wide(
        #[inline(always)]
        || {
            for value in values {
                *value = blend(from, *value, factor);
            }
        },
    );
}

/// `from` at factor 0, `to` at 1, beyond it above; truncated, as Pillow does in f32.
#[inline(always)]
fn blend(from: u8, to: u8, factor: f32) -> u8 {
    let (from, to) = (f32::from(from), f32::from(to));
    let value = (from + factor * (to - from)).clamp(0.0, 255.0);
    // Added to 2^23 a whole number lies in the low bits. A conversion would check its
    // bounds, which keeps loops out of wide registers.
    (value.floor() + (1 << 23) as f32).to_bits() as u8
}

fn table(value: impl Fn(u8) -> u8) -> [u8; 256] {
    std::array::from_fn(|i| value(i as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(rgb: &[u8]) -> Pixels {
        Pixels { width: rgb.len() / 3, height: 1, rgb: rgb.to_vec() }
    }

    fn after(rgb: &[u8], operation: impl Fn(&mut Pixels)) -> Vec<u8> {
        let mut image = image(rgb);
        operation(&mut image);
        image.rgb
    }

    #[test]
    fn tables_do_what_they_say() {
        let rgb = [10, 100, 200, 20, 150, 255];
        assert_eq!(after(&rgb, invert), [245, 155, 55, 235, 105, 0]);
        assert_eq!(after(&rgb, |i| posterize(i, 1)), [0, 0, 128, 0, 128, 128]);
        assert_eq!(after(&rgb, |i| posterize(i, 0)), [0; 6]);
        assert_eq!(after(&rgb, |i| posterize(i, 8)), rgb);
        assert_eq!(after(&rgb, |i| solarize(i, 150)), [10, 100, 55, 20, 105, 0]);
        assert_eq!(after(&rgb, |i| solarize(i, 256)), rgb);
        assert_eq!(after(&rgb, |i| solarize_add(i, 100)), [110, 200, 200, 120, 150, 255]);
        // 255 times 255 over 55 is just below 255 there, and in Pillow.
        assert_eq!(after(&rgb, auto_contrast), [0, 0, 0, 255, 255, 254]);
        assert_eq!(after(&rgb, |i| brightness(i, 0.5)), [5, 50, 100, 10, 75, 127]);
        assert_eq!(after(&rgb, |i| brightness(i, 1.5)), [15, 150, 255, 30, 225, 255]);
        assert_eq!(after(&[30, 30, 30, 90, 90, 90], |i| contrast(i, 0.0)), [60; 6]);
        assert_eq!(after(&[0, 0, 255], |i| colour(i, 0.0)), [29; 3]);
    }

    #[test]
    fn factors_of_one_change_nothing() {
        let rgb: Vec<u8> = (0..75).map(|i| (i * 83 % 256) as u8).collect();
        for operation in [brightness, contrast, colour, sharpness] {
            let mut image = Pixels { width: 5, height: 5, rgb: rgb.clone() };
            operation(&mut image, 1.0);
            assert_eq!(image.rgb, rgb);
        }
    }
}

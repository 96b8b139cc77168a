//! The steps without products: the image, pooling, enlarging.

use super::map::{Map, Shape};
use crate::detect::network::MEAN;
use proofmark_base::wide::wide;

/// [`MEAN`] of 16 pixels, so that whole registers are computed.
const MEANS: [f32; 48] = {
    let mut means = [0.0; 48];
    let mut i = 0;
    while i < means.len() {
        means[i] = MEAN[i % 3];
        i += 1;
    }
    means
};

/// An image of bytes, red, green, blue, less the means.
pub fn image(rgb: &[u8], out: &mut Map) {
    let width = out.shape().width;
    wide(
        #[inline(always)]
        || {
            for (y, rgb) in rgb.chunks_exact(3 * width).enumerate() {
                let out = out.pixels_mut(y).chunks_mut(MEANS.len());
                for (out, rgb) in out.zip(rgb.chunks(MEANS.len())) {
                    for ((out, value), mean) in out.iter_mut().zip(rgb).zip(&MEANS) {
                        *out = f32::from(*value) - mean;
                    }
                }
            }
        },
    );
}

/// Row `y` of the largest of 3x3 at stride 2 of values that are not below 0.
pub fn pool_row(y: usize, input: &Map, out: &mut Map) {
    let Shape { channels, border, .. } = input.shape();
    let first = border - 1;
    wide(
        #[inline(always)]
        || {
            for (x, out) in out.pixels_mut(y).chunks_exact_mut(channels).enumerate() {
                out.fill(0.0);
                for dy in 0..3 {
                    let line = input.from(2 * y + dy + first, 2 * x + first);
                    for pixel in line.chunks_exact(channels).take(3) {
                        for (out, value) in out.iter_mut().zip(pixel) {
                            *out = if *value > *out { *value } else { *out };
                        }
                    }
                }
            }
        },
    );
}

/// `plus` and `small` with each pixel repeated.
pub fn enlarge(small: &Map, plus: &Map, out: &mut Map) {
    let Shape { height, channels, .. } = plus.shape();
    wide(
        #[inline(always)]
        || {
            for y in 0..height {
                let pairs = out.pixels_mut(y).chunks_mut(2 * channels);
                let pairs = pairs.zip(plus.pixels(y).chunks(2 * channels));
                for ((out, plus), small) in pairs.zip(small.pixels(y / 2).chunks(channels)) {
                    let pixels = out.chunks_exact_mut(channels).zip(plus.chunks_exact(channels));
                    for (out, plus) in pixels {
                        for ((out, plus), small) in out.iter_mut().zip(plus).zip(small) {
                            *out = plus + small;
                        }
                    }
                }
            }
        },
    );
}

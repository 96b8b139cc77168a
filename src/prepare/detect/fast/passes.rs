//! The steps without products: the image, pooling, enlarging.

use super::map::Map;
use crate::prepare::detect::detector::MEAN;
use crate::wide::wide;

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

/// An image of bytes, red, green, blue, less the means; gives `out` its shape.
pub fn image(rgb: &[u8], (width, height): (usize, usize), out: &mut Map, border: usize) {
    out.shape(height, width, 3, border);
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

/// The largest of 3x3 at stride 2 of values that are not below 0; gives `out` its shape.
pub fn pool(input: &Map, out: &mut Map, border: usize) {
    let channels = input.channels;
    out.shape(input.height.div_ceil(2), input.width.div_ceil(2), channels, border);
    let first = input.border - 1;
    wide(
        #[inline(always)]
        || {
            for y in 0..out.height {
                let lines: [&[f32]; 3] =
                    std::array::from_fn(|dy| input.from(2 * y + dy + first, first));
                for (x, out) in out.pixels_mut(y).chunks_exact_mut(channels).enumerate() {
                    out.fill(0.0);
                    for line in lines {
                        for pixel in line[2 * x * channels..].chunks_exact(channels).take(3) {
                            for (out, value) in out.iter_mut().zip(pixel) {
                                *out = if *value > *out { *value } else { *out };
                            }
                        }
                    }
                }
            }
        },
    );
}

/// `plus` and `small` with each pixel repeated; gives `out` its shape.
pub fn enlarge(small: &Map, plus: &Map, out: &mut Map, border: usize) {
    let channels = plus.channels;
    out.shape(plus.height, plus.width, channels, border);
    wide(
        #[inline(always)]
        || {
            for y in 0..out.height {
                let small = small.pixels(y / 2).chunks_exact(channels);
                let pairs = out.pixels_mut(y).chunks_mut(2 * channels);
                for ((out, plus), small) in
                    pairs.zip(plus.pixels(y).chunks(2 * channels)).zip(small)
                {
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

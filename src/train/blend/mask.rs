//! The mask that says how much of the source is seen, and the blend itself.

use super::resample::{byte, look_up, stretch};
use crate::train::augment::pixels::Pixels;
use crate::wide::wide;

/// A value from 0 to 1 for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

/// How a mask is softened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softening {
    /// Width and height in pixels at which it is done.
    pub size: (usize, usize),
    /// Side of the first blur's window, odd.
    pub first: usize,
    /// Side of the second's, odd.
    pub second: usize,
    /// Standard deviation of the second, in pixels.
    pub sigma: f64,
}

/// What counts as 1.
const ONE: f32 = 1.0 - 1e-6;

impl Mask {
    /// Nothing anywhere.
    pub fn zeros(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// Whether it is 0 everywhere.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|v| *v <= 0.0)
    }

    /// The mask at another size, linearly.
    pub fn resized(&self, (width, height): (usize, usize)) -> Self {
        let mut values = Vec::with_capacity(width * height);
        let rows = stretch(0.0, self.height as f64, height, self.height);
        let columns = stretch(0.0, self.width as f64, width, self.width);
        look_up::<1, f32>(&self.values, self.width, &rows, &columns, |line| {
            values.extend_from_slice(line);
        });
        Self { width, height, values }
    }

    /// Divided by its largest value, if that is not 0.
    fn normalized(mut self) -> Self {
        let top = self.values.iter().copied().fold(0f32, f32::max);
        if top > 0.0 {
            self.values.iter_mut().for_each(|v| *v /= top);
        }
        self
    }

    /// Blurred by a Gaussian in a window of `kernel` pixels; beyond the border the mask is
    /// mirrored about its last pixel.
    pub fn blurred(&self, kernel: usize, sigma: f64) -> Self {
        let (width, height) = (self.width, self.height);
        let weights = gaussian(kernel, sigma);
        let radius = kernel / 2;
        let mut across = vec![0f32; self.values.len()];
        let mut padded = vec![0f32; width + 2 * radius];
        let border: Vec<usize> = (0..radius).map(|i| mirrored(i, radius, width)).collect();
        let beyond = (radius + width..padded.len()).map(|i| mirrored(i, radius, width));
        let beyond: Vec<usize> = beyond.collect();
        let rows = self.values.chunks_exact(width).zip(across.chunks_exact_mut(width));
        for (row, out) in rows {
            padded[radius..radius + width].copy_from_slice(row);
            for (value, from) in padded.iter_mut().zip(&border) {
                *value = row[*from];
            }
            for (value, from) in padded[radius + width..].iter_mut().zip(&beyond) {
                *value = row[*from];
            }
            sum_pairs(out, &weights, |k| &padded[k..k + width]);
        }
        let mut values = vec![0f32; across.len()];
        for (y, out) in values.chunks_exact_mut(width).enumerate() {
            let row = |k: usize| &across[mirrored(y + k, radius, height) * width..][..width];
            sum_pairs(out, &weights, row);
        }
        Self { width, height, values }
    }
}

/// The place in 0 .. n that place `i` of a border of `radius` in front mirrors.
fn mirrored(i: usize, radius: usize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n - 1);
    let at = (i as isize - radius as isize).rem_euclid(period as isize) as usize;
    at.min(period - at)
}

/// Weights of a Gaussian window, which sum to 1.
fn gaussian(kernel: usize, sigma: f64) -> Vec<f32> {
    let middle = (kernel as f64 - 1.0) / 2.0;
    let at = |i: usize| (-(i as f64 - middle).powi(2) / (2.0 * sigma * sigma)).exp();
    let sum: f64 = (0..kernel).map(at).sum();
    (0..kernel).map(|i| (at(i) / sum) as f32).collect()
}

/// The sum of weighted rows; weights are the same from both ends. Four pairs at a time, so
/// that sums are read and written less often.
fn sum_pairs<'a>(out: &mut [f32], weights: &[f32], row: impl Fn(usize) -> &'a [f32]) {
    let (n, middle) = (out.len(), weights.len() / 2);
    let pair = |k: usize| (weights[k], &row(k)[..n], &row(weights.len() - 1 - k)[..n]);
    wide(
        #[inline(always)]
        || {
            let centre = &row(middle)[..n];
            for (out, value) in out.iter_mut().zip(centre) {
                *out = weights[middle] * value;
            }
            for first in (0..middle / 4 * 4).step_by(4) {
                let [a, b, c, d] = [0, 1, 2, 3].map(|k| pair(first + k));
                for (i, out) in out.iter_mut().enumerate() {
                    *out += a.0 * (a.1[i] + a.2[i])
                        + b.0 * (b.1[i] + b.2[i])
                        + c.0 * (c.1[i] + c.2[i])
                        + d.0 * (d.1[i] + d.2[i]);
                }
            }
            for k in middle / 4 * 4..middle {
                let (weight, first, last) = pair(k);
                for ((out, a), b) in out.iter_mut().zip(first).zip(last) {
                    *out += weight * (a + b);
                }
            }
        },
    );
}

/// Shrinks a mask by about half the first window and makes its edge soft. Where nothing
/// would be left, it is not shrunk: a mask that was not empty does not become so.
pub fn soften(mask: &Mask, by: Softening) -> Mask {
    let auto = 0.3 * ((by.first as f64 - 1.0) * 0.5 - 1.0) + 0.8;
    let blurred = mask.resized(by.size).blurred(by.first, auto).normalized();
    let mut inner = blurred.clone();
    inner.values.iter_mut().for_each(|v| *v = if *v >= ONE { 1.0 } else { 0.0 });
    let kept = if inner.is_empty() { &blurred } else { &inner };
    let soft = kept.blurred(by.second, by.sigma).normalized();
    let soft = soft.resized((mask.width, mask.height));
    // A mask of a pixel or two may fall between those of a smaller picture.
    if soft.is_empty() { mask.clone() } else { soft }
}

/// `ratio` of the mask from the source, the rest from the target, cut off to bytes.
pub fn blend(source: &Pixels, target: &Pixels, mask: &Mask, ratio: f32) -> Pixels {
    let pixels = source.rgb.as_chunks::<3>().0.iter().zip(target.rgb.as_chunks::<3>().0);
    let mut rgb = vec![0u8; target.rgb.len()];
    let outs = rgb.as_chunks_mut::<3>().0.iter_mut();
    wide(
        #[inline(always)]
        || {
            for ((out, (source, target)), mask) in outs.zip(pixels).zip(&mask.values) {
                let share = mask * ratio;
                for c in 0..3 {
                    let (source, target) = (f32::from(source[c]), f32::from(target[c]));
                    // Cut off, but equal pixels stay what they are, whatever rounding makes
                    // of the sum.
                    let value = share * source + (1.0 - share) * target;
                    out[c] = byte((value + 1e-4).floor());
                }
            }
        },
    );
    Pixels { width: target.width, height: target.height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disc(side: usize, radius: f64) -> Mask {
        let middle = (side as f64 - 1.0) / 2.0;
        let inside = |i: usize| {
            let (x, y) = ((i % side) as f64 - middle, (i / side) as f64 - middle);
            f32::from(u8::from(x.hypot(y) <= radius))
        };
        Mask { width: side, height: side, values: (0..side * side).map(inside).collect() }
    }

    fn area(mask: &Mask) -> f32 {
        mask.values.iter().sum()
    }

    #[test]
    fn a_blur_keeps_the_sum_and_what_is_flat() {
        let flat = Mask { width: 9, height: 7, values: vec![0.5; 63] };
        for kernel in [5, 25] {
            let blurred = flat.blurred(kernel, 3.0);
            assert!(blurred.values.iter().all(|v| (v - 0.5).abs() < 1e-6));
        }
        let disc = disc(64, 12.0);
        let blurred = disc.blurred(7, 2.0);
        assert!((area(&blurred) / area(&disc) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn softening_shrinks_by_half_the_window_and_peaks_at_one() {
        let disc = disc(200, 60.0);
        let by = Softening { size: (200, 200), first: 21, second: 5, sigma: 5.0 };
        let soft = soften(&disc, by);
        let radius = (area(&soft) / std::f32::consts::PI).sqrt();
        // Windows are squares, which reach further along their diagonals.
        assert!((45.0..51.0).contains(&radius), "{radius}");
        let top = soft.values.iter().copied().fold(0.0, f32::max);
        assert!((top - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_mask_smaller_than_the_window_is_not_lost() {
        let small = disc(64, 1.0);
        let by = Softening { size: (192, 256), first: 25, second: 25, sigma: 45.0 };
        assert!(!soften(&small, by).is_empty());
        assert!(soften(&Mask::zeros(8, 8), by).is_empty());
    }

    #[test]
    fn a_blend_takes_the_declared_share() {
        let image = |v: u8| Pixels { width: 2, height: 1, rgb: vec![v; 6] };
        let mask = Mask { width: 2, height: 1, values: vec![1.0, 0.5] };
        let mixed = blend(&image(200), &image(100), &mask, 0.5);
        assert_eq!(mixed.rgb, [150, 150, 150, 125, 125, 125]);
        for v in 0..=255 {
            let mask = Mask { width: 2, height: 1, values: vec![0.3, 0.7] };
            assert_eq!(blend(&image(v), &image(v), &mask, 0.75), image(v));
        }
    }
}

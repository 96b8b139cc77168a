//! The mask that says how much of the source is seen, and the blend itself.

use super::resample::{byte, look_up, stretch};
use crate::prepare::crop::Window;
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

/// Numbers that are computed together.
const LANES: usize = 32;
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
        let mut values = vec![0f32; width * height];
        let mut lines = values.chunks_exact_mut(width);
        let rows = stretch(0.0, self.height as f64, height, self.height);
        let columns = stretch(0.0, self.width as f64, width, self.width);
        let across = |row: usize, line: &mut [f32]| {
            let row = &self.values[row * self.width..][..self.width];
            for (out, tap) in line.iter_mut().zip(&columns) {
                let [a, b] = tap.weights;
                *out = a * row[tap.first as usize] + b * row[tap.second as usize];
            }
        };
        look_up(&rows, width, across, |[upper, lower], [a, b]| {
            let Some(out) = lines.next() else { return };
            wide(
                #[inline(always)]
                || {
                    for ((out, upper), lower) in out.iter_mut().zip(upper).zip(lower) {
                        *out = a * upper + b * lower;
                    }
                },
            );
        });
        Self { width, height, values }
    }

    /// The part outside of which it is 0, unless it is 0 everywhere.
    pub fn seen(&self) -> Option<Window> {
        let row = |y: usize| &self.values[y * self.width..][..self.width];
        let seen = |y: &usize| row(*y).iter().copied().fold(0.0, larger) > 0.0;
        let y = (0..self.height).find(seen)?;
        let bottom = (y..self.height).rev().find(seen)?;
        let mut columns = vec![0f32; self.width];
        wide(
            #[inline(always)]
            || {
                for y in y..=bottom {
                    for (column, value) in columns.iter_mut().zip(row(y)) {
                        *column = larger(*column, *value);
                    }
                }
            },
        );
        let x = columns.iter().position(|value| *value > 0.0)?;
        let right = columns.iter().rposition(|value| *value > 0.0)?;
        let [x, y, width, height] = [x, y, right + 1 - x, bottom + 1 - y].map(|v| v as u32);
        Some(Window { x, y, width, height })
    }

    /// A part of it.
    pub fn cut(&self, window: Window) -> Self {
        let [x, y, width, height] =
            [window.x, window.y, window.width, window.height].map(|v| v as usize);
        let mut values = Vec::with_capacity(width * height);
        for row in self.values.chunks_exact(self.width).skip(y).take(height) {
            values.extend_from_slice(&row[x..x + width]);
        }
        Self { width, height, values }
    }

    /// As a part of a larger mask, which is 0 elsewhere.
    fn placed(&self, window: Window, (width, height): (usize, usize)) -> Self {
        let mut whole = Self::zeros(width, height);
        let rows = whole.values.chunks_exact_mut(width).skip(window.y as usize);
        for (whole, row) in rows.zip(self.values.chunks_exact(self.width)) {
            whole[window.x as usize..][..self.width].copy_from_slice(row);
        }
        whole
    }

    /// Divided by its largest value, if that is not 0.
    fn normalized(mut self) -> Self {
        let top = self.top();
        if top > 0.0 {
            wide(
                #[inline(always)]
                || self.values.iter_mut().for_each(|v| *v /= top),
            );
        }
        self
    }

    /// The largest value.
    fn top(&self) -> f32 {
        // Many at a time: one after the other, each would wait for the one before.
        let mut tops = vec![0f32; self.width];
        wide(
            #[inline(always)]
            || {
                for row in self.values.chunks_exact(self.width) {
                    for (top, value) in tops.iter_mut().zip(row) {
                        *top = larger(*top, *value);
                    }
                }
            },
        );
        tops.into_iter().fold(0.0, f32::max)
    }

    /// Blurred by a Gaussian in a window of `kernel` pixels; beyond the border the mask is
    /// mirrored about its last pixel.
    pub fn blurred(&self, kernel: usize, sigma: f64) -> Self {
        let (width, height) = (self.width, self.height);
        let weights = gaussian(kernel, sigma);
        let radius = kernel / 2;
        let place = |n: usize| move |i| mirrored(i, radius, n);
        let left: Vec<usize> = (0..radius).map(place(width)).collect();
        let right: Vec<usize> = (radius + width..width + 2 * radius).map(place(width)).collect();
        // Lines are long enough for whole groups of numbers.
        let line = width.next_multiple_of(LANES);
        let mut across = vec![0f32; line * height];
        let mut padded = vec![0f32; line + 2 * radius];
        let lines = self.values.chunks_exact(width).zip(across.chunks_exact_mut(line));
        for (row, out) in lines {
            padded[radius..radius + width].copy_from_slice(row);
            let (before, after) = padded.split_at_mut(radius + width);
            for (value, from) in before.iter_mut().zip(&left).chain(after.iter_mut().zip(&right)) {
                *value = row[*from];
            }
            let rows: Vec<&[f32]> = (0..kernel).map(|k| &padded[k..k + line]).collect();
            weigh(out, &weights, &rows);
        }
        let rows: Vec<&[f32]> = (0..height + 2 * radius)
            .map(|i| &across[mirrored(i, radius, height) * line..][..line])
            .collect();
        let mut out = vec![0f32; line];
        let mut values = Vec::with_capacity(width * height);
        for rows in rows.windows(kernel) {
            weigh(&mut out, &weights, rows);
            values.extend_from_slice(&out[..width]);
        }
        Self { width, height, values }
    }
}

/// The larger of two numbers, neither of which is NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
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

/// The sum of weighted rows; weights are the same from both ends. Four pairs of rows at a
/// time, so that sums are read and written less often.
fn weigh(out: &mut [f32], weights: &[f32], rows: &[&[f32]]) {
    let (n, middle) = (out.len(), weights.len() / 2);
    let centre = &rows[middle][..n];
    // Beyond the last pair something that counts nothing.
    let pair = |k: usize| match k < middle {
        true => (weights[k], &rows[k][..n], &rows[rows.len() - 1 - k][..n]),
        false => (0.0, centre, centre),
    };
    wide(
        #[inline(always)]
        || {
            for (out, value) in out.iter_mut().zip(centre) {
                *out = weights[middle] * value;
            }
            for first in (0..middle).step_by(4) {
                let (a, b, c, d) = (pair(first), pair(first + 1), pair(first + 2), pair(first + 3));
                for (i, out) in out.iter_mut().enumerate() {
                    *out += a.0 * (a.1[i] + a.2[i])
                        + b.0 * (b.1[i] + b.2[i])
                        + (c.0 * (c.1[i] + c.2[i]) + d.0 * (d.1[i] + d.2[i]));
                }
            }
        },
    );
}

/// Shrinks a mask by about half the first window and makes its edge soft. Where nothing
/// would be left, it is not shrunk: a mask that was not empty does not become so.
pub fn soften(mask: &Mask, by: Softening) -> Mask {
    let auto = 0.3 * ((by.first as f64 - 1.0) * 0.5 - 1.0) + 0.8;
    let sized = mask.resized(by.size);
    let Some(seen) = sized.seen() else { return mask.clone() };
    // Blurs reach no further than their windows: what is 0 around that stays 0.
    let part = grown(seen, (by.first / 2 + by.second / 2 + 1) as u32, by.size);
    let blurred = sized.cut(part).blurred(by.first, auto).normalized();
    let mut inner = Mask::zeros(blurred.width, blurred.height);
    wide(
        #[inline(always)]
        || {
            for (inner, value) in inner.values.iter_mut().zip(&blurred.values) {
                *inner = if *value >= ONE { 1.0 } else { 0.0 };
            }
        },
    );
    let kept = if inner.is_empty() { &blurred } else { &inner };
    let soft = kept.blurred(by.second, by.sigma).normalized();
    let soft = soft.placed(part, by.size).resized((mask.width, mask.height));
    // A mask of a pixel or two may fall between those of a smaller picture.
    if soft.is_empty() { mask.clone() } else { soft }
}

/// A window with so many pixels more on each side, as far as the mask goes.
fn grown(window: Window, by: u32, (width, height): (usize, usize)) -> Window {
    let span = |from: u32, length: u32, limit: usize| {
        let first = from.saturating_sub(by);
        (first, (from + length + by).min(limit as u32) - first)
    };
    let (x, width) = span(window.x, window.width, width);
    let (y, height) = span(window.y, window.height, height);
    Window { x, y, width, height }
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

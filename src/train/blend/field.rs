//! A real number for each pixel: sized and blurred as OpenCV does it.

use proofmark_base::math::exp;
use proofmark_base::wide::wide;
use proofmark_picture::linear::{Tap, look_up};

/// A number for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

/// Numbers that are computed together.
const LANES: usize = 64;

impl Field {
    /// 0 everywhere.
    pub fn zeros(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// Numbers at the places of rows × columns. `read` gives a row of the source, which has
    /// `width` numbers.
    pub fn sized(
        width: usize,
        read: impl Fn(usize, &mut [f32]),
        rows: &[Tap],
        columns: &[Tap],
    ) -> Self {
        let mut field = Self::zeros(columns.len(), rows.len());
        let mut lines = field.values.chunks_exact_mut(columns.len().max(1));
        let mut row = vec![0f32; width];
        let across = |y: usize, line: &mut [f32]| {
            read(y, &mut row);
            for (out, tap) in line.iter_mut().zip(columns) {
                let [a, b] = tap.weights;
                *out = a * row[tap.first as usize] + b * row[tap.second as usize];
            }
        };
        look_up(rows, columns.len(), across, |[upper, lower], tap| {
            let (Some(out), [a, b]) = (lines.next(), tap.weights) else { return };
            wide(
                #[inline(always)]
                || {
                    for ((out, upper), lower) in out.iter_mut().zip(upper).zip(lower) {
                        *out = a * upper + b * lower;
                    }
                },
            );
        });
        field
    }

    /// The largest number, or 0.
    pub fn top(&self) -> f32 {
        // Many at a time: one after the other, each would wait for the one before.
        let mut tops = vec![0f32; self.width];
        wide(
            #[inline(always)]
            || {
                for row in self.values.chunks_exact(self.width.max(1)) {
                    for (top, value) in tops.iter_mut().zip(row) {
                        *top = if value > top { *value } else { *top };
                    }
                }
            },
        );
        tops.into_iter().fold(0.0, f32::max)
    }

    /// Blurred by a Gaussian in a window of `kernel` pixels; what is beyond the
    /// border is mirrored about its last pixel.
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
    let at = |i: usize| exp(-(i as f64 - middle).powi(2) / (2.0 * sigma * sigma));
    let sum: f64 = (0..kernel).map(at).sum();
    (0..kernel).map(|i| (at(i) / sum) as f32).collect()
}

/// The sum of weighted rows; weights are the same from both ends. Rows are of whole groups of
/// numbers, whose sums stay in registers.
fn weigh(out: &mut [f32], weights: &[f32], rows: &[&[f32]]) {
    let middle = weights.len() / 2;
    let group = |row: &[f32], group: usize| row.as_chunks::<LANES>().0[group];
    wide(
        #[inline(always)]
        || {
            for (place, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let mut sums = group(rows[middle], place);
                for sum in &mut sums {
                    *sum *= weights[middle];
                }
                let pairs = rows[..middle].iter().zip(rows[middle + 1..].iter().rev());
                for (weight, (first, last)) in weights.iter().zip(pairs) {
                    let (first, last) = (group(first, place), group(last, place));
                    for i in 0..LANES {
                        sums[i] += weight * (first[i] + last[i]);
                    }
                }
                *out = sums;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_sum_and_what_is_flat() {
        let flat = Field { width: 9, height: 7, values: vec![0.5; 63] };
        for kernel in [5, 25] {
            let blurred = flat.blurred(kernel, 3.0);
            assert!(blurred.values.iter().all(|v| (v - 0.5).abs() < 1e-6));
        }
        let mut spot = Field::zeros(64, 50);
        spot.values[25 * 64 + 30..][..3].fill(0.7);
        let blurred = spot.blurred(7, 2.0);
        assert!((blurred.values.iter().sum::<f32>() - 2.1).abs() < 1e-5);
        assert!(blurred.top() < 0.3);
    }
}

//! A real number for each pixel: sized and blurred as OpenCV does it.

use proofmark_base::wide::wide;
use proofmark_picture::blur::{Border, convolved, gaussian};
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

    /// Blurred by a Gaussian in a window of `kernel` pixels; what is beyond the border is mirrored
    /// about its last pixel.
    pub fn blurred(&self, kernel: usize, sigma: f64) -> Self {
        let (width, height) = (self.width, self.height);
        let window = gaussian(kernel, sigma);
        let values = convolved(&self.values, (width, height), &window, Border::Mirrored);
        Self { width, height, values }
    }
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

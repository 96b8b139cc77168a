//! Gaussian blur, row by row and then column by column.

use proofmark_base::math::exp;
use proofmark_base::wide::wide;

use super::pixels::Pixels;

/// Numbers that are computed together.
const LANES: usize = 64;

/// What lies beyond the border of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The image, mirrored about its last pixel: OpenCV's `BORDER_REFLECT_101`, PyTorch's `reflect`.
    Mirrored,
    /// Its last pixel, again and again: SciPy's `nearest`.
    Repeated,
}

/// An image blurred by a Gaussian of `sigma` pixels in a window of `kernel` pixels, an odd number. Values
/// are rounded to the nearest byte, a half to the even one.
pub fn blur(image: &Pixels, kernel: usize, sigma: f64, border: Border) -> Pixels {
    let (width, height) = (image.width, image.height);
    let window = gaussian(kernel, sigma);
    let mut rgb = vec![0u8; image.rgb.len()];
    for channel in 0..3 {
        let values: Vec<f32> =
            image.rgb.iter().skip(channel).step_by(3).map(|byte| f32::from(*byte)).collect();
        let blurred = convolved(&values, (width, height), &window, border);
        for (byte, value) in rgb.iter_mut().skip(channel).step_by(3).zip(blurred) {
            *byte = value.round_ties_even() as u8;
        }
    }
    Pixels { width, height, rgb }
}

/// Weights of a Gaussian window of `kernel` pixels, which sum to 1.
pub fn gaussian(kernel: usize, sigma: f64) -> Vec<f32> {
    let middle = (kernel as f64 - 1.0) / 2.0;
    let at = |i: usize| exp(-(i as f64 - middle).powi(2) / (2.0 * sigma * sigma));
    let sum: f64 = (0..kernel).map(at).sum();
    (0..kernel).map(|i| (at(i) / sum) as f32).collect()
}

/// The values of an image (width, height), one a pixel, each the weighted sum of those in a window around
/// it. The weights are those of a row and of a column of the window, and the same from both ends.
pub fn convolved(
    values: &[f32],
    (width, height): (usize, usize),
    weights: &[f32],
    border: Border,
) -> Vec<f32> {
    let kernel = weights.len();
    let radius = kernel / 2;
    let place = |n: usize| move |i| border.place(i, radius, n);
    let left: Vec<usize> = (0..radius).map(place(width)).collect();
    let right: Vec<usize> = (radius + width..width + 2 * radius).map(place(width)).collect();
    // Lines are long enough for whole groups of numbers.
    let line = width.next_multiple_of(LANES);
    let mut across = vec![0f32; line * height];
    let mut padded = vec![0f32; line + 2 * radius];
    let lines = values.chunks_exact(width).zip(across.chunks_exact_mut(line));
    for (row, out) in lines {
        padded[radius..radius + width].copy_from_slice(row);
        let (before, after) = padded.split_at_mut(radius + width);
        for (value, from) in before.iter_mut().zip(&left).chain(after.iter_mut().zip(&right)) {
            *value = row[*from];
        }
        let rows: Vec<&[f32]> = (0..kernel).map(|k| &padded[k..k + line]).collect();
        weigh(out, weights, &rows);
    }
    let rows: Vec<&[f32]> = (0..height + 2 * radius)
        .map(|i| &across[border.place(i, radius, height) * line..][..line])
        .collect();
    let mut out = vec![0f32; line];
    let mut blurred = Vec::with_capacity(width * height);
    for rows in rows.windows(kernel) {
        weigh(&mut out, weights, rows);
        blurred.extend_from_slice(&out[..width]);
    }
    blurred
}

impl Border {
    /// The place in 0 .. n of what place `i` holds, counted from `radius` in front of the first.
    fn place(self, i: usize, radius: usize, n: usize) -> usize {
        let at = i as isize - radius as isize;
        match self {
            Self::Repeated => at.clamp(0, n as isize - 1) as usize,
            Self::Mirrored if n == 1 => 0,
            Self::Mirrored => {
                let period = 2 * (n - 1);
                let at = at.rem_euclid(period as isize) as usize;
                at.min(period - at)
            }
        }
    }
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

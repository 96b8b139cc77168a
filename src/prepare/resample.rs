//! Resizing to the byte as Pillow does up to version 12: across, then down, each pass in
//! 22-bit fixed point and rounded to a byte, with the filter widened when shrinking.

use super::crop::{Filter, Window};
use crate::wide::wide;

/// Bits behind the point of a weight.
const PRECISION: u32 = 22;
/// A half, which makes the shift round.
const HALF: i32 = 1 << (PRECISION - 1);

/// Resizes `window` of an RGB image of this width (3 bytes a pixel) to `side` × `side`.
/// No pixel outside the window counts.
pub fn resize(rgb: &[u8], width: u32, window: Window, side: u32, filter: Filter) -> Vec<u8> {
    let columns = weights(window.width, side, filter);
    let rows = weights(window.height, side, filter);
    let (row, first) = (3 * width as usize, 3 * window.x as usize);
    let lines = (window.y as usize..).take(window.height as usize).map(|y| {
        let start = y * row + first;
        &rgb[start..start + 3 * window.width as usize]
    });
    wide(
        #[inline(always)]
        || vertical(&horizontal(lines, &columns), &rows, side as usize),
    )
}

/// What an output pixel is made of.
struct Taps {
    /// The first input pixel.
    first: usize,
    /// Weights of it and those after it, in fixed point; they sum to 1.
    weights: Vec<i32>,
}

/// The taps of `outputs` pixels along a line of `inputs`.
fn weights(inputs: u32, outputs: u32, filter: Filter) -> Vec<Taps> {
    let scale = f64::from(inputs) / f64::from(outputs);
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let taps = |output: u32| {
        let centre = (f64::from(output) + 0.5) * scale;
        let first = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(inputs as usize);
        let at = |input: usize| filter.at((input as f64 - centre + 0.5) / stretch);
        let sum: f64 = (first..end).map(at).sum();
        let fixed = |weight: f64| (weight / sum * f64::from(1 << PRECISION)).round() as i32;
        Taps { first, weights: (first..end).map(|input| fixed(at(input))).collect() }
    };
    (0..outputs).map(taps).collect()
}

impl Filter {
    /// Where it ends, in pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// Its value this far from its centre.
    fn at(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => ((x - 5.0) * x + 8.0) * x * -0.5 + 2.0,
            _ => 0.0,
        }
    }
}

/// Two neighbours of every output of a line, and their weights.
struct Pairs {
    /// The byte where each pair begins.
    places: Vec<u32>,
    left: Vec<i32>,
    right: Vec<i32>,
}

/// Every line by itself: the first two pixels of every output are looked up and weighted,
/// then the next two, and so on. Red, green and blue of an output line lie apart.
#[inline(always)]
fn horizontal<'a>(lines: impl Iterator<Item = &'a [u8]>, columns: &[Taps]) -> Vec<u8> {
    let n = columns.len();
    let most = columns.iter().map(|taps| taps.weights.len()).max().unwrap_or(0);
    // Outputs of fewer pixels take some of weight 0 more.
    let weights = |i: usize| {
        columns.iter().map(move |taps| taps.weights.get(i).copied().unwrap_or(0)).collect()
    };
    let pairs: Vec<Pairs> = (0..most)
        .step_by(2)
        .map(|i| Pairs {
            places: columns.iter().map(|taps| 3 * (taps.first + i) as u32).collect(),
            left: weights(i),
            right: weights(i + 1),
        })
        .collect();
    let mut out = vec![0; lines.size_hint().0 * 3 * n];
    let mut padded = Vec::new();
    let mut found = vec![0u64; n];
    let mut sums = vec![0; 3 * n];
    for (line, out) in lines.zip(out.chunks_exact_mut(3 * n)) {
        padded.clear();
        padded.extend_from_slice(line);
        // A pair is read as eight bytes, and those of weight 0 may lie behind the line.
        padded.resize(line.len() + 3 * most + 8, 0);
        sums.fill(HALF);
        for Pairs { places, left, right } in &pairs {
            for (pair, place) in found.iter_mut().zip(places) {
                let place = *place as usize;
                *pair = u64::from_le_bytes(padded[place..place + 8].try_into().unwrap());
            }
            let found = &found[..n];
            let (left, right) = (&left[..n], &right[..n]);
            let (red, rest) = sums.split_at_mut(n);
            let (green, blue) = rest.split_at_mut(n);
            let blue = &mut blue[..n];
            for i in 0..n {
                let (first, second) = (found[i] as u32, (found[i] >> 24) as u32);
                let weigh = |sum, shift| {
                    plus(plus(sum, left[i], (first >> shift) as u8), right[i], (second >> shift) as u8)
                };
                red[i] = weigh(red[i], 0);
                green[i] = weigh(green[i], 8);
                blue[i] = weigh(blue[i], 16);
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            *out = to_byte(*sum);
        }
    }
    out
}

/// Every column by itself; red, green and blue of a line of `side` pixels lie apart.
#[inline(always)]
fn vertical(lines: &[u8], rows: &[Taps], side: usize) -> Vec<u8> {
    let length = 3 * side;
    let mut out = vec![0; rows.len() * length];
    let mut sums = vec![0; length];
    let mut bytes = vec![0; length];
    for (taps, out) in rows.iter().zip(out.chunks_exact_mut(length)) {
        sums.fill(HALF);
        for (i, weights) in taps.weights.chunks(2).enumerate() {
            let first = (taps.first + 2 * i) * length;
            let line = |i: usize| &lines[first + i * length..][..length];
            if let [above, below] = weights {
                for ((sum, upper), lower) in sums.iter_mut().zip(line(0)).zip(line(1)) {
                    *sum = plus(plus(*sum, *above, *upper), *below, *lower);
                }
            } else {
                for (sum, value) in sums.iter_mut().zip(line(0)) {
                    *sum = plus(*sum, weights[0], *value);
                }
            }
        }
        for (byte, sum) in bytes.iter_mut().zip(&sums) {
            *byte = to_byte(*sum);
        }
        let (red, rest) = bytes.split_at(side);
        let (green, blue) = rest.split_at(side);
        for (((out, r), g), b) in out.as_chunks_mut().0.iter_mut().zip(red).zip(green).zip(blue) {
            *out = [*r, *g, *b];
        }
    }
    out
}

/// Adds a weighted byte. Weights of either sign sum to at most 1.5 in size, so that no
/// sum leaves 32 bits; checking would keep the loops out of wide registers.
#[inline(always)]
fn plus(sum: i32, weight: i32, value: u8) -> i32 {
    sum.wrapping_add(weight.wrapping_mul(i32::from(value)))
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn one_colour_stays_one_colour(
            side in 1u32..40, (x, y, width, height) in (0u32..9, 0u32..9, 1u32..30, 1u32..30),
            colour: [u8; 3], bicubic: bool,
        ) {
            let image: Vec<u8> = (0..40 * 40).flat_map(|_| colour).collect();
            let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
            let out = resize(&image, 40, Window { x, y, width, height }, side, filter);
            prop_assert_eq!(out.len() as u32, 3 * side * side);
            prop_assert!(out.chunks(3).all(|pixel| pixel == colour));
        }

        #[test]
        fn the_same_size_is_the_same_image(side in 1u32..20, seed: u8, bicubic: bool) {
            let image: Vec<u8> = (0..3 * side * side)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed.into()) >> 13) as u8)
                .collect();
            let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
            let out = resize(&image, side, Window::whole(side, side), side, filter);
            prop_assert_eq!(out, image);
        }
    }
}

//! Resizing to the byte as Pillow does up to version 12: across, then down, each pass in
//! 22-bit fixed point and rounded to a byte, with the filter widened when shrinking.

use std::ops::Range;

use proofmark_base::wide::wide;

/// A part of an image, in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Window {
    /// All of an image.
    pub fn whole(width: u32, height: u32) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// The largest centred square.
    pub fn centre_square(width: u32, height: u32) -> Self {
        let side = width.min(height);
        Self { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side }
    }
}

/// How pixels are interpolated, with antialiasing when shrinking, as Pillow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Triangle, support 1.
    Bilinear,
    /// Keys cubic with a = -0.5, support 2.
    Bicubic,
}

/// Bits behind the point of a weight.
const PRECISION: u32 = 22;
/// A half, which makes the shift round.
const HALF: i32 = 1 << (PRECISION - 1);

/// Resizes `window` of an RGB image of this width (3 bytes a pixel) to `side` × `side`.
/// No pixel outside the window counts.
pub fn resize(rgb: &[u8], width: u32, window: Window, side: u32, filter: Filter) -> Vec<u8> {
    resize_to(rgb, width, window, (side, side), filter)
}

/// [`resize`] to a size (width, height).
pub fn resize_to(
    rgb: &[u8],
    width: u32,
    window: Window,
    size: (u32, u32),
    filter: Filter,
) -> Vec<u8> {
    let row = 3 * width as usize;
    let start = window.y as usize * row + 3 * window.x as usize;
    let lines = (0..window.height as usize).map(|y| &rgb[start + y * row..]);
    wide(
        #[inline(always)]
        || {
            let columns = Taps::of(window.width, size.0, filter);
            let rows = Taps::of(window.height, size.1, filter);
            vertical(&horizontal(lines, &columns, rows.each), &rows, size.0 as usize)
        },
    )
}

/// What the output pixels along a line are made of.
struct Taps {
    /// The first input pixel of each output pixel.
    first: Vec<usize>,
    /// How many weights an output pixel has: an even number.
    each: usize,
    /// Weights of the first input pixel and those after it, in fixed point. Those of an output
    /// pixel sum to 1 and may end in zeros.
    weights: Vec<i32>,
}

impl Taps {
    /// The taps of `outputs` pixels along a line of `inputs`.
    #[inline(always)]
    fn of(inputs: u32, outputs: u32, filter: Filter) -> Self {
        let scale = f64::from(inputs) / f64::from(outputs);
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let centres: Vec<f64> = (0..outputs).map(|i| (f64::from(i) + 0.5) * scale).collect();
        let ranges: Vec<Range<usize>> = centres
            .iter()
            .map(|centre| {
                let first = (centre - support + 0.5).max(0.0) as usize;
                first..((centre + support + 0.5) as usize).min(inputs as usize)
            })
            .collect();
        let most = ranges.iter().map(Range::len).max().unwrap_or(0);
        let each = most.max(1).next_multiple_of(2);
        let mut weights = vec![0; each * centres.len()];
        let mut exact = vec![0.0; most];
        for ((centre, range), weights) in
            centres.iter().zip(&ranges).zip(weights.chunks_exact_mut(each))
        {
            let exact = &mut exact[..range.len()];
            for (input, exact) in range.clone().zip(exact.iter_mut()) {
                *exact = filter.at((input as f64 - centre + 0.5) / stretch);
            }
            let sum: f64 = exact.iter().sum();
            for (weight, exact) in weights.iter_mut().zip(exact) {
                *weight = (*exact / sum * f64::from(1 << PRECISION)).round() as i32;
            }
        }
        Self { first: ranges.iter().map(|range| range.start).collect(), each, weights }
    }
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

/// Every line by itself: the first two pixels of every output are looked up and weighted,
/// then the next two, and so on. A line may go on behind the window. Red, green and blue of
/// an output line lie apart, and `behind` empty lines follow.
#[inline(always)]
fn horizontal<'a>(
    lines: impl ExactSizeIterator<Item = &'a [u8]>,
    columns: &Taps,
    behind: usize,
) -> Vec<u8> {
    let n = columns.first.len();
    // Two neighbours of every output: the byte where they begin, and their weights.
    let pairs: Vec<(Vec<u32>, Vec<[i32; 2]>)> = (0..columns.each)
        .step_by(2)
        .map(|i| {
            let weights = columns.weights.chunks_exact(columns.each);
            (
                columns.first.iter().map(|first| 3 * (first + i) as u32).collect(),
                weights.map(|weights| [weights[i], weights[i + 1]]).collect(),
            )
        })
        .collect();
    // A pair is read as eight bytes, and one of weight 0 may lie behind the line.
    let length = 3 * (columns.first.last().unwrap_or(&0) + columns.each) + 2;
    let mut padded = Vec::new();
    let mut found = vec![0u64; n];
    let mut sums = vec![0; 3 * n];
    let mut out = vec![0; (lines.len() + behind) * 3 * n];
    for (line, out) in lines.zip(out.chunks_exact_mut(3 * n)) {
        // At the end of the image nothing may be there.
        let line = line.get(..length).unwrap_or_else(|| {
            padded.clear();
            padded.extend_from_slice(line);
            padded.resize(length, 0);
            &padded
        });
        sums.fill(HALF);
        for (places, weights) in &pairs {
            for (pair, place) in found.iter_mut().zip(places) {
                let place = *place as usize;
                let bytes = line[place..place + 8].try_into().expect("eight bytes");
                *pair = u64::from_le_bytes(bytes);
            }
            // Slices of one length, so that the loop needs no checks.
            let (found, weights) = (&found[..n], &weights[..n]);
            let (red, rest) = sums.split_at_mut(n);
            let (green, blue) = rest.split_at_mut(n);
            let blue = &mut blue[..n];
            for i in 0..n {
                let (first, second) = (found[i] as u32, (found[i] >> 24) as u32);
                let add = |sum, shift| {
                    let sum = plus(sum, weights[i][0], (first >> shift) as u8);
                    plus(sum, weights[i][1], (second >> shift) as u8)
                };
                red[i] = add(red[i], 0);
                green[i] = add(green[i], 8);
                blue[i] = add(blue[i], 16);
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            *out = to_byte(*sum);
        }
    }
    out
}

/// Every column by itself; red, green and blue of a line of `width` pixels lie apart.
#[inline(always)]
fn vertical(lines: &[u8], rows: &Taps, width: usize) -> Vec<u8> {
    let length = 3 * width;
    let mut sums = vec![0; length];
    let mut bytes = vec![0; length];
    let mut out = vec![0; rows.first.len() * length];
    let taps = rows.first.iter().zip(rows.weights.chunks_exact(rows.each));
    for ((first, weights), out) in taps.zip(out.chunks_exact_mut(length)) {
        let lines = &lines[first * length..];
        if let [one, two] = *weights {
            // Most faces are enlarged, and sums of two need no memory.
            let (upper, rest) = lines.split_at(length);
            for ((byte, upper), lower) in bytes.iter_mut().zip(upper).zip(rest) {
                *byte = to_byte(plus(plus(HALF, one, *upper), two, *lower));
            }
        } else {
            sums.fill(HALF);
            let pairs = weights.chunks_exact(2).zip(lines.chunks_exact(2 * length));
            for (weights, lines) in pairs {
                let (upper, lower) = lines.split_at(length);
                for ((sum, upper), lower) in sums.iter_mut().zip(upper).zip(lower) {
                    *sum = plus(plus(*sum, weights[0], *upper), weights[1], *lower);
                }
            }
            for (byte, sum) in bytes.iter_mut().zip(&sums) {
                *byte = to_byte(*sum);
            }
        }
        let (red, rest) = bytes.split_at(width);
        let (green, blue) = rest.split_at(width);
        let (pixels, _) = out.as_chunks_mut();
        for (((pixel, r), g), b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
            *pixel = [*r, *g, *b];
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

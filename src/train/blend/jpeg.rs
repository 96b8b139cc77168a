//! What JPEG leaves of an image, without the file: colours apart, chroma at half the size,
//! blocks of 8 x 8 as cosines rounded to the steps of a quality, and back, as libjpeg does
//! it. What a file does beyond that loses nothing.

use super::channels::{LANES, apart, together};
use super::resample::byte;
use crate::train::augment::pixels::Pixels;
use crate::wide::wide;

/// Steps of brightness at quality 50 (ISO 10918-1, table K.1).
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// Steps of colour at quality 50 (table K.2).
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];
/// Rows of a block of brightness and colour together.
const UNIT: usize = 16;
/// Columns of two blocks side by side, which are computed together.
const TWO: usize = 16;

/// Two blocks side by side.
type Blocks = [[f32; TWO]; 8];
/// Row u is frequency u.
type Cosines = [[f32; 8]; 8];

/// One channel. Its width is a multiple of two blocks, its height of one.
struct Plane {
    width: usize,
    values: Vec<f32>,
}

/// An image as a JPEG file of this quality, 1 to 100, would give it back.
pub fn jpeg(image: &Pixels, quality: u32) -> Pixels {
    let cosines = cosines();
    let [mut luma, blue, red] = planes(image);
    luma.quantize(&steps(&LUMA, quality), &cosines);
    let [blue, red] = [blue, red].map(|plane| {
        let mut small = plane.halved();
        small.quantize(&steps(&CHROMA, quality), &cosines);
        small
    });
    let (width, height) = (image.width, image.height);
    let mut rgb = vec![0u8; width * height * 3];
    let [mut blues, mut reds] = [0; 2].map(|_| vec![0f32; luma.width]);
    let mut mixed = vec![0f32; luma.width];
    let mut line = vec![[0u8; 3]; luma.width];
    let rows = rgb.chunks_exact_mut(width * 3).zip(luma.values.chunks_exact(luma.width));
    for (y, (out, lumas)) in rows.enumerate() {
        blue.enlarged_row(y, (width, height), &mut mixed, &mut blues);
        red.enlarged_row(y, (width, height), &mut mixed, &mut reds);
        let runs = [lumas, &blues, &reds].map(|line| line.as_chunks::<LANES>().0);
        wide(
            #[inline(always)]
            || {
                for (run, out) in line.as_chunks_mut().0.iter_mut().enumerate() {
                    let [y, cb, cr] = runs.map(|runs| &runs[run]);
                    let mut pixels = [[0; LANES]; 3];
                    for i in 0..LANES {
                        let (y, cb, cr) = (y[i], cb[i] - 128.0, cr[i] - 128.0);
                        pixels[0][i] = rounded(y + 1.402 * cr);
                        pixels[1][i] = rounded(y - 0.344_136 * cb - 0.714_136 * cr);
                        pixels[2][i] = rounded(y + 1.772 * cb);
                    }
                    together(&pixels, out);
                }
            },
        );
        out.copy_from_slice(&line.as_flattened()[..out.len()]);
    }
    Pixels { width, height, rgb }
}

/// The nearest byte.
#[inline(always)]
fn rounded(value: f32) -> u8 {
    byte(value.clamp(0.0, 255.0))
}

/// The steps of a quality.
fn steps(at_50: &[u16; 64], quality: u32) -> [f32; 64] {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    at_50.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as f32)
}

/// Brightness, blueness and redness, with the border repeated up to whole blocks.
fn planes(image: &Pixels) -> [Plane; 3] {
    let width = image.width.next_multiple_of(2 * TWO);
    let height = image.height.next_multiple_of(UNIT);
    let mut planes = [0; 3].map(|_| Plane { width, values: vec![0.0; width * height] });
    // A row with its last pixel repeated.
    let mut pixels = vec![[0; 3]; width];
    for y in 0..height {
        let row = &image.rgb[y.min(image.height - 1) * image.width * 3..][..image.width * 3];
        let (inside, beyond) = pixels.split_at_mut(image.width);
        inside.copy_from_slice(row.as_chunks().0);
        beyond.fill(inside[image.width - 1]);
        let mut lines = planes.each_mut().map(|plane| &mut plane.values[y * width..][..width]);
        let mut runs = lines.each_mut().map(|line| line.as_chunks_mut::<LANES>().0);
        wide(
            #[inline(always)]
            || {
                for (run, pixels) in pixels.as_chunks().0.iter().enumerate() {
                    let [r, g, b] = apart(pixels);
                    let [luma, blue, red] = &mut runs;
                    let (luma, blue, red) = (&mut luma[run], &mut blue[run], &mut red[run]);
                    for i in 0..LANES {
                        let (r, g, b) = (f32::from(r[i]), f32::from(g[i]), f32::from(b[i]));
                        luma[i] = (0.299 * r + 0.587 * g + 0.114 * b + 0.5).floor();
                        blue[i] = (-0.168_736 * r - 0.331_264 * g + 0.5 * b + 128.5).floor();
                        red[i] = (0.5 * r - 0.418_688 * g - 0.081_312 * b + 128.5).floor();
                    }
                }
            },
        );
    }
    planes
}

impl Plane {
    /// Means of 2 x 2; a half is rounded down and up in turn, as in libjpeg.
    fn halved(&self) -> Self {
        let width = self.width / 2;
        let mut values = vec![0f32; self.values.len() / 4];
        let bands = self.values.chunks_exact(2 * self.width);
        for (out, rows) in values.chunks_exact_mut(width).zip(bands) {
            let (upper, lower) = rows.split_at(self.width);
            let fours = upper.as_chunks::<4>().0.iter().zip(lower.as_chunks::<4>().0);
            wide(
                #[inline(always)]
                || {
                    for (out, (a, b)) in out.as_chunks_mut::<2>().0.iter_mut().zip(fours) {
                        *out = [
                            (0.25 * (a[0] + a[1] + b[0] + b[1] + 1.0)).floor(),
                            (0.25 * (a[2] + a[3] + b[2] + b[3] + 2.0)).floor(),
                        ];
                    }
                },
            );
        }
        Self { width, values }
    }

    /// Rounds the cosines of every block to steps.
    fn quantize(&mut self, steps: &[f32; 64], cosines: &Cosines) {
        // Frequencies are met with rows and columns exchanged.
        let steps: Blocks =
            std::array::from_fn(|u| std::array::from_fn(|i| steps[8 * (i % 8) + u]));
        let parts = steps.map(|steps| steps.map(|step| 1.0 / step));
        for band in self.values.chunks_exact_mut(8 * self.width) {
            let mut lines: Vec<_> = band
                .chunks_exact_mut(self.width)
                .map(|line| line.as_chunks_mut::<TWO>().0)
                .collect();
            let Ok(lines) = <&mut [_; 8]>::try_from(&mut lines[..]) else { continue };
            wide(
                #[inline(always)]
                || {
                    for x in 0..lines[0].len() {
                        let mut blocks = Blocks::default();
                        for (row, line) in blocks.iter_mut().zip(&*lines) {
                            for (out, value) in row.iter_mut().zip(&line[x]) {
                                *out = value - 128.0;
                            }
                        }
                        let blocks = transposed(&forward(cosines, &blocks));
                        let mut freq = forward(cosines, &blocks);
                        for ((freq, steps), parts) in freq.iter_mut().zip(&steps).zip(&parts) {
                            for ((freq, step), part) in freq.iter_mut().zip(steps).zip(parts) {
                                *freq = (*freq * part).round_ties_even() * step;
                            }
                        }
                        let blocks = transposed(&inverse(cosines, &freq));
                        for (line, row) in lines.iter_mut().zip(&inverse(cosines, &blocks)) {
                            for (out, value) in line[x].iter_mut().zip(row) {
                                *out = (value + 128.5).floor().clamp(0.0, 255.0);
                            }
                        }
                    }
                },
            );
        }
    }

    /// Row `y` of an image of (width, height) at twice the size: three quarters of the
    /// nearest value, one of the next, both ways.
    fn enlarged_row(
        &self,
        y: usize,
        (width, height): (usize, usize),
        mixed: &mut [f32],
        out: &mut [f32],
    ) {
        let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
        let near = y / 2;
        let far =
            if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let [near, far] = [near, far].map(|row| &self.values[row * self.width..][..columns]);
        // The border goes on by a value on both sides.
        let mixed = &mut mixed[..columns + 2];
        wide(
            #[inline(always)]
            || {
                for ((mixed, near), far) in mixed[1..].iter_mut().zip(near).zip(far) {
                    *mixed = 3.0 * near + far;
                }
                mixed[0] = mixed[1];
                mixed[columns + 1] = mixed[columns];
                let (before, this, after) = (&*mixed, &mixed[1..=columns], &mixed[2..]);
                let twos = out.as_chunks_mut::<2>().0.iter_mut();
                for (((two, before), this), after) in twos.zip(before).zip(this).zip(after) {
                    // Of whole numbers a shift cuts off the rest.
                    two[0] = ((3.0 * this + before + 8.0) * (1.0 / 16.0)).floor();
                    two[1] = ((3.0 * this + after + 7.0) * (1.0 / 16.0)).floor();
                }
            },
        );
    }
}

/// The orthonormal cosines: row u is frequency u.
fn cosines() -> Cosines {
    std::array::from_fn(|u| {
        let scale = if u == 0 { (1.0f64 / 8.0).sqrt() } else { 0.5 };
        std::array::from_fn(|x| {
            let angle = std::f64::consts::PI * (2 * x + 1) as f64 * u as f64 / 16.0;
            (scale * angle.cos()) as f32
        })
    })
}

/// The cosines of columns. Each is the same from both ends, but for its sign.
#[inline(always)]
fn forward(cosines: &Cosines, columns: &Blocks) -> Blocks {
    let (mut sums, mut differences) = ([[0f32; TWO]; 4], [[0f32; TWO]; 4]);
    for k in 0..4 {
        for i in 0..TWO {
            sums[k][i] = columns[k][i] + columns[7 - k][i];
            differences[k][i] = columns[k][i] - columns[7 - k][i];
        }
    }
    let mut out = Blocks::default();
    for u in [0, 2, 4, 6] {
        weigh(&cosines[u], &sums, &mut out[u]);
        weigh(&cosines[u + 1], &differences, &mut out[u + 1]);
    }
    out
}

/// Columns of their cosines.
#[inline(always)]
fn inverse(cosines: &Cosines, freq: &Blocks) -> Blocks {
    let even = [freq[0], freq[2], freq[4], freq[6]];
    let odd = [freq[1], freq[3], freq[5], freq[7]];
    let mut out = Blocks::default();
    for k in 0..4 {
        let (mut sums, mut differences) = ([0f32; TWO], [0f32; TWO]);
        let weights = |from: usize| [0, 2, 4, 6].map(|u| cosines[from + u][k]);
        weigh(&weights(0), &even, &mut sums);
        weigh(&weights(1), &odd, &mut differences);
        for i in 0..TWO {
            out[k][i] = sums[i] + differences[i];
            out[7 - k][i] = sums[i] - differences[i];
        }
    }
    out
}

/// The weighted sum of four rows, by the first four weights.
#[inline(always)]
fn weigh(weights: &[f32], rows: &[[f32; TWO]; 4], out: &mut [f32; TWO]) {
    let (a, b, c, d) = (weights[0], weights[1], weights[2], weights[3]);
    for i in 0..TWO {
        out[i] = a * rows[0][i] + b * rows[1][i] + (c * rows[2][i] + d * rows[3][i]);
    }
}

/// Rows and columns of each of two blocks exchanged.
#[inline(always)]
fn transposed(blocks: &Blocks) -> Blocks {
    let mut out = Blocks::default();
    for y in 0..8 {
        for x in 0..8 {
            out[y][x] = blocks[x][y];
            out[y][8 + x] = blocks[x][8 + y];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize) -> Pixels {
        let value = |i: usize| (128.0 + 90.0 * (i as f64 * 0.01).sin()) as u8;
        Pixels { width, height, rgb: (0..width * height * 3).map(value).collect() }
    }

    fn error(a: &Pixels, b: &Pixels) -> f64 {
        let sum: u64 = a.rgb.iter().zip(&b.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / a.rgb.len() as f64
    }

    #[test]
    fn less_quality_leaves_less() {
        let image = image(50, 37);
        let [low, middle, high] = [10, 40, 100].map(|q| error(&jpeg(&image, q), &image));
        assert!(high < middle && middle < low, "{high} {middle} {low}");
        assert!(high < 6.0);
    }

    #[test]
    fn a_flat_grey_image_stays() {
        let flat = Pixels { width: 17, height: 16, rgb: vec![77; 17 * 16 * 3] };
        assert!(error(&jpeg(&flat, 90), &flat) <= 1.0);
    }

    #[test]
    fn steps_are_those_of_libjpeg() {
        assert_eq!(steps(&LUMA, 50)[..3], [16.0, 11.0, 10.0]);
        assert_eq!(steps(&LUMA, 100), [1.0; 64]);
        assert_eq!(steps(&LUMA, 75)[0], 8.0);
        assert_eq!(steps(&CHROMA, 1)[63], 255.0);
    }
}

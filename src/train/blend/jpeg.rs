//! What JPEG leaves of an image, without the file: colours apart, chroma at half the size,
//! blocks of 8 x 8 as cosines rounded to the steps of a quality, and back, as libjpeg does
//! it. What a file does beyond that loses nothing.

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
/// Pixels of a block of brightness and colour together.
const UNIT: usize = 16;

type Block = [[f32; 8]; 8];

/// One channel; sides are multiples of 8.
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
    let mut lines = [vec![0f32; width], vec![0f32; width]];
    for y in 0..height {
        let [blues, reds] = &mut lines;
        blue.enlarged_row(y, height, blues);
        red.enlarged_row(y, height, reds);
        let row = luma.values[y * luma.width..][..width].iter().zip(&*blues).zip(&*reds);
        let out = rgb[y * width * 3..][..width * 3].as_chunks_mut::<3>().0;
        wide(
            #[inline(always)]
            || {
                for (out, ((y, cb), cr)) in out.iter_mut().zip(row) {
                    let (cb, cr) = (cb - 128.0, cr - 128.0);
                    let colour =
                        [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
                    *out = colour.map(|v| byte(v.clamp(0.0, 255.0)));
                }
            },
        );
    }
    Pixels { width, height, rgb }
}

/// The steps of a quality.
fn steps(at_50: &[u16; 64], quality: u32) -> [f32; 64] {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    at_50.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as f32)
}

/// Brightness, blueness and redness, with the border repeated up to whole units.
fn planes(image: &Pixels) -> [Plane; 3] {
    let width = image.width.next_multiple_of(UNIT);
    let height = image.height.next_multiple_of(UNIT);
    let mut planes = [0; 3].map(|_| Plane { width, values: vec![0.0; width * height] });
    for y in 0..height {
        let row = &image.rgb[y.min(image.height - 1) * image.width * 3..][..image.width * 3];
        let pixels = row.as_chunks::<3>().0;
        let [luma, blue, red] =
            planes.each_mut().map(|plane| &mut plane.values[y * width..][..width]);
        wide(
            #[inline(always)]
            || {
                for (((pixel, y), cb), cr) in
                    pixels.iter().zip(&mut *luma).zip(&mut *blue).zip(&mut *red)
                {
                    let [r, g, b] = pixel.map(f32::from);
                    *y = (0.299 * r + 0.587 * g + 0.114 * b + 0.5).floor();
                    *cb = (-0.168_736 * r - 0.331_264 * g + 0.5 * b + 128.5).floor();
                    *cr = (0.5 * r - 0.418_688 * g - 0.081_312 * b + 128.5).floor();
                }
            },
        );
        for line in [luma, blue, red] {
            let last = line[image.width - 1];
            line[image.width..].fill(last);
        }
    }
    planes
}

impl Plane {
    /// Means of 2 x 2; a half is rounded down and up in turn, as in libjpeg.
    fn halved(&self) -> Self {
        let width = self.width / 2;
        let mut values = Vec::with_capacity(self.values.len() / 4);
        for rows in self.values.chunks_exact(2 * self.width) {
            let (upper, lower) = rows.split_at(self.width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            values.extend(pairs.enumerate().map(|(i, (a, b))| {
                // Whole numbers, of which a shift cuts off the rest.
                let sum = (a[0] + a[1] + b[0] + b[1]) as i32 + 1 + (i % 2) as i32;
                (sum >> 2) as f32
            }));
        }
        Self { width, values }
    }

    /// Rounds the cosines of every block to steps.
    fn quantize(&mut self, steps: &[f32; 64], cosines: &Block) {
        let width = self.width;
        let steps: &Block = steps.as_chunks::<8>().0.try_into().expect("eight rows of eight");
        wide(
            #[inline(always)]
            || {
                for band in self.values.chunks_exact_mut(8 * width) {
                    for x in (0..width).step_by(8) {
                        let mut block = Block::default();
                        for (row, line) in block.iter_mut().zip(band.chunks_exact(width)) {
                            for i in 0..8 {
                                row[i] = line[x + i] - 128.0;
                            }
                        }
                        // C B C', rounded, and C' Q C.
                        let mut freq = transform(cosines, &block);
                        for (row, steps) in freq.iter_mut().zip(steps) {
                            for i in 0..8 {
                                row[i] = (row[i] / steps[i]).round_ties_even() * steps[i];
                            }
                        }
                        let block = inverse(cosines, &freq);
                        for (row, line) in block.iter().zip(band.chunks_exact_mut(width)) {
                            for i in 0..8 {
                                line[x + i] = (row[i] + 128.5).floor().clamp(0.0, 255.0);
                            }
                        }
                    }
                }
            },
        );
    }

    /// Row `y` of `height` at twice the size: three quarters of the nearest value, one of
    /// the next, both ways.
    fn enlarged_row(&self, y: usize, height: usize, out: &mut [f32]) {
        let (rows, columns) = (height.div_ceil(2), out.len().div_ceil(2));
        let near = y / 2;
        let far =
            if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let [near, far] = [near, far].map(|row| &self.values[row * self.width..][..columns]);
        // Whole numbers, of which a shift cuts off the rest.
        let mixed: Vec<i32> =
            near.iter().zip(far).map(|(near, far)| 3 * *near as i32 + *far as i32).collect();
        for (x, two) in out.chunks_mut(2).enumerate() {
            let this = 3 * mixed[x];
            two[0] = ((this + mixed[x.saturating_sub(1)] + 8) >> 4) as f32;
            if let Some(second) = two.get_mut(1) {
                *second = ((this + mixed[(x + 1).min(columns - 1)] + 7) >> 4) as f32;
            }
        }
    }
}

/// The orthonormal cosines: row u is frequency u.
fn cosines() -> Block {
    std::array::from_fn(|u| {
        let scale = if u == 0 { (1.0f64 / 8.0).sqrt() } else { 0.5 };
        std::array::from_fn(|x| {
            let angle = std::f64::consts::PI * (2 * x + 1) as f64 * u as f64 / 16.0;
            (scale * angle.cos()) as f32
        })
    })
}

#[inline(always)]
fn product(a: &Block, b: &Block) -> Block {
    let mut out = Block::default();
    for i in 0..8 {
        for k in 0..8 {
            for j in 0..8 {
                out[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    out
}

#[inline(always)]
fn transposed(a: &Block) -> Block {
    let mut out = Block::default();
    for i in 0..8 {
        for j in 0..8 {
            out[i][j] = a[j][i];
        }
    }
    out
}

#[inline(always)]
fn transform(cosines: &Block, block: &Block) -> Block {
    product(&product(cosines, block), &transposed(cosines))
}

#[inline(always)]
fn inverse(cosines: &Block, freq: &Block) -> Block {
    product(&product(&transposed(cosines), freq), cosines)
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

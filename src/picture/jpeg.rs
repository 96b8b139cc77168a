//! What JPEG leaves of an image, without the file: colours apart, chroma at half the size,
//! blocks of 8 x 8 as cosines rounded to the steps of a quality, and back, to the byte as
//! libjpeg does it. What a file does beyond that loses nothing.

use std::num::Wrapping;

use super::channels::Channels;
use super::colour::{BITS, HALF, fix, number, to_rgb};
use super::dct::{BLOCK, quantize};
use super::enlarge::{self, neighbour};
use super::pixels::Pixels;
use proofmark_base::wide::wide;

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
/// Rows and columns of a block of brightness and colour together.
const UNIT: usize = 2 * BLOCK;

/// One channel. Its sides are multiples of [`BLOCK`].
struct Plane {
    width: usize,
    values: Vec<u8>,
}

/// An image of at least a pixel as a JPEG file of this quality, 1 to 100, with 4:2:0 and the
/// standard's tables (ISO 10918-1, annex K) would give it back, at the same size.
pub fn jpeg(image: &Pixels, quality: u32) -> Pixels {
    let [mut luma, mut blue, mut red] = planes(image);
    quantize(&mut luma.values, luma.width, &steps(&LUMA, quality));
    for plane in [&mut blue, &mut red] {
        quantize(&mut plane.values, plane.width, &steps(&CHROMA, quality));
    }
    let (width, height) = (image.width, image.height);
    let mut rgb = vec![0u8; width * height * 3];
    let rows = rgb.as_chunks_mut::<3>().0.chunks_exact_mut(width);
    let mut channels = Channels::new(width);
    let mut mixed = Vec::new();
    let [mut blues, mut reds] = [0; 2].map(|_| vec![0; blue.width * 2]);
    for (y, (out, lumas)) in rows.zip(luma.values.chunks_exact(luma.width)).enumerate() {
        blue.enlarged_row(y, (width, height), &mut mixed, &mut blues);
        red.enlarged_row(y, (width, height), &mut mixed, &mut reds);
        to_rgb([lumas, &blues, &reds], &mut channels);
        channels.get(out);
    }
    Pixels { width, height, rgb }
}

/// The steps of a quality.
fn steps(at_50: &[u16; 64], quality: u32) -> [u16; 64] {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    at_50.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as u16)
}

/// Brightness, and blueness and redness at half the size, each with its border repeated up
/// to whole blocks.
fn planes(image: &Pixels) -> [Plane; 3] {
    let width = image.width.next_multiple_of(UNIT);
    let height = image.height.next_multiple_of(UNIT);
    let plane = |width: usize, height: usize| Plane { width, values: vec![0; width * height] };
    let mut luma = plane(width, height);
    let [mut blue, mut red] = [0; 2].map(|_| plane(width / 2, height / 2));
    let mut channels = Channels::new(width);
    let [mut blues, mut reds] = [0; 2].map(|_| [0; 2].map(|_| vec![0; width]));
    let rows: Vec<_> = image.rgb.as_chunks::<3>().0.chunks_exact(image.width).collect();
    let colours = blue.rows().zip(red.rows());
    let bands = luma.values.chunks_exact_mut(2 * width).zip(colours);
    for ((lumas, (blue, red)), rows) in bands.zip(rows.chunks(2)) {
        for (i, luma) in lumas.chunks_exact_mut(width).enumerate() {
            // Of a single last row there are two.
            channels.set(rows[i.min(rows.len() - 1)]);
            for channel in &mut channels.0 {
                let (inside, beyond) = channel.split_at_mut(image.width);
                beyond.fill(inside[image.width - 1]);
            }
            of_rgb(&channels, [luma, &mut blues[i], &mut reds[i]]);
        }
        halve([&blues[0], &blues[1]], blue);
        halve([&reds[0], &reds[1]], red);
    }
    let filled = image.height.div_ceil(2);
    for (plane, filled) in [(&mut luma, 2 * filled), (&mut blue, filled), (&mut red, filled)] {
        let (inside, beyond) = plane.values.split_at_mut(filled * plane.width);
        let last = &inside[inside.len() - plane.width..];
        beyond.chunks_exact_mut(plane.width).for_each(|row| row.copy_from_slice(last));
    }
    [luma, blue, red]
}

/// Brightness, blueness and redness of a line of pixels.
fn of_rgb(channels: &Channels, [luma, blue, red]: [&mut [u8]; 3]) {
    let [r, g, b] = &channels.0;
    wide(
        #[inline(always)]
        || {
            let colours = r.iter().zip(g).zip(b);
            let out = luma.iter_mut().zip(blue).zip(red);
            // Colours lie around 128, and a half is rounded down.
            let middle = Wrapping(128 << BITS) + HALF - Wrapping(1);
            for (((luma, blue), red), ((r, g), b)) in out.zip(colours) {
                let (r, g, b) = (number(*r), number(*g), number(*b));
                let weighed = fix(0.299) * r + fix(0.587) * g + fix(0.114) * b;
                *luma = ((weighed + HALF) >> BITS).0 as u8;
                let weighed = fix(0.5) * b - fix(0.168_735_892) * r - fix(0.331_264_108) * g;
                *blue = ((weighed + middle) >> BITS).0 as u8;
                let weighed = fix(0.5) * r - fix(0.418_687_589) * g - fix(0.081_312_411) * b;
                *red = ((weighed + middle) >> BITS).0 as u8;
            }
        },
    );
}

/// Means of 2 x 2; a half is rounded down and up in turn.
fn halve([upper, lower]: [&[u8]; 2], out: &mut [u8]) {
    let fours = upper.as_chunks::<4>().0.iter().zip(lower.as_chunks::<4>().0);
    wide(
        #[inline(always)]
        || {
            for (out, (a, b)) in out.as_chunks_mut::<2>().0.iter_mut().zip(fours) {
                let sum =
                    |i: usize| number(a[i]) + number(a[i + 1]) + number(b[i]) + number(b[i + 1]);
                *out = [(sum(0), 1), (sum(2), 2)]
                    .map(|(sum, more)| ((sum + Wrapping(more)) >> 2).0 as u8);
            }
        },
    );
}

impl Plane {
    fn rows(&mut self) -> std::slice::ChunksExactMut<'_, u8> {
        self.values.chunks_exact_mut(self.width)
    }

    /// Row `y` of an image of (width, height) at twice the size. Of one or two columns values
    /// are repeated.
    fn enlarged_row(
        &self,
        y: usize,
        (width, height): (usize, usize),
        mixed: &mut Vec<u16>,
        out: &mut [u8],
    ) {
        let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
        let (near, far) = neighbour(y, rows);
        let [near, far] = [near, far].map(|row| &self.values[row * self.width..][..columns]);
        match columns {
            ..=2 => enlarge::repeated(near, 2, out),
            _ => enlarge::both(near, far, mixed, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::math::sin;

    fn image(width: usize, height: usize) -> Pixels {
        let value = |i: usize| (128.0 + 90.0 * sin(i as f64 * 0.01)) as u8;
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
        assert_eq!(steps(&LUMA, 50)[..3], [16, 11, 10]);
        assert_eq!(steps(&LUMA, 100), [1; 64]);
        assert_eq!(steps(&LUMA, 75)[0], 8);
        assert_eq!(steps(&CHROMA, 1)[63], 255);
    }
}

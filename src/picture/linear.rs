//! Pixels between pixels, one axis at a time: every map here stretches and moves along
//! the axes and does not turn.

use super::resize::Window;
use crate::pixels::Pixels;
use proofmark_base::wide::wide;

/// The two source places that one target place lies between, and what each counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// The first place.
    pub first: u32,
    /// The next, or the same where there is none.
    pub second: u32,
    /// What the first and the second count.
    pub weights: [f32; 2],
}

impl Tap {
    /// Between `at`, rounded down, and the next place, `at` being of a line of `n` places,
    /// which the border's go on for ever.
    fn at(at: f64, part: f32, n: usize) -> Self {
        let place = |at: f64| at.clamp(0.0, (n - 1) as f64) as u32;
        Self {
            first: place(at.floor()),
            second: place(at.floor() + 1.0),
            weights: [1.0 - part, part],
        }
    }

    /// The weights as OpenCV has them for bytes, in whole numbers of [`BITS`] bits.
    fn whole(&self) -> [i32; 2] {
        self.weights.map(|weight| (weight * (1 << BITS) as f32).round_ties_even() as i32)
    }
}

/// Taps of `to` places that spread evenly over `length` places after `from`, as OpenCV's
/// linear resizing has them: no antialiasing, and the border goes on.
pub fn stretch(from: u32, length: u32, to: usize) -> Vec<Tap> {
    let scale = 1.0 / (to as f64 / f64::from(length));
    let tap = |i: usize| {
        let at = ((i as f64 + 0.5) * scale - 0.5) as f32;
        let tap = Tap::at(f64::from(at), at - at.floor(), length as usize);
        Tap { first: from + tap.first, second: from + tap.second, ..tap }
    };
    (0..to).map(tap).collect()
}

/// Taps of `n` places, each of which comes from (i - shift) / scale about the middle; what
/// comes from outside counts nothing.
pub fn move_about_middle(n: usize, scale: f64, shift: f64) -> Vec<Tap> {
    let tap = |i: usize| {
        let at = source(i, n, scale, shift);
        let mut tap = Tap::at(at, (at - at.floor()) as f32, n);
        for (weight, place) in tap.weights.iter_mut().zip([at.floor(), at.floor() + 1.0]) {
            if !(0.0..n as f64).contains(&place) {
                *weight = 0.0;
            }
        }
        tap
    };
    (0..n).map(tap).collect()
}

/// Where place `i` comes from.
pub fn source(i: usize, n: usize, scale: f64, shift: f64) -> f64 {
    let middle = (n as f64 - 1.0) / 2.0;
    (i as f64 - middle - shift) / scale + middle
}

/// For each row of the target the two lines that it lies between. `across` makes a line of
/// `length` numbers of a row of the source; neighbouring rows of the target share lines.
pub fn look_up<T: Copy + Default>(
    rows: &[Tap],
    length: usize,
    mut across: impl FnMut(usize, &mut [T]),
    mut emit: impl FnMut([&[T]; 2], &Tap),
) {
    let mut held = [0; 2].map(|_| (None, vec![T::default(); length]));
    for tap in rows {
        for row in [tap.first, tap.second] {
            if held.iter().all(|(of, _)| *of != Some(row)) {
                let other = if row == tap.first { tap.second } else { tap.first };
                let free = usize::from(held[0].0 == Some(other));
                held[free].0 = Some(row);
                across(row as usize, &mut held[free].1);
            }
        }
        let of = |row: u32| &*if held[0].0 == Some(row) { &held[0] } else { &held[1] }.1;
        emit([of(tap.first), of(tap.second)], tap);
    }
}

/// Fractional bits of a weight.
const BITS: u32 = 11;
/// Bits that a line of pixels loses between across and down, and bits that it loses before
/// its two sum up, as in OpenCV.
const LOST: [u32; 2] = [4, 16];

/// An image at the places of rows × columns, to the byte as OpenCV interpolates bytes.
pub fn image(from: &Pixels, rows: &[Tap], columns: &[Tap]) -> Pixels {
    let (width, height) = (columns.len(), rows.len());
    let mut all = Pixels { width, height, rgb: vec![0; width * height * 3] };
    image_into(from, rows, columns, &mut all, (0, 0));
    all
}

/// The same, put into a picture at (x, y).
pub fn image_into(
    from: &Pixels,
    rows: &[Tap],
    columns: &[Tap],
    into: &mut Pixels,
    (x, y): (usize, usize),
) {
    let width = columns.len() * 3;
    // Long enough for whole groups of numbers, and for one more than a pixel has.
    let length = (width + 1).next_multiple_of(64);
    let mut bytes = vec![0u8; length];
    let mut pixels = vec![[0; 4]; from.width + 1];
    // What has no next place counts it nothing.
    let columns: Vec<_> = columns
        .iter()
        .map(|tap| match tap.whole() {
            [a, b] if tap.first == tap.second => (tap.first, [a + b, 0]),
            weights => (tap.first, weights),
        })
        .collect();
    let sources = from.rgb.as_chunks::<3>().0;
    let across = |row: usize, line: &mut [u16]| {
        spread(&sources[row * from.width..][..from.width], &mut pixels);
        mix_across(&pixels, &columns, line);
    };
    let stride = into.width * 3;
    let mut outs = into.rgb.chunks_exact_mut(stride).skip(y);
    look_up(rows, length, across, |lines, tap| {
        let Some(out) = outs.next() else { return };
        mix_down(lines, tap.whole(), &mut bytes);
        out[3 * x..][..width].copy_from_slice(&bytes[..width]);
    });
}

/// Pixels as whole numbers, and one more, so that each fills a register.
fn spread(row: &[[u8; 3]], pixels: &mut [[i32; 4]]) {
    wide(
        #[inline(always)]
        || {
            for (pixel, [r, g, b]) in pixels.iter_mut().zip(row) {
                *pixel = [i32::from(*r), i32::from(*g), i32::from(*b), 0];
            }
        },
    );
}

/// The pixels of a line between those at places and after them, by their weights. The fourth
/// number of each is overwritten by the next.
fn mix_across(pixels: &[[i32; 4]], columns: &[(u32, [i32; 2])], line: &mut [u16]) {
    const ROOM: &str = "there is room for one more than is needed";
    wide(
        #[inline(always)]
        || {
            for (i, (place, [a, b])) in columns.iter().enumerate() {
                let [first, second] = pixels[*place as usize..].first_chunk().expect(ROOM);
                let out: &mut [u16; 4] = line[3 * i..].first_chunk_mut().expect(ROOM);
                let mut sums = [0; 4];
                for c in 0..4 {
                    let [first, second] = [first[c].wrapping_mul(*a), second[c].wrapping_mul(*b)];
                    sums[c] = first.wrapping_add(second) >> LOST[0];
                }
                for c in 0..4 {
                    out[c] = sums[c] as u16;
                }
            }
        },
    );
}

/// The bytes between two lines, by their weights.
fn mix_down([upper, lower]: [&[u16]; 2], weights: [i32; 2], bytes: &mut [u8]) {
    // The high half of a product of two short numbers is one instruction.
    let [a, b] = weights.map(|weight| weight as i16);
    let part = |value: u16, weight: i16| {
        (i32::from(value as i16).wrapping_mul(i32::from(weight)) >> LOST[1]) as i16
    };
    wide(
        #[inline(always)]
        || {
            for ((out, upper), lower) in bytes.iter_mut().zip(upper).zip(lower) {
                *out = (part(*upper, a).wrapping_add(part(*lower, b)).wrapping_add(2) >> 2) as u8;
            }
        },
    );
}

/// A number from 0 to 255 as the nearest byte.
#[inline(always)]
pub fn byte(value: f32) -> u8 {
    // Added to 2^23 a number is rounded, and its byte is the lowest: no conversion that
    // would check its bounds.
    (value + (1u32 << 23) as f32).to_bits() as u8
}

/// Where the rows and columns of a part of an image at another size come from.
pub fn places(window: Window, (width, height): (usize, usize)) -> (Vec<Tap>, Vec<Tap>) {
    (stretch(window.y, window.height, height), stretch(window.x, window.width, width))
}

/// A part of an image at another size, as OpenCV's linear resizing does it.
pub fn resize(from: &Pixels, window: Window, size: (usize, usize)) -> Pixels {
    let (rows, columns) = places(window, size);
    image(from, &rows, &columns)
}

/// A part of an image as it is.
pub fn cut(from: &Pixels, window: Window) -> Pixels {
    let [x, y, width, height] =
        [window.x, window.y, window.width, window.height].map(|v| v as usize);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for row in from.rgb.chunks_exact(from.width * 3).skip(y).take(height) {
        rgb.extend_from_slice(&row[x * 3..(x + width) * 3]);
    }
    Pixels { width, height, rgb }
}

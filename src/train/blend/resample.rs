//! Pixels between pixels, one axis at a time: every map here stretches and moves along
//! the axes and does not turn.

use crate::prepare::crop::Window;
use crate::train::augment::pixels::Pixels;
use crate::wide::wide;

/// The two source places that one target place lies between, and what each counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    pub first: u32,
    pub second: u32,
    pub weights: [f32; 2],
}

/// Taps of `to` places that spread evenly over `from` .. `from + length` of `n`, as
/// OpenCV's linear resizing has them: no antialiasing, and the border goes on.
pub fn stretch(from: f64, length: f64, to: usize, n: usize) -> Vec<Tap> {
    let last = (n - 1) as f64;
    let tap = |i: usize| {
        let at = from + (i as f64 + 0.5) * length / to as f64 - 0.5;
        let at = at.clamp(from.max(0.0), (from + length - 1.0).clamp(0.0, last));
        let (first, part) = (at.floor(), at.fract() as f32);
        let second = (first + 1.0).min(last);
        Tap { first: first as u32, second: second as u32, weights: [1.0 - part, part] }
    };
    (0..to).map(tap).collect()
}

/// Taps of `n` places, each of which comes from (i - shift) / scale about the middle; what
/// comes from outside counts nothing.
pub fn move_about_middle(n: usize, scale: f64, shift: f64) -> Vec<Tap> {
    let tap = |i: usize| {
        let at = source(i, n, scale, shift);
        let (first, part) = (at.floor(), (at - at.floor()) as f32);
        let inside = |place: f64, weight: f32| {
            if (0.0..n as f64).contains(&place) { (place as u32, weight) } else { (0, 0.0) }
        };
        let ((first, a), (second, b)) = (inside(first, 1.0 - part), inside(first + 1.0, part));
        Tap { first, second, weights: [a, b] }
    };
    (0..n).map(tap).collect()
}

/// Where place `i` comes from.
pub fn source(i: usize, n: usize, scale: f64, shift: f64) -> f64 {
    let middle = (n as f64 - 1.0) / 2.0;
    (i as f64 - middle - shift) / scale + middle
}

/// For each row of the target the two lines that it lies between, and what each counts.
/// `across` makes a line of `length` numbers of a row of the source; neighbouring rows of
/// the target share lines.
pub fn look_up(
    rows: &[Tap],
    length: usize,
    mut across: impl FnMut(usize, &mut [f32]),
    mut emit: impl FnMut([&[f32]; 2], [f32; 2]),
) {
    let mut held = [0; 2].map(|_| (None, vec![0f32; length]));
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
        emit([of(tap.first), of(tap.second)], tap.weights);
    }
}

/// An image at the places of rows × columns, rounded to bytes.
pub fn image(from: &Pixels, rows: &[Tap], columns: &[Tap]) -> Pixels {
    let (width, height) = (columns.len(), rows.len());
    let mut rgb = Vec::with_capacity(width * height * 3);
    // Long enough for whole groups of numbers.
    let length = (width * 3 + 1).next_multiple_of(64);
    let mut bytes = vec![0u8; length];
    // Pixels are read and written as four numbers, of which the next pixel's overwrite the
    // last: lines have one more than they need.
    let mut numbers = vec![0f32; from.width * 3 + 1];
    let columns: Vec<_> =
        columns.iter().map(|tap| (3 * tap.first, 3 * tap.second, tap.weights)).collect();
    let across = |row: usize, line: &mut [f32]| {
        let row = &from.rgb[row * from.width * 3..][..from.width * 3];
        wide(
            #[inline(always)]
            || {
                for (number, byte) in numbers.iter_mut().zip(row) {
                    *number = f32::from(*byte);
                }
                for (i, (first, second, [a, b])) in columns.iter().enumerate() {
                    let (first, second) = (four(&numbers, *first), four(&numbers, *second));
                    let mixed = [
                        a * first[0] + b * second[0],
                        a * first[1] + b * second[1],
                        a * first[2] + b * second[2],
                        a * first[3] + b * second[3],
                    ];
                    line[3 * i..][..4].copy_from_slice(&mixed);
                }
            },
        );
    };
    look_up(rows, length, across, |[upper, lower], [a, b]| {
        wide(
            #[inline(always)]
            || {
                for ((out, upper), lower) in bytes.iter_mut().zip(upper).zip(lower) {
                    *out = byte(a * upper + b * lower);
                }
            },
        );
        rgb.extend_from_slice(&bytes[..width * 3]);
    });
    Pixels { width, height, rgb }
}

/// A pixel of a row and the number after it.
#[inline(always)]
fn four(row: &[f32], place: u32) -> [f32; 4] {
    *row[place as usize..].first_chunk().expect("a row has a number more than it needs")
}

/// A number from 0 to 255 as the nearest byte.
#[inline(always)]
pub fn byte(value: f32) -> u8 {
    // Added to 2^23 a number is rounded, and its byte is the lowest: no conversion that
    // would check its bounds.
    (value + (1u32 << 23) as f32).to_bits() as u8
}

/// Where the rows and columns of a part of an image at another size come from.
pub fn places(
    from: &Pixels,
    window: Window,
    (width, height): (usize, usize),
) -> (Vec<Tap>, Vec<Tap>) {
    let [x, y, w, h] = [window.x, window.y, window.width, window.height].map(f64::from);
    (stretch(y, h, height, from.height), stretch(x, w, width, from.width))
}

/// A part of an image at another size, as OpenCV's linear resizing does it.
pub fn resize(from: &Pixels, window: Window, size: (usize, usize)) -> Pixels {
    let (rows, columns) = places(from, window, size);
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

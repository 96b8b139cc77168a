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

/// Looks up every place of rows × columns in values (.., C) of `width` places a row, and
/// hands on one row of numbers at a time.
pub fn look_up<const C: usize, T: Copy + Into<f32>>(
    values: &[T],
    width: usize,
    rows: &[Tap],
    columns: &[Tap],
    mut emit: impl FnMut(&[f32]),
) {
    let (places, _) = values.as_chunks::<C>();
    let across = |row: u32, out: &mut [[f32; C]]| {
        let row = &places[row as usize * width..][..width];
        wide(
            #[inline(always)]
            || {
                for (out, tap) in out.iter_mut().zip(columns) {
                    let (first, second) = (row[tap.first as usize], row[tap.second as usize]);
                    let [a, b] = tap.weights;
                    for c in 0..C {
                        out[c] = a * first[c].into() + b * second[c].into();
                    }
                }
            },
        );
    };
    // Neighbouring target rows share source rows.
    let mut held = [0; 2].map(|_| (None, vec![[0f32; C]; columns.len()]));
    let mut line = vec![0f32; columns.len() * C];
    for tap in rows {
        for row in [tap.first, tap.second] {
            if held.iter().all(|(of, _)| *of != Some(row)) {
                let other = if row == tap.first { tap.second } else { tap.first };
                let free = usize::from(held[0].0 == Some(other));
                held[free].0 = Some(row);
                across(row, &mut held[free].1);
            }
        }
        let of = |row: u32| if held[0].0 == Some(row) { &held[0].1 } else { &held[1].1 };
        let (upper, lower) = (of(tap.first).as_flattened(), of(tap.second).as_flattened());
        let [a, b] = tap.weights;
        wide(
            #[inline(always)]
            || {
                for ((out, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
                    *out = a * upper + b * lower;
                }
            },
        );
        emit(&line);
    }
}

/// An image at the places of rows × columns, rounded to bytes.
pub fn image(from: &Pixels, rows: &[Tap], columns: &[Tap]) -> Pixels {
    let row = columns.len() * 3;
    let mut rgb = vec![0u8; rows.len() * row];
    let mut lines = rgb.chunks_exact_mut(row);
    look_up::<3, u8>(&from.rgb, from.width, rows, columns, |line| {
        let Some(out) = lines.next() else { return };
        wide(
            #[inline(always)]
            || out.iter_mut().zip(line).for_each(|(out, v)| *out = byte(*v)),
        );
    });
    Pixels { width: columns.len(), height: rows.len(), rgb }
}

/// A number from 0 to 255 as the nearest byte.
#[inline(always)]
pub fn byte(value: f32) -> u8 {
    // Added to 2^23 a number is rounded, and its byte is the lowest: no conversion that
    // would check its bounds.
    (value + (1u32 << 23) as f32).to_bits() as u8
}

/// A part of an image at another size, as OpenCV's linear resizing does it.
pub fn resize(from: &Pixels, window: Window, (width, height): (usize, usize)) -> Pixels {
    let [x, y, w, h] = [window.x, window.y, window.width, window.height].map(f64::from);
    image(from, &stretch(y, h, height, from.height), &stretch(x, w, width, from.width))
}

/// A part of an image as it is.
pub fn cut(from: &Pixels, window: Window) -> Pixels {
    let [x, y, width, height] =
        [window.x, window.y, window.width, window.height].map(|v| v as usize);
    let rows = from.rgb.chunks_exact(from.width * 3).skip(y).take(height);
    let rgb = rows.flat_map(|row| &row[x * 3..(x + width) * 3]).copied().collect();
    Pixels { width, height, rgb }
}

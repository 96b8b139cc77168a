//! The part of a picture in which a fake differs from its real: only there is it computed.

use super::resample::{Tap, cut, image};
use crate::prepare::crop::Window;
use crate::train::augment::pixels::Pixels;

/// Side in pixels of what JPEG changes together: two blocks, because of its halved colours.
const UNIT: u32 = 16;

/// A window out to whole units of JPEG and a unit more, as far as the picture goes: no step
/// that real and fake share carries a difference further.
pub fn around(window: Window, (width, height): (usize, usize)) -> Window {
    let span = |from: u32, length: u32, limit: usize| {
        let first = (from / UNIT).saturating_sub(1) * UNIT;
        let beyond = ((from + length).div_ceil(UNIT) + 1) * UNIT;
        (first, beyond.min(limit as u32) - first)
    };
    let (x, width) = span(window.x, window.width, width);
    let (y, height) = span(window.y, window.height, height);
    Window { x, y, width, height }
}

/// What two windows share, as a part of the second; its first pixel if that is nothing.
pub fn shared(window: Window, of: Window) -> Window {
    let span = |a: (u32, u32), b: (u32, u32)| {
        let (from, to) = (a.0.max(b.0), (a.0 + a.1).min(b.0 + b.1));
        if to > from { (from - b.0, to - from) } else { (0, 1) }
    };
    let (x, width) = span((window.x, window.width), (of.x, of.width));
    let (y, height) = span((window.y, window.height), (of.y, of.height));
    Window { x, y, width, height }
}

/// The fake as a whole: the real with the part in its place, but for the outermost pixels of
/// the part within the picture, which JPEG has computed without their neighbours. They are
/// as in the real.
pub fn whole(real: &Pixels, fake: &Pixels, part: Window) -> (Pixels, Window) {
    let inner = |from: u32, length: u32, limit: usize| {
        let first = from + u32::from(from > 0);
        let beyond = from + length - u32::from(from + length < limit as u32);
        (first, beyond.saturating_sub(first))
    };
    let (x, width) = inner(part.x, part.width, real.width);
    let (y, height) = inner(part.y, part.height, real.height);
    let window = Window { x, y, width, height };
    let within = Window { x: x - part.x, y: y - part.y, ..window };
    let mut all = real.clone();
    paste(&cut(fake, within), &mut all, (x as usize, y as usize));
    (all, window)
}

/// A fake at the places of rows × columns, given the real there: what lies wholly outside of
/// `changed` is as in the real.
pub fn image_beside(
    real: &Pixels,
    fake: &Pixels,
    changed: Window,
    rows: &[Tap],
    columns: &[Tap],
) -> Pixels {
    let touched = |taps: &[Tap], from: u32, length: u32| {
        let inside = |place: u32| (from..from + length).contains(&place);
        let touches = |tap: &Tap| inside(tap.first) || inside(tap.second);
        let first = taps.iter().position(touches).unwrap_or(0);
        first..taps.iter().rposition(touches).map_or(first, |last| last + 1)
    };
    let rows_touched = touched(rows, changed.y, changed.height);
    let columns_touched = touched(columns, changed.x, changed.width);
    let at = (columns_touched.start, rows_touched.start);
    let mut all = real.clone();
    paste(&image(fake, &rows[rows_touched], &columns[columns_touched]), &mut all, at);
    all
}

/// Puts a picture into another.
fn paste(part: &Pixels, into: &mut Pixels, (x, y): (usize, usize)) {
    let rows = into.rgb.chunks_exact_mut(into.width * 3).skip(y);
    for (into, row) in rows.zip(part.rgb.chunks_exact((part.width * 3).max(1))) {
        into[x * 3..][..row.len()].copy_from_slice(row);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::train::blend::jpeg;
    use crate::train::blend::resample::{places, resize};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        /// A fake that is computed where it differs is the fake that is computed whole.
        #[test]
        fn a_part_is_as_good_as_the_whole(
            width in 20usize..150, height in 20usize..150, seed: u32,
            x in 0.0f64..1.0, y in 0.0f64..1.0, share in 0.05f64..0.6, quality in 40u32..=100,
        ) {
            let value = |i: usize| ((i as u32).wrapping_mul(seed | 1) >> 26) as u8 + (i % 150) as u8;
            let mut real = Pixels { width, height, rgb: (0..width * height * 3).map(value).collect() };
            let place = |at: f64, n: usize| {
                let length = (share * n as f64) as u32 + 1;
                (((n as u32 - length) as f64 * at) as u32, length)
            };
            let ((x, w), (y, h)) = (place(x, width), place(y, height));
            let seen = Window { x, y, width: w, height: h };
            let mut fake = real.clone();
            for row in y..y + h {
                let from = (row as usize * width + x as usize) * 3;
                fake.rgb[from..from + 3 * w as usize].iter_mut().for_each(|v| *v = 255 - *v);
            }
            let part = around(seen, (width, height));
            let beside = jpeg(&cut(&fake, part), quality);
            (real, fake) = (jpeg(&real, quality), jpeg(&fake, quality));
            let (all, changed) = whole(&real, &beside, part);
            prop_assert!(all == fake, "in the picture");
            let last = Window { x: 2, y: 3, width: width as u32 - 5, height: height as u32 - 4 };
            let (rows, columns) = places(&real, last, (70, 60));
            let sized = image(&real, &rows, &columns);
            let sized = image_beside(&sized, &all, changed, &rows, &columns);
            prop_assert!(sized == resize(&fake, last, (70, 60)), "at another size");
        }
    }

    #[test]
    fn windows_share_what_is_in_both() {
        let window = |x, y, width, height| Window { x, y, width, height };
        let of = window(16, 32, 48, 48);
        assert_eq!(shared(window(0, 40, 32, 100), of), window(0, 8, 16, 40));
        assert_eq!(shared(window(80, 0, 8, 8), of), window(0, 0, 1, 1));
    }
}

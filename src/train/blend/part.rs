//! The part of a picture in which a fake differs from its real: only there is it computed.

use std::ops::Range;

use proofmark_picture::Pixels;
use proofmark_picture::linear::{Tap, image_into};
use proofmark_picture::resize::Window;

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

/// What two windows have in common.
pub fn overlap(a: Window, b: Window) -> Option<Window> {
    let span = |a: (u32, u32), b: (u32, u32)| {
        let (from, to) = (a.0.max(b.0), (a.0 + a.1).min(b.0 + b.1));
        (to > from).then(|| (from, to - from))
    };
    let (x, width) = span((a.x, a.width), (b.x, b.width))?;
    let (y, height) = span((a.y, a.height), (b.y, b.height))?;
    Some(Window { x, y, width, height })
}

/// What two windows have in common as a part of the second; its first pixel if that is
/// nothing.
pub fn shared(window: Window, of: Window) -> Window {
    let first = Window { width: 1, height: 1, ..of };
    let both = overlap(window, of).unwrap_or(first);
    Window { x: both.x - of.x, y: both.y - of.y, ..both }
}

/// Which taps come from a run of places, wholly or in part.
pub fn touched(taps: &[Tap], from: u32, length: u32) -> Range<usize> {
    let inside = |place: u32| (from..from + length).contains(&place);
    let touches = |tap: &Tap| inside(tap.first) || inside(tap.second);
    let first = taps.iter().position(touches).unwrap_or(0);
    first..taps.iter().rposition(touches).map_or(first, |last| last + 1)
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
    let mut all = real.clone();
    let within = Window { x: x - part.x, y: y - part.y, ..window };
    paste(fake, within, &mut all, (x as usize, y as usize));
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
    let down = touched(rows, changed.y, changed.height);
    let right = touched(columns, changed.x, changed.width);
    let at = (right.start, down.start);
    let mut all = real.clone();
    image_into(fake, &rows[down], &columns[right], &mut all, at);
    all
}

/// Puts a part of a picture into another, at (x, y).
pub fn paste(from: &Pixels, part: Window, into: &mut Pixels, (x, y): (usize, usize)) {
    let [left, top, width, height] = [part.x, part.y, part.width, part.height].map(|v| v as usize);
    let rows = from.rgb.chunks_exact(3 * from.width).skip(top).take(height);
    for (into, row) in into.rgb.chunks_exact_mut(3 * into.width).skip(y).zip(rows) {
        into[3 * x..][..3 * width].copy_from_slice(&row[3 * left..][..3 * width]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use proofmark_picture::jpeg;
    use proofmark_picture::linear::{cut, image, places, resize};

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
            let (rows, columns) = places(last, (70, 60));
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

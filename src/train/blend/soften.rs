//! The soft edge of a mask, and the blend of two images by it.

use std::ops::Range;

use super::field::Field;
use super::mask::Mask;
use super::part::touched;
use proofmark_base::wide::wide;
use proofmark_picture::Pixels;
use proofmark_picture::linear::{Tap, byte, stretch};
use proofmark_picture::resize::Window;

/// How a mask is softened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softening {
    /// Width and height in pixels at which it is done.
    pub size: (usize, usize),
    /// Side of the first blur's window, odd.
    pub first: usize,
    /// Side of the second's, odd.
    pub second: usize,
    /// Standard deviation of the second, in pixels.
    pub sigma: f64,
}

/// What counts as 1.
const ONE: f32 = 1.0 - 1e-6;

/// How much of the source is seen: from 0 to 1 in a window of the picture, nothing elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// In pixels of the picture.
    pub window: Window,
    /// In the window.
    pub values: Field,
}

impl Share {
    /// A mask as it is.
    fn of(mask: &Mask, window: Window) -> Self {
        let [x, y, width, height] =
            [window.x, window.y, window.width, window.height].map(|v| v as usize);
        let rows = (y..y + height).flat_map(|y| &mask.row(y)[x..x + width]);
        let values = rows.map(|value| f32::from(*value) / 255.0).collect();
        Self { window, values: Field { width, height, values } }
    }

    /// The share in a part of its window, given in pixels of the picture.
    pub fn cut(&self, part: Window) -> Field {
        let [x, y, width, height] =
            [part.x - self.window.x, part.y - self.window.y, part.width, part.height]
                .map(|v| v as usize);
        let mut values = Vec::with_capacity(width * height);
        for row in self.values.values.chunks_exact(self.values.width).skip(y).take(height) {
            values.extend_from_slice(&row[x..x + width]);
        }
        Field { width, height, values }
    }
}

/// Shrinks a mask by about half the first window and makes its edge soft. A mask that is not
/// empty does not become so: where nothing would be left, it stays as it is.
pub fn soften(mask: &Mask, by: Softening) -> Option<Share> {
    let seen = mask.seen()?;
    let (width, height) = by.size;
    let rows = stretch(0, mask.height as u32, height);
    let columns = stretch(0, mask.width as u32, width);
    // Blurs reach no further than their windows: what is 0 around that stays 0.
    let reach = by.first / 2 + by.second / 2 + 1;
    let reached = |taps: &[Tap], from: u32, length: u32| {
        let touched = touched(taps, from, length);
        touched.start.saturating_sub(reach)..(touched.end + reach).min(taps.len())
    };
    let down = reached(&rows, seen.y, seen.height);
    let right = reached(&columns, seen.x, seen.width);
    let read = |y: usize, out: &mut [f32]| {
        for (out, value) in out.iter_mut().zip(mask.row(y)) {
            *out = f32::from(*value);
        }
    };
    let sized = Field::sized(mask.width, read, &rows[down.clone()], &columns[right.clone()]);
    let auto = 0.3 * ((by.first as f64 - 1.0) * 0.5 - 1.0) + 0.8;
    let mut inner = sized.blurred(by.first, auto);
    let top = inner.top();
    // A mask of a pixel or two may fall between those of a smaller picture.
    if top <= 0.0 {
        return Some(Share::of(mask, seen));
    }
    wide(
        #[inline(always)]
        || {
            for value in &mut inner.values {
                *value = if *value >= ONE * top { 1.0 } else { 0.0 };
            }
        },
    );
    let soft = inner.blurred(by.second, by.sigma);
    let (y, rows) = back(down, height, mask.height);
    let (x, columns) = back(right, width, mask.width);
    let factor = 1.0 / soft.top();
    let read = |y: usize, out: &mut [f32]| {
        for (out, value) in out.iter_mut().zip(&soft.values[y * soft.width..]) {
            *out = factor * value;
        }
    };
    let values = Field::sized(soft.width, read, &rows, &columns);
    let window = Window { x, y, width: columns.len() as u32, height: rows.len() as u32 };
    Some(if values.top() > 0.0 { Share { window, values } } else { Share::of(mask, seen) })
}

/// Where a part of `n` places, of which what is next to it is 0 as are its outermost places,
/// is seen among `to`: the first of them, and where in the part each comes from.
fn back(part: Range<usize>, n: usize, to: usize) -> (u32, Vec<Tap>) {
    let (first, length) = (part.start as u32, part.len() as u32);
    let taps = stretch(0, n as u32, to);
    let touched = touched(&taps, first, length);
    let within = |place: u32| place.clamp(first, first + length - 1) - first;
    let inside = |tap: &Tap| Tap { first: within(tap.first), second: within(tap.second), ..*tap };
    (touched.start as u32, taps[touched].iter().map(inside).collect())
}

/// `ratio` of the share from the source, the rest from the target, cut off to bytes.
pub fn blend(source: &Pixels, target: &Pixels, share: &Field, ratio: f32) -> Pixels {
    let (width, height) = (target.width, target.height);
    let mut rgb = vec![0u8; target.rgb.len()];
    let mut shares = vec![[0f32; 3]; width];
    let rows = source.rgb.chunks_exact(3 * width).zip(target.rgb.chunks_exact(3 * width));
    let outs = rgb.chunks_exact_mut(3 * width).zip(share.values.chunks_exact(width));
    for ((out, row), (source, target)) in outs.zip(rows) {
        wide(
            #[inline(always)]
            || {
                for (shares, share) in shares.iter_mut().zip(row) {
                    *shares = [share * ratio; 3];
                }
            },
        );
        let shares = shares.as_flattened();
        wide(
            #[inline(always)]
            || {
                let pixels = source.iter().zip(target).zip(shares);
                for (out, ((source, target), share)) in out.iter_mut().zip(pixels) {
                    let (source, target) = (f32::from(*source), f32::from(*target));
                    // Cut off, but equal pixels stay what they are, whatever rounding makes
                    // of the sum.
                    let value = share * source + (1.0 - share) * target;
                    *out = byte((value + 1e-4).floor());
                }
            },
        );
    }
    Pixels { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::math::hypot;

    fn disc(side: usize, radius: f64) -> Mask {
        let middle = (side as f64 - 1.0) / 2.0;
        let inside = |i: usize| {
            let (x, y) = ((i % side) as f64 - middle, (i / side) as f64 - middle);
            if hypot(x, y) <= radius { 255 } else { 0 }
        };
        Mask { width: side, height: side, values: (0..side * side).map(inside).collect() }
    }

    #[test]
    fn softening_shrinks_by_half_the_window_and_peaks_at_one() {
        let by = Softening { size: (200, 200), first: 21, second: 5, sigma: 5.0 };
        let soft = soften(&disc(200, 60.0), by).unwrap();
        let area: f32 = soft.values.values.iter().sum();
        let radius = (area / std::f32::consts::PI).sqrt();
        // Windows are squares, which reach further along their diagonals.
        assert!((45.0..51.0).contains(&radius), "{radius}");
        assert!((soft.values.top() - 1.0).abs() < 1e-5);
        // A tenth of the picture around the disc is left out.
        assert!(soft.window.x > 20 && soft.window.width < 160, "{:?}", soft.window);
    }

    #[test]
    fn what_is_symmetric_stays_so_as_far_as_the_blur_reaches() {
        let by = Softening { size: (200, 200), first: 5, second: 25, sigma: 20.0 };
        let Share { window, values } = soften(&disc(200, 30.0), by).unwrap();
        let at = |x: u32, y: u32| {
            let inside = (window.x..window.x + window.width).contains(&x)
                && (window.y..window.y + window.height).contains(&y);
            if !inside {
                return 0.0;
            }
            values.values[((y - window.y) * window.width + x - window.x) as usize]
        };
        for (x, y) in (0..200).flat_map(|x| (0..200).map(move |y| (x, y))) {
            let off = (at(x, y) - at(199 - x, y)).abs() + (at(x, y) - at(x, 199 - y)).abs();
            assert!(off < 1e-5, "{x}, {y}: {off}");
        }
        // Of a radius of thirty two are lost and twelve won.
        assert!(at(61, 100) > 0.0 && at(138, 100) > 0.0);
    }

    #[test]
    fn a_mask_smaller_than_the_window_is_not_lost() {
        let by = Softening { size: (192, 256), first: 25, second: 25, sigma: 45.0 };
        assert!(soften(&disc(64, 1.0), by).unwrap().values.top() > 0.0);
        assert_eq!(soften(&Mask::zeros(8, 8), by), None);
        // Between the pixels of a smaller picture.
        let mut speck = Mask::zeros(1000, 1000);
        speck.values[500 * 1000 + 501] = 255;
        let share = soften(&speck, by).unwrap();
        assert_eq!(share.window, Window { x: 501, y: 500, width: 1, height: 1 });
        assert_eq!(share.values.values, [1.0]);
    }

    #[test]
    fn a_blend_takes_the_declared_share() {
        let image = |v: u8| Pixels { width: 2, height: 1, rgb: vec![v; 6] };
        let share = |values: [f32; 2]| Field { width: 2, height: 1, values: values.to_vec() };
        let mixed = blend(&image(200), &image(100), &share([1.0, 0.5]), 0.5);
        assert_eq!(mixed.rgb, [150, 150, 150, 125, 125, 125]);
        for v in 0..=255 {
            assert_eq!(blend(&image(v), &image(v), &share([0.3, 0.7]), 0.75), image(v));
        }
    }
}

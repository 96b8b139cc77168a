//! Small movements: of source and mask together, and of the mask alone.

use super::mask::Mask;
use super::resample::{image, move_about_middle, source};
use crate::train::augment::pixels::Pixels;
use crate::wide::wide;

/// A stretch along the axes about the middle, and a shift. Nothing turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Factors across and down.
    pub scale: [f64; 2],
    /// To the right and down, in pixels.
    pub shift: [f64; 2],
}

impl Affine {
    /// The image moved, linearly between pixels; black comes in.
    pub fn image(&self, from: &Pixels) -> Pixels {
        let rows = move_about_middle(from.height, self.scale[1], self.shift[1]);
        let columns = move_about_middle(from.width, self.scale[0], self.shift[0]);
        image(from, &rows, &columns)
    }

    /// The mask moved, by the nearest pixel; nothing comes in.
    pub fn mask(&self, from: &Mask) -> Mask {
        let places = |n: usize, axis: usize| -> Vec<Option<usize>> {
            let nearest = |i| {
                let at = source(i, n, self.scale[axis], self.shift[axis]).round();
                (0.0..n as f64).contains(&at).then_some(at as usize)
            };
            (0..n).map(nearest).collect()
        };
        let (rows, columns) = (places(from.height, 1), places(from.width, 0));
        let mut moved = Mask::zeros(from.width, from.height);
        for (out, row) in moved.values.chunks_exact_mut(from.width).zip(rows) {
            let Some(row) = row else { continue };
            let row = &from.values[row * from.width..][..from.width];
            for (out, column) in out.iter_mut().zip(&columns) {
                *out = column.map_or(0.0, |column| row[column]);
            }
        }
        moved
    }
}

/// Standard deviation of the smoothing of an elastic movement, in pixels.
const SIGMA: f64 = 7.0;
/// Its window: four deviations on each side.
const WINDOW: usize = 57;
/// What the smoothed noise is multiplied by.
const STRENGTH: f32 = 50.0;

/// The mask with each pixel from a place nearby: noise from -1 to 1 across and down,
/// smoothed, says how far, in the mean about a pixel. The border goes on mirrored.
pub fn elastic(mask: &Mask, noise: [Mask; 2]) -> Mask {
    let [dx, dy] = noise.map(|noise| noise.blurred(WINDOW, SIGMA));
    let width = mask.width;
    let (right, bottom) = ((width - 1) as f32, (mask.height - 1) as f32);
    let mut moved = Mask::zeros(width, mask.height);
    let mut from = vec![0u32; width];
    let offsets = dx.values.chunks_exact(width).zip(dy.values.chunks_exact(width));
    for ((y, out), (dx, dy)) in moved.values.chunks_exact_mut(width).enumerate().zip(offsets) {
        let down = y as f32;
        wide(
            #[inline(always)]
            || {
                for (x, ((from, dx), dy)) in from.iter_mut().zip(dx).zip(dy).enumerate() {
                    let column = mirrored(x as f32 + STRENGTH * dx, right);
                    let row = mirrored(down + STRENGTH * dy, bottom);
                    *from = (row * width as f32 + column) as u32;
                }
            },
        );
        for (out, from) in out.iter_mut().zip(&from) {
            *out = mask.values[*from as usize];
        }
    }
    moved
}

/// The nearest whole place, mirrored at 0 and at the last, and held there if that is not
/// enough.
#[inline(always)]
fn mirrored(at: f32, last: f32) -> f32 {
    let at = at.round_ties_even().abs();
    at.min(2.0 * last - at).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Rng, Stream};

    #[test]
    fn nothing_moves_by_nothing_and_pixels_move_by_whole_shifts() {
        let picture = Pixels { width: 5, height: 4, rgb: (0..60).collect() };
        let still = Affine { scale: [1.0; 2], shift: [0.0; 2] };
        assert_eq!(still.image(&picture), picture);
        let right = Affine { scale: [1.0; 2], shift: [2.0, -1.0] };
        let moved = right.image(&picture);
        // One up and two to the right: what was at (0, 1) is at (2, 0).
        assert_eq!(moved.rgb[6..9], picture.rgb[15..18]);
        assert!(moved.rgb[..6].iter().chain(&moved.rgb[45..]).all(|v| *v == 0));
        let mask = Mask { width: 5, height: 4, values: (0..20).map(|v| v as f32).collect() };
        assert_eq!(still.mask(&mask), mask);
        assert_eq!(right.mask(&mask).values[2], 5.0);
        assert_eq!(right.mask(&mask).values[19], 0.0);
    }

    #[test]
    fn a_stretch_keeps_the_middle() {
        let mut mask = Mask::zeros(101, 101);
        mask.values[50 * 101 + 50] = 1.0;
        let large = Affine { scale: [1.05; 2], shift: [0.0; 2] };
        assert_eq!(large.mask(&mask).values[50 * 101 + 50], 1.0);
    }

    #[test]
    fn an_elastic_movement_is_of_about_a_pixel() {
        let (width, height) = (300, 200);
        let noise = |sample| {
            let mut rng = Rng::new(1, Stream::Demo, 0, sample);
            let values = (0..width * height).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            Mask { width, height, values }
        };
        let smooth = noise(0).blurred(WINDOW, SIGMA);
        let squares: f32 = smooth.values.iter().map(|v| v * v).sum();
        let deviation = STRENGTH * (squares / smooth.values.len() as f32).sqrt();
        // sqrt(1/3) times 50 over 2 sigma sqrt(pi): 1.16 pixels.
        assert!((0.9..1.4).contains(&deviation), "{deviation}");
        let mut mask = Mask::zeros(width, height);
        mask.values[..width * height / 2].fill(1.0);
        let moved = elastic(&mask, [noise(1), noise(2)]);
        assert!(moved != mask);
        let area: f32 = moved.values.iter().sum();
        assert!((area / (width * height) as f32 - 0.5).abs() < 0.02);
        let zero = || Mask::zeros(width, height);
        assert_eq!(elastic(&mask, [zero(), zero()]), mask);
    }
}

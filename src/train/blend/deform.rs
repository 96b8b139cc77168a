//! Small movements: of source and mask together, and of the mask alone.

use super::field::Field;
use super::mask::Mask;
use proofmark_base::wide::wide;
use proofmark_picture::Pixels;
use proofmark_picture::linear::{image, move_about_middle, source};
use proofmark_picture::resize::Window;

/// A stretch along the axes about the middle, and a shift. Nothing turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Factors across and down.
    pub scale: [f64; 2],
    /// To the right and down, in pixels.
    pub shift: [f64; 2],
}

impl Affine {
    /// A part of the image moved, linearly between pixels; black comes in.
    pub fn image(&self, from: &Pixels, part: Window) -> Pixels {
        let rows = move_about_middle(from.height, self.scale[1], self.shift[1]);
        let columns = move_about_middle(from.width, self.scale[0], self.shift[0]);
        let [x, y, width, height] = [part.x, part.y, part.width, part.height].map(|v| v as usize);
        image(from, &rows[y..][..height], &columns[x..][..width])
    }

    /// The mask moved, by the nearest pixel; nothing comes in.
    pub fn mask(&self, from: &Mask) -> Mask {
        let mut moved = Mask::zeros(from.width, from.height);
        let Some(seen) = from.seen() else { return moved };
        // Places of a side, and those that they come from, where something is seen.
        let places = |n: usize, axis: usize, first: u32, length: u32| -> Vec<(usize, usize)> {
            let inside = f64::from(first)..f64::from(first + length);
            let nearest = |i| source(i, n, self.scale[axis], self.shift[axis]).round();
            let places = (0..n).map(|i| (i, nearest(i))).filter(|(_, at)| inside.contains(at));
            places.map(|(i, at)| (i, at as usize)).collect()
        };
        let columns = places(from.width, 0, seen.x, seen.width);
        for (y, row) in places(from.height, 1, seen.y, seen.height) {
            let (out, row) = (&mut moved.values[y * from.width..][..from.width], from.row(row));
            for (x, column) in &columns {
                out[*x] = row[*column];
            }
        }
        moved
    }
}

/// Variance of the smoothing of an elastic movement, in pixels: of a deviation of 7.
const VARIANCE: f64 = 49.0;
/// What the smoothed noise is multiplied by.
const STRENGTH: f32 = 50.0;
/// Side in pixels of the cells that noise is smoothed in. Movements have the deviation and
/// the smoothness of those of single pixels, at a fraction of the cost; the same noise moves
/// a pixel by a fifth of a pixel elsewhere.
const CELL: usize = 4;
/// The window of the smoothing in cells: four deviations on each side.
const WINDOW: usize = 15;

/// The mask with each pixel from a place nearby: noise from -1 to 1 across and down,
/// smoothed, says how far, in the mean about a pixel. The border goes on mirrored.
pub fn elastic(mask: &Mask, noise: [Field; 2]) -> Mask {
    let (width, height) = (mask.width, mask.height);
    let mut moved = Mask::zeros(width, height);
    let Some(seen) = mask.seen() else { return moved };
    let cells = noise.map(|noise| smoothed(&noise));
    let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
    // No pixel comes from further than the largest offset: what is beyond stays 0.
    let reached = |axis: usize, from: u32, length: u32| {
        let most = cells[axis].values.iter().fold(0f32, |most, value| most.max(value.abs()));
        let reach = (STRENGTH * most) as usize + 1;
        (from as usize).saturating_sub(reach)..(from + length) as usize + reach
    };
    let columns = reached(0, seen.x, seen.width);
    let columns = columns.start..columns.end.min(width);
    let rows = reached(1, seen.y, seen.height);
    let mut lines = cells.each_ref().map(|cells| vec![0f32; cells.width + 2]);
    let mut offsets = cells.each_ref().map(|cells| vec![[0f32; CELL]; cells.width + 1]);
    let mut from = vec![0u32; columns.len()];
    for (y, out) in moved.values.chunks_exact_mut(width).enumerate().take(rows.end).skip(rows.start)
    {
        for ((cells, line), offsets) in cells.iter().zip(&mut lines).zip(&mut offsets) {
            spread(cells, y, line, offsets);
        }
        let down = y as f32;
        // The first cell's middle is half a cell in.
        let first = CELL / 2 + columns.start;
        let [dx, dy] = offsets.each_ref().map(|offsets| &offsets.as_flattened()[first..]);
        wide(
            #[inline(always)]
            || {
                let offsets = columns.clone().zip(dx.iter().zip(dy));
                for (from, (x, (dx, dy))) in from.iter_mut().zip(offsets) {
                    let column = mirrored(x as f32 + STRENGTH * dx, right);
                    let row = mirrored(down + STRENGTH * dy, bottom);
                    // Nothing is large enough to wrap.
                    *from = whole(row).wrapping_mul(width as u32).wrapping_add(whole(column));
                }
            },
        );
        for (out, from) in out[columns.clone()].iter_mut().zip(&from) {
            *out = mask.values[*from as usize];
        }
    }
    moved
}

/// A whole number below 2^23. Added to 2^23, it is the lowest bits of the sum: no conversion
/// that would check its bounds.
#[inline(always)]
fn whole(number: f32) -> u32 {
    (number + (1u32 << 23) as f32).to_bits() & 0x7f_ffff
}

/// Noise smoothed and in cells: their means, and a Gaussian of the variance that means and
/// the way back to pixels do not add.
fn smoothed(noise: &Field) -> Field {
    let (width, height) = (noise.width.div_ceil(CELL), noise.height.div_ceil(CELL));
    let mut cells = Field::zeros(width, height);
    let rows = cells.values.chunks_exact_mut(width);
    for (out, band) in rows.zip(noise.values.chunks(CELL * noise.width)) {
        // The last cells may have fewer columns, or rows.
        let (whole, beyond) = (noise.width / CELL, noise.width % CELL);
        let mut sums = vec![0f32; CELL * width];
        wide(
            #[inline(always)]
            || {
                for row in band.chunks_exact(noise.width) {
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum += value;
                    }
                }
                for (out, cell) in out.iter_mut().zip(sums.as_chunks::<CELL>().0) {
                    *out = cell.iter().sum();
                }
            },
        );
        let rows = band.len() / noise.width;
        out[..whole].iter_mut().for_each(|out| *out /= (rows * CELL) as f32);
        out[whole..].iter_mut().for_each(|out| *out /= (rows * beyond) as f32);
    }
    let side = CELL as f64;
    // Of `side` equal weights, and of going straight from cell to cell at its pixels.
    let of_means = (side * side - 1.0) / 12.0;
    let of_lines = (side * side + 0.5) / 6.0;
    cells.blurred(WINDOW, (VARIANCE - of_means - of_lines).sqrt() / side)
}

/// What cells come to along the pixels of row `y`, from half a cell before the first. The
/// last goes on.
fn spread(cells: &Field, y: usize, line: &mut [f32], pixels: &mut [[f32; CELL]]) {
    let share = |i: usize| (i as f32 + 0.5) / CELL as f32;
    let shares: [f32; CELL] = std::array::from_fn(share);
    let at = share(y) - 0.5;
    let row = |at: f32| {
        let row = at.clamp(0.0, (cells.height - 1) as f32) as usize;
        &cells.values[row * cells.width..][..cells.width]
    };
    let (upper, lower, part) = (row(at.floor()), row(at.floor() + 1.0), at - at.floor());
    wide(
        #[inline(always)]
        || {
            for ((out, upper), lower) in line[1..].iter_mut().zip(upper).zip(lower) {
                *out = upper + part * (lower - upper);
            }
            line[0] = line[1];
            line[cells.width + 1] = line[cells.width];
            for ((pixels, left), right) in pixels.iter_mut().zip(&*line).zip(&line[1..]) {
                for (pixel, share) in pixels.iter_mut().zip(&shares) {
                    *pixel = left + share * (right - left);
                }
            }
        },
    );
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
    use proofmark_base::rng::{Rng, Stream};

    #[test]
    fn nothing_moves_by_nothing_and_pixels_move_by_whole_shifts() {
        let picture = Pixels { width: 5, height: 4, rgb: (0..60).collect() };
        let still = Affine { scale: [1.0; 2], shift: [0.0; 2] };
        let whole = Window::whole(5, 4);
        assert_eq!(still.image(&picture, whole), picture);
        let right = Affine { scale: [1.0; 2], shift: [2.0, -1.0] };
        let moved = right.image(&picture, whole);
        // One up and two to the right: what was at (0, 1) is at (2, 0).
        assert_eq!(moved.rgb[6..9], picture.rgb[15..18]);
        assert!(moved.rgb[..6].iter().chain(&moved.rgb[45..]).all(|v| *v == 0));
        let mask = Mask { width: 5, height: 4, values: (0..20).collect() };
        assert_eq!(still.mask(&mask), mask);
        assert_eq!(right.mask(&mask).values[2], 5);
        assert_eq!(right.mask(&mask).values[19], 0);
    }

    #[test]
    fn a_stretch_keeps_the_middle() {
        let mut mask = Mask::zeros(101, 101);
        mask.values[50 * 101 + 50] = 1;
        let large = Affine { scale: [1.05; 2], shift: [0.0; 2] };
        assert_eq!(large.mask(&mask).values[50 * 101 + 50], 1);
    }

    #[test]
    fn an_elastic_movement_is_of_about_a_pixel() {
        let (width, height) = (300, 200);
        let noise = |sample| {
            let mut rng = Rng::new(1, Stream::Demo, 0, sample);
            let values = (0..width * height).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            Field { width, height, values }
        };
        let cells = smoothed(&noise(0));
        let (mut line, mut pixels) =
            (vec![0f32; cells.width + 2], vec![[0f32; CELL]; cells.width + 1]);
        let mut ours = Vec::new();
        for y in 0..height {
            spread(&cells, y, &mut line, &mut pixels);
            ours.extend_from_slice(&pixels.as_flattened()[CELL / 2..][..width]);
        }
        let smooth = noise(0).blurred(57, 7.0);
        let deviation = |values: &[f32]| {
            STRENGTH * (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
        };
        // sqrt(1/3) times 50 over 2 sigma sqrt(pi): 1.16 pixels.
        let (of_cells, of_pixels) = (deviation(&ours), deviation(&smooth.values));
        assert!((0.9..1.4).contains(&of_cells), "{of_cells}");
        assert!((of_cells / of_pixels - 1.0).abs() < 0.05, "{of_cells} and {of_pixels}");
        // How much it changes from pixel to pixel.
        let steps =
            |values: &[f32]| deviation(&values.windows(2).map(|v| v[1] - v[0]).collect::<Vec<_>>());
        let smoothness = steps(&ours) / steps(&smooth.values);
        assert!((smoothness - 1.0).abs() < 0.1, "{smoothness}");
        // Near the border both are mirrored, one about a pixel and one about a cell.
        let inside = |i: &usize| {
            let (x, y) = (i % width, i / width);
            (28..width - 28).contains(&x) && (28..height - 28).contains(&y)
        };
        let places: Vec<usize> = (0..ours.len()).filter(inside).collect();
        let square = |i: &usize| (ours[*i] - smooth.values[*i]).powi(2);
        let off = places.iter().map(square).sum::<f32>() / places.len() as f32;
        let off = STRENGTH * off.sqrt();
        assert!(off < 0.25, "cells are off by {off} pixels");
        let mut mask = Mask::zeros(width, height);
        mask.values[..width * height / 2].fill(1);
        let moved = elastic(&mask, [noise(1), noise(2)]);
        assert!(moved != mask);
        let area: f32 = moved.values.iter().map(|value| f32::from(*value)).sum();
        assert!((area / (width * height) as f32 - 0.5).abs() < 0.02);
        let zero = || Field::zeros(width, height);
        assert_eq!(elastic(&mask, [zero(), zero()]), mask);
    }

    #[test]
    fn a_mask_moves_as_far_as_the_noise_says() {
        let (width, height) = (60, 50);
        let square = |x: usize, y: usize| {
            let mut mask = Mask::zeros(width, height);
            for row in mask.values.chunks_exact_mut(width).skip(y).take(10) {
                row[x..x + 10].fill(255);
            }
            mask
        };
        let flat = |by: f32| Field { width, height, values: vec![by / STRENGTH; width * height] };
        // A pixel from three to the right and two up: all moves the other way.
        assert!(elastic(&square(20, 20), [flat(3.0), flat(-2.0)]) == square(17, 22));
        assert!(elastic(&square(20, 20), [flat(-3.0), flat(2.0)]) == square(23, 18));
    }

    #[test]
    fn the_largest_stored_face_keeps_its_places() {
        // More pixels than 2^23, and the last row seen.
        let (width, height) = (4096, 2050);
        let mut mask = Mask::zeros(width, height);
        mask.values[(height - 2) * width..].fill(1);
        let still = || Field::zeros(width, height);
        assert!(elastic(&mask, [still(), still()]) == mask);
    }
}

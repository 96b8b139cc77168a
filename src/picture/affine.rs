//! Geometric operations, as Pillow's `Image.transform` and `Image.rotate` do them: each
//! output pixel is looked up in the source, without antialiasing; what comes from
//! outside is filled.

use std::ops::Range;

use super::resize::Filter;
use crate::pixels::Pixels;
use proofmark_base::math::{cos, sin};
use proofmark_base::wide::wide;

/// Output coordinates to source coordinates: x' = ax + by + c, y' = dx + ey + f.
pub type Matrix = [f64; 6];

/// Fills what comes from outside the image, and looks up the rest.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// How pixels are interpolated. Bicubic here is Keys with a = -1, as in Pillow.
    pub filter: Filter,
    /// Colour of what comes from outside.
    pub fill: [u8; 3],
}

/// Each row moves by `factor` of its distance from the top.
pub fn shear_x(image: &mut Pixels, factor: f64, by: Sampling) {
    transform(image, [1.0, factor, 0.0, 0.0, 1.0, 0.0], by);
}

/// Each column moves by `factor` of its distance from the left.
pub fn shear_y(image: &mut Pixels, factor: f64, by: Sampling) {
    transform(image, [1.0, 0.0, 0.0, factor, 1.0, 0.0], by);
}

/// The image moves left by a share of its width.
pub fn translate_x(image: &mut Pixels, share: f64, by: Sampling) {
    let pixels = share * image.width as f64;
    transform(image, [1.0, 0.0, pixels, 0.0, 1.0, 0.0], by);
}

/// The image moves up by a share of its height.
pub fn translate_y(image: &mut Pixels, share: f64, by: Sampling) {
    let pixels = share * image.height as f64;
    transform(image, [1.0, 0.0, 0.0, 0.0, 1.0, pixels], by);
}

/// Anticlockwise by `degrees` about the centre, cut off at the borders.
pub fn rotate(image: &mut Pixels, degrees: f64, by: Sampling) {
    if degrees == 0.0 {
        return;
    }
    let angle = -degrees.rem_euclid(360.0).to_radians();
    // Pillow rounds the matrix, so that quarter turns are exact.
    let round = |x: f64| (x * 1e15).round() / 1e15;
    let (cos, sin) = (round(cos(angle)), round(sin(angle)));
    let (x, y) = (image.width as f64 / 2.0, image.height as f64 / 2.0);
    // In Pillow's order of operations, so that the last bits agree.
    let (c, f) = (cos * -x + sin * -y + x, -sin * -x + cos * -y + y);
    transform(image, [cos, sin, c, -sin, cos, f], by);
}

/// Looks up every pixel where the matrix says, at pixel centres.
pub fn transform(image: &mut Pixels, matrix: Matrix, by: Sampling) {
    if image.rgb.is_empty() {
        return;
    }
    let [a, b, c, d, e, f] = matrix;
    // Shears and translations move along one axis only: distances along the other are 0,
    // and mixing by 0 changes nothing.
    let (across, down) = ([a, b, c] != [1.0, 0.0, 0.0], [d, e, f] != [0.0, 1.0, 0.0]);
    wide(
        #[inline(always)]
        || {
            let source = Bordered::of(image);
            let mut row = Row::of(image.width);
            for (y, out) in image.rgb.chunks_exact_mut(3 * image.width).enumerate() {
                let (out, _) = out.as_chunks_mut();
                row.find(y, matrix, image.height, source.stride);
                match (by.filter, across, down) {
                    (Filter::Bilinear, true, false) => row.bilinear::<true, false>(&source, out),
                    (Filter::Bilinear, false, true) => row.bilinear::<false, true>(&source, out),
                    (Filter::Bilinear, ..) => row.bilinear::<true, true>(&source, out),
                    (Filter::Bicubic, ..) => row.bicubic(&source, out),
                }
                out[..row.inside.start].fill(by.fill);
                out[row.inside.end..].fill(by.fill);
            }
        },
    );
}

/// How far an image is continued beyond its border, as the wider filter asks.
const BORDER: usize = 2;

/// An image with its outermost pixels repeated around it, so that what surrounds a place
/// inside can be looked up without looking where the image ends.
struct Bordered {
    /// Red, green and blue from the lowest byte up.
    pixels: Vec<u32>,
    /// Pixels from a row to the next.
    stride: usize,
}

impl Bordered {
    #[inline(always)]
    fn of(image: &Pixels) -> Self {
        let stride = image.width + 2 * BORDER;
        let mut pixels = vec![0; stride * (image.height + 2 * BORDER)];
        let (source, _) = image.rgb.as_chunks::<3>();
        for (y, row) in pixels.chunks_exact_mut(stride).enumerate() {
            let y = y.saturating_sub(BORDER).min(image.height - 1);
            let source = &source[y * image.width..][..image.width];
            let (left, rest) = row.split_at_mut(BORDER);
            let (inner, right) = rest.split_at_mut(image.width);
            for (pixel, [r, g, b]) in inner.iter_mut().zip(source) {
                *pixel = u32::from_le_bytes([*r, *g, *b, 0]);
            }
            left.fill(inner[0]);
            right.fill(inner[image.width - 1]);
        }
        Self { pixels, stride }
    }

    /// A pixel and the one on its right, which take the upper half.
    #[inline(always)]
    fn pair(&self, at: usize) -> u64 {
        let pair = &self.pixels[at..at + 2];
        u64::from(pair[0]) | u64::from(pair[1]) << 32
    }
}

/// Where the pixels of an output row come from. Places are found for the whole row, then
/// pixels are looked up one by one, then mixed, so that the arithmetic goes many at a time.
struct Row {
    /// The centre of each column.
    centres: Vec<f64>,
    /// Whether the place of each column is inside the image.
    within: Vec<bool>,
    /// The columns whose places are: neighbours all, since places lie on a line.
    inside: Range<usize>,
    /// The pixel left of and above each place, in the bordered image.
    at: Vec<u32>,
    /// How far the place is from there.
    dx: Vec<f64>,
    dy: Vec<f64>,
    /// The two pixels above each place, the two below, and what they mix to.
    upper: Vec<u64>,
    lower: Vec<u64>,
    mixed: Vec<u32>,
}

impl Row {
    fn of(width: usize) -> Self {
        Self {
            centres: (0..width).map(|column| column as f64 + 0.5).collect(),
            within: vec![false; width],
            inside: 0..0,
            at: vec![0; width],
            dx: vec![0.0; width],
            dy: vec![0.0; width],
            upper: vec![0; width],
            lower: vec![0; width],
            mixed: vec![0; width],
        }
    }

    /// Finds the places of the row `y`.
    #[inline(always)]
    fn find(&mut self, y: usize, [a, b, c, d, e, f]: Matrix, height: usize, stride: usize) {
        let n = self.centres.len();
        let (w, h, y) = (n as f64, height as f64, y as f64 + 0.5);
        let (border, stride) = (BORDER as f64, stride as f64);
        // Slices of one length, so that the loop needs no checks.
        let (centres, within) = (&self.centres[..n], &mut self.within[..n]);
        let (dx, dy) = (&mut self.dx[..n], &mut self.dy[..n]);
        let at = &mut self.at[..n];
        for i in 0..n {
            let x = centres[i];
            let (x, y) = (a * x + b * y + c, d * x + e * y + f);
            within[i] = (x >= 0.0) & (x < w) & (y >= 0.0) & (y < h);
            // Pixel centres lie in the middle.
            let (x, y) = (x - 0.5, y - 0.5);
            let (left, top) = (x.floor(), y.floor());
            (dx[i], dy[i]) = (x - left, y - top);
            // Has no meaning outside.
            at[i] = low_bits((top + border) * stride + (left + border));
        }
        let first = within.iter().position(|within| *within).unwrap_or(n);
        let behind = within.iter().rposition(|within| *within).map_or(n, |last| last + 1);
        self.inside = first..behind;
    }

    /// Mixes four pixels, or two where places move only across or down. Bytes are truncated,
    /// as in Pillow.
    #[inline(always)]
    fn bilinear<const ACROSS: bool, const DOWN: bool>(
        &mut self,
        from: &Bordered,
        out: &mut [[u8; 3]],
    ) {
        let inside = self.inside.clone();
        let n = inside.len();
        let (upper, lower) = (&mut self.upper[..n], &mut self.lower[..n]);
        for (i, at) in self.at[inside.clone()].iter().enumerate() {
            upper[i] = from.pair(*at as usize);
            if DOWN {
                lower[i] = from.pair(*at as usize + from.stride);
            }
        }
        let (dx, dy) = (&self.dx[inside.clone()][..n], &self.dy[inside.clone()][..n]);
        let mixed = &mut self.mixed[..n];
        for i in 0..n {
            let mut pixel = 0;
            for shift in [0, 8, 16] {
                let across = |pair: u64| {
                    let left = f64::from((pair >> shift) as u8);
                    let right = f64::from((pair >> (32 + shift)) as u8);
                    if ACROSS { between(left, right, dx[i]) } else { left }
                };
                let mut value = across(upper[i]);
                if DOWN {
                    value = between(value, across(lower[i]), dy[i]);
                }
                // Between two bytes, so that no bounds are needed.
                pixel |= (low_bits(value.floor()) & 0xFF) << shift;
            }
            mixed[i] = pixel;
        }
        for (out, pixel) in out[inside].iter_mut().zip(mixed) {
            let [r, g, b, _] = pixel.to_le_bytes();
            *out = [r, g, b];
        }
    }

    /// The same, by four pixels each way, and with bounds.
    #[inline(always)]
    fn bicubic(&self, from: &Bordered, out: &mut [[u8; 3]]) {
        for i in self.inside.clone() {
            let first = self.at[i] as usize - from.stride - 1;
            let rows = [0, 1, 2, 3].map(|row| {
                let pixels = &from.pixels[first + row * from.stride..][..4];
                [0, 1, 2, 3].map(|column| pixels[column].to_le_bytes().map(f64::from))
            });
            out[i] = [0, 1, 2].map(|channel| {
                let across = rows.map(|row| cubic(row.map(|pixel| pixel[channel]), self.dx[i]));
                cubic(across, self.dy[i]) as u8
            });
        }
    }
}

/// The low bits of a whole number from 0 on: added to 2^52 it lies in the lowest bits of
/// the sum. A conversion would check its bounds, which keeps loops out of wide registers.
#[inline(always)]
fn low_bits(whole: f64) -> u32 {
    (whole + (1u64 << 52) as f64).to_bits() as u32
}

/// From `a` at 0 to `b` at 1.
#[inline(always)]
fn between(a: f64, b: f64, d: f64) -> f64 {
    a + (b - a) * d
}

/// Between the second and third of four values, Keys with a = -1.
fn cubic([p, q, r, s]: [f64; 4], d: f64) -> f64 {
    q + d * ((r - p) + d * ((2.0 * (p - q) + r - s) + d * (-p + q - r + s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Pixels {
        Pixels { width: 4, height: 3, rgb: (0..36).map(|i| i * 7).collect() }
    }

    const FILL: [u8; 3] = [1, 2, 3];

    #[test]
    fn nothing_moves_by_nothing() {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            let by = Sampling { filter, fill: FILL };
            for operation in [shear_x, shear_y, translate_x, translate_y, rotate] {
                let mut moved = image();
                operation(&mut moved, 0.0, by);
                assert_eq!(moved, image());
            }
        }
    }

    #[test]
    fn what_comes_from_outside_is_filled() {
        let by = Sampling { filter: Filter::Bilinear, fill: FILL };
        let mut moved = image();
        translate_x(&mut moved, 0.5, by);
        for (row, before) in moved.rgb.chunks(12).zip(image().rgb.chunks(12)) {
            assert_eq!(row[..6], before[6..]);
            assert_eq!(row[6..], [1, 2, 3, 1, 2, 3]);
        }
        let mut turned = image();
        rotate(&mut turned, 180.0, by);
        let mut reversed: Vec<[u8; 3]> =
            image().rgb.chunks(3).map(|p| [p[0], p[1], p[2]]).collect();
        reversed.reverse();
        assert_eq!(turned.rgb, reversed.concat());
    }
}

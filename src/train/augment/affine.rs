//! Geometric operations, as Pillow's `Image.transform` and `Image.rotate` do them: each
//! output pixel is looked up in the source, without antialiasing; what comes from
//! outside is filled.

use super::pixels::Pixels;
use crate::prepare::crop::Filter;
use crate::wide::wide;

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
    let (cos, sin) = (round(angle.cos()), round(angle.sin()));
    let (x, y) = (image.width as f64 / 2.0, image.height as f64 / 2.0);
    // In Pillow's order of operations, so that the last bits agree.
    let (c, f) = (cos * -x + sin * -y + x, -sin * -x + cos * -y + y);
    transform(image, [cos, sin, c, -sin, cos, f], by);
}

/// Looks up every pixel where the matrix says, at pixel centres.
pub fn transform(image: &mut Pixels, matrix: Matrix, by: Sampling) {
    let source = std::mem::take(&mut image.rgb);
    image.rgb = vec![0; source.len()];
    let lookup = Lookup { pixels: source.as_chunks().0, width: image.width, height: image.height };
    let mut row = Row::of(image.width);
    for (y, out) in image.rgb.chunks_exact_mut(3 * image.width.max(1)).enumerate() {
        let (out, _) = out.as_chunks_mut();
        row.find(y, matrix, image.height);
        match by.filter {
            Filter::Bilinear => row.bilinear(&lookup, out),
            Filter::Bicubic => row.bicubic(&lookup, out),
        }
        row.fill(by.fill, out);
    }
}

/// An image to look pixels up in.
struct Lookup<'a> {
    pixels: &'a [[u8; 3]],
    width: usize,
    height: usize,
}

/// Where the pixels of an output row come from. Places are found for the whole row, then
/// pixels are gathered, then mixed, so that the arithmetic goes many at a time.
struct Row {
    /// The centre of each column.
    centres: Vec<f64>,
    /// Whether the place of each column is inside the image.
    inside: Vec<bool>,
    /// The pixel left of and above each place.
    left: Vec<i32>,
    top: Vec<i32>,
    /// How far the place is from there.
    dx: Vec<f64>,
    dy: Vec<f64>,
    /// Numbers of the four pixels around each place: above left and right, below left and
    /// right.
    around: [Vec<u32>; 4],
    /// Those pixels.
    corners: [Vec<[u8; 3]>; 4],
    /// The distances, for each byte.
    shares: [Vec<[f64; 3]>; 2],
}

impl Row {
    fn of(width: usize) -> Self {
        Self {
            centres: (0..width).map(|column| column as f64 + 0.5).collect(),
            inside: vec![false; width],
            left: vec![0; width],
            top: vec![0; width],
            dx: vec![0.0; width],
            dy: vec![0.0; width],
            around: std::array::from_fn(|_| vec![0; width]),
            corners: std::array::from_fn(|_| vec![[0; 3]; width]),
            shares: std::array::from_fn(|_| vec![[0.0; 3]; width]),
        }
    }

    /// Finds the places of the row `y`.
    fn find(&mut self, y: usize, [a, b, c, d, e, f]: Matrix, height: usize) {
        let n = self.centres.len();
        let (w, h, y) = (n as f64, height as f64, y as f64 + 0.5);
        // Slices of one length, so that the loop needs no checks.
        let (centres, inside) = (&self.centres[..n], &mut self.inside[..n]);
        let (left, top) = (&mut self.left[..n], &mut self.top[..n]);
        let (dx, dy) = (&mut self.dx[..n], &mut self.dy[..n]);
        wide(
            #[inline(always)]
            || {
                for i in 0..n {
                    let x = centres[i];
                    let (x, y) = (a * x + b * y + c, d * x + e * y + f);
                    let within = (x >= 0.0) & (x < w) & (y >= 0.0) & (y < h);
                    inside[i] = within;
                    // Pixel centres lie in the middle. Places outside are not looked up.
                    let x = if within { x } else { 0.5 } - 0.5;
                    let y = if within { y } else { 0.5 } - 0.5;
                    (left[i], top[i]) = (x.floor() as i32, y.floor() as i32);
                    (dx[i], dy[i]) = (x - x.floor(), y - y.floor());
                }
            },
        );
    }

    /// Gathers the four pixels around each place, clamped to the image.
    fn gather(&mut self, from: &Lookup<'_>) {
        let n = self.centres.len();
        let (left, top) = (&self.left[..n], &self.top[..n]);
        let (right, bottom) = (from.width as i32 - 1, from.height as i32 - 1);
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)];
        for ((x, y), (around, pixels)) in
            corners.into_iter().zip(self.around.iter_mut().zip(&mut self.corners))
        {
            let around = &mut around[..n];
            wide(
                #[inline(always)]
                || {
                    for i in 0..n {
                        let column = left[i].wrapping_add(x).max(0).min(right) as u32;
                        let row = top[i].wrapping_add(y).max(0).min(bottom) as u32;
                        around[i] = row.wrapping_mul(n as u32).wrapping_add(column);
                    }
                },
            );
            for (pixel, at) in pixels.iter_mut().zip(around) {
                *pixel = from.pixels[*at as usize];
            }
        }
    }

    /// Bytes are truncated, as in Pillow.
    fn bilinear(&mut self, from: &Lookup<'_>, out: &mut [[u8; 3]]) {
        self.gather(from);
        for (shares, distances) in self.shares.iter_mut().zip([&self.dx, &self.dy]) {
            for (share, distance) in shares.iter_mut().zip(distances) {
                *share = [*distance; 3];
            }
        }
        let n = out.as_flattened().len();
        let [a, b, c, d] = self.corners.each_ref().map(|corner| &corner.as_flattened()[..n]);
        let [dx, dy] = self.shares.each_ref().map(|share| &share.as_flattened()[..n]);
        let out = &mut out.as_flattened_mut()[..n];
        wide(
            #[inline(always)]
            || {
                for i in 0..n {
                    let upper = between(f64::from(a[i]), f64::from(b[i]), dx[i]);
                    let lower = between(f64::from(c[i]), f64::from(d[i]), dx[i]);
                    // Between two bytes, so that no bounds are needed.
                    out[i] = between(upper, lower, dy[i]) as i32 as u8;
                }
            },
        );
    }

    /// The same, by four pixels each way.
    fn bicubic(&self, from: &Lookup<'_>, out: &mut [[u8; 3]]) {
        let clamp = |at: i32, size: usize| at.clamp(0, size as i32 - 1) as usize;
        for (column, out) in out.iter_mut().enumerate() {
            let columns = [-1, 0, 1, 2].map(|i| clamp(self.left[column] + i, from.width));
            let rows = [-1, 0, 1, 2].map(|i| clamp(self.top[column] + i, from.height));
            for (channel, out) in out.iter_mut().enumerate() {
                let pixel =
                    |row: usize, x: usize| f64::from(from.pixels[from.width * row + x][channel]);
                let across = rows.map(|row| cubic(columns.map(|x| pixel(row, x)), self.dx[column]));
                *out = cubic(across, self.dy[column]) as u8;
            }
        }
    }

    /// Fills what comes from outside.
    fn fill(&self, colour: [u8; 3], out: &mut [[u8; 3]]) {
        for (inside, pixel) in self.inside.iter().zip(out) {
            if !inside {
                *pixel = colour;
            }
        }
    }
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

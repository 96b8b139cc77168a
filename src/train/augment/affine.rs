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

impl Lookup<'_> {
    /// A column, clamped to the image.
    fn column(&self, x: i32) -> usize {
        x.clamp(0, self.width as i32 - 1) as usize
    }

    /// A row, clamped to the image.
    fn row(&self, y: i32) -> &[[u8; 3]] {
        let y = y.clamp(0, self.height as i32 - 1) as usize;
        &self.pixels[self.width * y..self.width * (y + 1)]
    }
}

/// Where the pixels of an output row come from. Places are found for the whole row, then
/// pixels are gathered, then mixed, so that the arithmetic goes many at a time.
struct Row {
    /// The centre of each column.
    centres: Vec<f64>,
    places: Vec<Place>,
    /// The four pixels around each place: above left and right, below left and right.
    corners: [Vec<[u8; 3]>; 4],
    /// How far the place is right of and below the first of them, for each byte.
    shares: [Vec<[f64; 3]>; 2],
}

/// A place between pixels.
#[derive(Clone, Copy, Default)]
struct Place {
    inside: bool,
    /// The pixel left of it and above it.
    left: i32,
    top: i32,
    /// How far it is from there.
    dx: f64,
    dy: f64,
}

impl Row {
    fn of(width: usize) -> Self {
        Self {
            centres: (0..width).map(|column| column as f64 + 0.5).collect(),
            places: vec![Place::default(); width],
            corners: std::array::from_fn(|_| vec![[0; 3]; width]),
            shares: std::array::from_fn(|_| vec![[0.0; 3]; width]),
        }
    }

    /// Finds the places of the row `y`.
    fn find(&mut self, y: usize, [a, b, c, d, e, f]: Matrix, height: usize) {
        let (w, h) = (self.places.len() as f64, height as f64);
        let y = y as f64 + 0.5;
        wide(
            #[inline(always)]
            || {
                for (place, x) in self.places.iter_mut().zip(&self.centres) {
                    let (x, y) = (a * x + b * y + c, d * x + e * y + f);
                    let inside = (x >= 0.0) & (x < w) & (y >= 0.0) & (y < h);
                    // Pixel centres lie in the middle. Places outside are not looked up.
                    let (x, y) = if inside { (x - 0.5, y - 0.5) } else { (0.0, 0.0) };
                    let (left, top) = (x.floor(), y.floor());
                    let (dx, dy) = (x - left, y - top);
                    *place = Place { inside, left: left as i32, top: top as i32, dx, dy };
                }
            },
        );
    }

    /// Bytes are truncated, as in Pillow.
    fn bilinear(&mut self, from: &Lookup<'_>, out: &mut [[u8; 3]]) {
        let [a, b, c, d] = &mut self.corners;
        let [dx, dy] = &mut self.shares;
        for (column, place) in self.places.iter().enumerate() {
            let (x0, x1) = (from.column(place.left), from.column(place.left + 1));
            let (upper, lower) = (from.row(place.top), from.row(place.top + 1));
            (a[column], b[column]) = (upper[x0], upper[x1]);
            (c[column], d[column]) = (lower[x0], lower[x1]);
            (dx[column], dy[column]) = ([place.dx; 3], [place.dy; 3]);
        }
        let upper = a.as_flattened().iter().zip(b.as_flattened());
        let lower = c.as_flattened().iter().zip(d.as_flattened());
        let shares = dx.as_flattened().iter().zip(dy.as_flattened());
        let bytes = out.as_flattened_mut().iter_mut();
        wide(
            #[inline(always)]
            || {
                for (out, (((a, b), (c, d)), (dx, dy))) in bytes.zip(upper.zip(lower).zip(shares)) {
                    let upper = between(f64::from(*a), f64::from(*b), *dx);
                    let lower = between(f64::from(*c), f64::from(*d), *dx);
                    // Within a byte, so that the cast needs no bounds.
                    *out = between(upper, lower, *dy) as i32 as u8;
                }
            },
        );
    }

    /// The same, by four pixels each way.
    fn bicubic(&self, from: &Lookup<'_>, out: &mut [[u8; 3]]) {
        for (place, out) in self.places.iter().zip(out) {
            let columns = [-1, 0, 1, 2].map(|i| from.column(place.left + i));
            let rows = [-1, 0, 1, 2].map(|i| from.row(place.top + i));
            for (channel, out) in out.iter_mut().enumerate() {
                let across =
                    rows.map(|row| cubic(columns.map(|x| f64::from(row[x][channel])), place.dx));
                *out = cubic(across, place.dy) as u8;
            }
        }
    }

    /// Fills what comes from outside.
    fn fill(&self, colour: [u8; 3], out: &mut [[u8; 3]]) {
        for (place, pixel) in self.places.iter().zip(out) {
            if !place.inside {
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

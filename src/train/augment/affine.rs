//! Geometric operations, as Pillow's `Image.transform` and `Image.rotate` do them: each
//! output pixel is looked up in the source, without antialiasing; what comes from
//! outside is filled.

use super::pixels::Pixels;
use crate::prepare::crop::Filter;

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
    let mut target = vec![0; source.len()];
    let lookup = Lookup { rgb: &source, width: image.width, height: image.height };
    let [a, b, c, d, e, f] = matrix;
    for (row, pixels) in target.chunks_exact_mut(3 * image.width.max(1)).enumerate() {
        let y = row as f64 + 0.5;
        for (column, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            let x = column as f64 + 0.5;
            let found = lookup.at(a * x + b * y + c, d * x + e * y + f, by.filter);
            pixel.copy_from_slice(&found.unwrap_or(by.fill));
        }
    }
    image.rgb = target;
}

/// An image to look pixels up in.
struct Lookup<'a> {
    rgb: &'a [u8],
    width: usize,
    height: usize,
}

impl Lookup<'_> {
    /// The interpolated pixel of a place; none outside the image.
    #[inline(always)]
    fn at(&self, x: f64, y: f64, filter: Filter) -> Option<[u8; 3]> {
        if !(x >= 0.0 && x < self.width as f64 && y >= 0.0 && y < self.height as f64) {
            return None;
        }
        // Pixel centres lie in the middle.
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = (x - left, y - top);
        let (left, top) = (left as isize, top as isize);
        Some(match filter {
            Filter::Bilinear => self.bilinear(left, top, dx, dy),
            Filter::Bicubic => self.bicubic(left, top, dx, dy),
        })
    }

    /// Truncated to a byte, as Pillow does.
    #[inline(always)]
    fn bilinear(&self, left: isize, top: isize, dx: f64, dy: f64) -> [u8; 3] {
        let (x0, x1) = (self.column(left), self.column(left + 1));
        let (upper, lower) = (self.row(top), self.row(top + 1));
        let mix = |row: &[u8], c: usize| {
            let (a, b) = (f64::from(row[x0 + c]), f64::from(row[x1 + c]));
            a + (b - a) * dx
        };
        let mut pixel = [0; 3];
        for (c, value) in pixel.iter_mut().enumerate() {
            let above = mix(upper, c);
            // Shears and translations mostly move along rows.
            let mixed = if dy == 0.0 { above } else { above + (mix(lower, c) - above) * dy };
            *value = mixed as u8;
        }
        pixel
    }

    fn bicubic(&self, left: isize, top: isize, dx: f64, dy: f64) -> [u8; 3] {
        let columns = [-1, 0, 1, 2].map(|i| self.column(left + i));
        let rows = [-1, 0, 1, 2].map(|i| self.row(top + i));
        std::array::from_fn(|c| {
            let across = rows.map(|row| cubic(columns.map(|x| f64::from(row[x + c])), dx));
            cubic(across, dy) as u8
        })
    }

    /// Byte of a column, clamped to the image.
    #[inline(always)]
    fn column(&self, x: isize) -> usize {
        3 * x.clamp(0, self.width as isize - 1) as usize
    }

    /// A row, clamped to the image.
    #[inline(always)]
    fn row(&self, y: isize) -> &[u8] {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        &self.rgb[3 * self.width * y..3 * self.width * (y + 1)]
    }
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

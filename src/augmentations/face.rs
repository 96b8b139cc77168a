//! A stored face, and how it becomes a normalised input.

use proofmark_base::wide::wide;
use proofmark_picture::Pixels;
use proofmark_picture::resize::{Filter, Window, resize};

/// A stored face, square.
#[derive(Clone, Copy, Debug)]
pub struct Face<'a> {
    /// RGB bytes.
    pub rgb: &'a [u8],
    /// In pixels.
    pub side: u32,
}

/// Mean and standard deviation per channel, RGB, of inputs in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channels {
    /// What becomes 0.
    pub mean: [f64; 3],
    /// What becomes 1 more.
    pub std: [f64; 3],
}

/// A face at a side in pixels, bicubic.
pub fn straight(face: Face<'_>, side: u32) -> Pixels {
    if face.side == side {
        return Pixels::square(face.rgb.to_vec(), side as usize);
    }
    let whole = Window::whole(face.side, face.side);
    Pixels::square(resize(face.rgb, face.side, whole, side, Filter::Bicubic), side as usize)
}

/// Values that take the place of those in a rectangle of a normalised input.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Values from one row to the next, at least the width.
    pub stride: usize,
    /// (3, height, stride).
    pub values: Vec<f32>,
}

impl Patch {
    /// Puts the values into an input (3, S, S) of this side S.
    pub fn put(&self, input: &mut [f32], side: usize) {
        let one = (self.height * self.stride).max(1);
        for (plane, values) in
            input.chunks_exact_mut(side * side).zip(self.values.chunks_exact(one))
        {
            let rows = plane.chunks_exact_mut(side).skip(self.y);
            for (row, values) in rows.zip(values.chunks_exact(self.stride)) {
                row[self.x..self.x + self.width].copy_from_slice(&values[..self.width]);
            }
        }
    }
}

impl Channels {
    /// A byte's normalised value is `byte * scale - shift`, per channel, in this order, each rounded to f32.
    pub fn affine(&self) -> ([f32; 3], [f32; 3]) {
        let scale = [0, 1, 2].map(|c| (1.0 / (255.0 * self.std[c])) as f32);
        let shift = [0, 1, 2].map(|c| (self.mean[c] / self.std[c]) as f32);
        (scale, shift)
    }

    /// The colour that is 0 after normalisation.
    pub(crate) fn mean_colour(&self) -> [u8; 3] {
        self.mean.map(|mean| (255.0 * mean).round() as u8)
    }
}

/// Side of an input (3, S, S).
pub fn side_of(out: &[f32]) -> u32 {
    ((out.len() / 3) as f64).sqrt().round() as u32
}

/// RGB bytes to normalised planes: (value / 255 - mean) / std, (3, S, S) row-major.
pub fn normalize(rgb: &[u8], by: &Channels, out: &mut [f32]) {
    let (scale, shift) = by.affine();
    let (pixels, _) = rgb.as_chunks::<3>();
    let (red, rest) = out.split_at_mut(pixels.len());
    let (green, blue) = rest.split_at_mut(pixels.len());
    wide(
        #[inline(always)]
        || {
            // Copies, which stay in registers.
            let (scale, shift) = (scale, shift);
            for (((pixel, r), g), b) in pixels.iter().zip(red).zip(green).zip(blue) {
                *r = f32::from(pixel[0]) * scale[0] - shift[0];
                *g = f32::from(pixel[1]) * scale[1] - shift[1];
                *b = f32::from(pixel[2]) * scale[2] - shift[2];
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising_is_per_channel() {
        let mut out = [0f32; 6];
        let by = Channels { mean: [0.5, 0.25, 0.0], std: [0.5, 0.25, 1.0] };
        normalize(&[255, 0, 51, 0, 255, 102], &by, &mut out);
        for (got, expected) in out.iter().zip([1.0, -1.0, -1.0, 3.0, 0.2, 0.4]) {
            assert!((got - expected).abs() < 1e-6, "{out:?}");
        }
    }
}

//! What a layer gives: pixels row by row, the channels of a pixel side by side.

use super::buffer::Buffer;

/// Channels of a map, but for the image's, are rounded up to a multiple of this: what the
/// widest registers hold. Those too many are 0.
pub const LANES: usize = 16;
/// Pixels along the side of what [`super::winograd`] computes at a time.
pub const TILE: usize = 4;

/// Rows that are kept of a map whose rows pass: what a 3x3 kernel covers, and the zeros
/// below the last row, which are there as soon as it is.
const KEPT: usize = 4;

/// Size of a map, and what is kept of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Zeros above and on the left; on the other sides as many, and what [`TILE`] needs.
    pub border: usize,
    /// Whether rows pass straight to the next layer and are then overwritten.
    pub passing: bool,
}

/// A map with zeros around it, as far as convolutions reach.
#[derive(Debug, Default)]
pub struct Map {
    values: Buffer,
    shape: Shape,
    /// Rows in memory.
    rows: usize,
    /// Values from one row to the next.
    row: usize,
}

impl Map {
    /// Takes a shape. Zeros are there, pixels are unspecified.
    pub fn fit(&mut self, shape: Shape) {
        let Shape { height, width, channels, border, passing } = shape;
        let around = |side: usize| match border {
            0 => side,
            _ => border + side.next_multiple_of(TILE) + border,
        };
        self.shape = shape;
        self.row = around(width) * channels;
        self.rows = if passing { KEPT } else { around(height) };
        self.values.fit(self.rows * self.row);
        let (left, right) = (border * channels, (border + width) * channels);
        for (y, row) in self.values.chunks_exact_mut(self.row).enumerate() {
            if passing || !(border..border + height).contains(&y) {
                row.fill(0.0);
            } else if border > 0 {
                row[..left].fill(0.0);
                row[right..].fill(0.0);
            }
        }
    }

    /// Its size.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Row `y` of what lies in memory, from its column `x` on; both count the border.
    #[inline(always)]
    pub fn from(&self, y: usize, x: usize) -> &[f32] {
        &self.values[y % self.rows * self.row..][x * self.shape.channels..self.row]
    }

    /// The pixels of row `y`.
    #[inline(always)]
    pub fn pixels(&self, y: usize) -> &[f32] {
        let Shape { width, channels, border, .. } = self.shape;
        &self.from(y + border, border)[..width * channels]
    }

    /// The pixels of row `y`.
    #[inline(always)]
    pub fn pixels_mut(&mut self, y: usize) -> &mut [f32] {
        let Shape { width, channels, border, .. } = self.shape;
        let start = (y + border) % self.rows * self.row + border * channels;
        &mut self.values[start..][..width * channels]
    }

    /// Makes the row below the last one zeros, where rows pass: it held another.
    pub fn end(&mut self) {
        if self.shape.passing {
            self.pixels_mut(self.shape.height).fill(0.0);
        }
    }

    /// All values of a map without a border.
    pub fn values(&self) -> &[f32] {
        assert_eq!(self.shape.border, 0, "a map with a border has more than its pixels");
        &self.values
    }
}

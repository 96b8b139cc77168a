//! What a layer gives: pixels row by row, the channels of a pixel side by side.

use super::buffer::Buffer;

/// Channels of a map, but for the image's, are rounded up to a multiple of this: what the
/// widest registers hold. Those too many are 0.
pub const LANES: usize = 16;
/// Pixels along the side of what [`super::winograd`] computes at a time.
pub const TILE: usize = 4;

/// A map with zeros around it, as far as convolutions reach.
#[derive(Debug, Default)]
pub struct Map {
    values: Buffer,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Zeros above and on the left; on the other sides as many, and what [`TILE`] needs.
    pub border: usize,
    /// Values from one row to the next.
    row: usize,
}

impl Map {
    /// Takes this shape. The border is cleared, pixels are unspecified.
    pub fn shape(&mut self, height: usize, width: usize, channels: usize, border: usize) {
        let around = |side: usize| match border {
            0 => side,
            _ => border + side.next_multiple_of(TILE) + border,
        };
        let (rows, row) = (around(height), around(width) * channels);
        *self =
            Self { values: std::mem::take(&mut self.values), height, width, channels, border, row };
        self.values.fit(rows * row);
        if border == 0 {
            return;
        }
        let (left, right) = (border * channels, (border + width) * channels);
        for (y, row) in self.values.chunks_exact_mut(row).enumerate() {
            if (border..border + height).contains(&y) {
                row[..left].fill(0.0);
                row[right..].fill(0.0);
            } else {
                row.fill(0.0);
            }
        }
    }

    /// Row `y` of what lies in memory, from its column `x` on; both count the border.
    #[inline(always)]
    pub fn from(&self, y: usize, x: usize) -> &[f32] {
        &self.values[y * self.row..(y + 1) * self.row][x * self.channels..]
    }

    /// The pixels of row `y`.
    #[inline(always)]
    pub fn pixels(&self, y: usize) -> &[f32] {
        &self.from(y + self.border, self.border)[..self.width * self.channels]
    }

    /// The pixels of row `y`.
    #[inline(always)]
    pub fn pixels_mut(&mut self, y: usize) -> &mut [f32] {
        let start = (y + self.border) * self.row + self.border * self.channels;
        &mut self.values[start..][..self.width * self.channels]
    }

    /// All values of a map without a border.
    pub fn values(&self) -> &[f32] {
        assert_eq!(self.border, 0, "a map with a border has more than its pixels");
        &self.values
    }
}

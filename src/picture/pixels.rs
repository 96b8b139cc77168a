//! An RGB image in memory, and what is read off it.

use proofmark_base::wide::wide;

/// An RGB image, three bytes a pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Bytes: 3 × width × height.
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// A square image.
    ///
    /// # Panics
    /// If there are not 3 × side × side bytes.
    pub fn square(rgb: Vec<u8>, side: usize) -> Self {
        assert_eq!(rgb.len(), 3 * side * side, "an RGB buffer has three bytes a pixel");
        Self { width: side, height: side, rgb }
    }

    /// Mirrors each row.
    pub fn flip(&mut self) {
        let mut before = Vec::new();
        wide(
            #[inline(always)]
            || {
                for row in self.rgb.chunks_exact_mut(self.width.max(1) * 3) {
                    let (pixels, _) = row.as_chunks_mut::<3>();
                    before.clear();
                    before.extend_from_slice(pixels);
                    for (pixel, [r, g, b]) in pixels.iter_mut().zip(before.iter().rev()) {
                        *pixel = [*r, *g, *b];
                    }
                }
            },
        );
    }

    /// Replaces every byte by what its channel's table says.
    pub fn map(&mut self, tables: &[[u8; 256]; 3]) {
        let [red, green, blue] = tables;
        for pixel in self.rgb.chunks_exact_mut(3) {
            pixel[0] = red[usize::from(pixel[0])];
            pixel[1] = green[usize::from(pixel[1])];
            pixel[2] = blue[usize::from(pixel[2])];
        }
    }

    /// The least and the greatest value of each channel, 255 and 0 if there are none.
    pub fn ranges(&self) -> [(u8, u8); 3] {
        let (pixels, _) = self.rgb.as_chunks::<3>();
        wide(
            #[inline(always)]
            || {
                let (mut r, mut g, mut b) = ((255, 0), (255, 0), (255, 0));
                for [red, green, blue] in pixels {
                    r = (r.0.min(*red), r.1.max(*red));
                    g = (g.0.min(*green), g.1.max(*green));
                    b = (b.0.min(*blue), b.1.max(*blue));
                }
                [r, g, b]
            },
        )
    }

    /// How often each value occurs, per channel.
    pub fn histograms(&self) -> [[u32; 256]; 3] {
        // Two of each: neighbours are often alike, and one counter would wait for itself.
        let mut even = [[0u32; 256]; 3];
        let mut odd = [[0u32; 256]; 3];
        let pairs = self.rgb.chunks_exact(6);
        for pixel in pairs.remainder().chunks_exact(3) {
            for c in 0..3 {
                even[c][usize::from(pixel[c])] += 1;
            }
        }
        for pair in pairs {
            for c in 0..3 {
                even[c][usize::from(pair[c])] += 1;
                odd[c][usize::from(pair[c + 3])] += 1;
            }
        }
        for (even, odd) in even.iter_mut().flatten().zip(odd.iter().flatten()) {
            *even += odd;
        }
        even
    }

    /// The sum of [`luma`] over all pixels.
    pub fn luma_sum(&self) -> u64 {
        let (pixels, _) = self.rgb.as_chunks::<3>();
        wide(
            #[inline(always)]
            || pixels.iter().fold(0, |sum: u64, p| sum.wrapping_add(luma(*p).into())),
        )
    }
}

/// Brightness of a pixel by ITU-R 601-2, as Pillow's mode L: in 16-bit fixed point.
#[inline(always)]
pub fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_mirrors_rows() {
        let mut image = Pixels { width: 3, height: 2, rgb: (0..18).collect() };
        image.flip();
        assert_eq!(image.rgb[..9], [6, 7, 8, 3, 4, 5, 0, 1, 2]);
        assert_eq!(image.rgb[9..], [15, 16, 17, 12, 13, 14, 9, 10, 11]);
    }

    #[test]
    fn histograms_count_every_pixel_of_every_channel() {
        let image = Pixels { width: 3, height: 1, rgb: vec![1, 2, 3, 1, 5, 3, 9, 2, 3] };
        let [red, green, blue] = image.histograms();
        assert_eq!((red[1], red[9], green[2], green[5], blue[3]), (2, 1, 2, 1, 3));
        assert_eq!(red.iter().sum::<u32>(), 3);
    }
}

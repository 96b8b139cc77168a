//! The square of a picture that the network looks at.

/// A square in pixels of a picture, which it may leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Side, above 0.
    pub side: f64,
}

impl Square {
    /// The square of a box's (left, top, right, bottom) longer side, around its middle.
    pub fn around([left, top, right, bottom]: [f64; 4]) -> Self {
        let side = (right - left).max(bottom - top);
        Self { x: (left + right - side) / 2.0, y: (top + bottom - side) / 2.0, side }
    }

    /// The part of an RGB picture of `width` pixels a row, at `to` × `to` pixels. A pixel
    /// is the mean over the area that it covers, or over one pixel if it covers less.
    /// Beyond the picture its border goes on.
    pub fn cut(&self, rgb: &[u8], width: usize, to: usize) -> Vec<u8> {
        let height = rgb.len() / 3 / width;
        let (columns, rows) =
            (spans(self.x, self.side, to, width), spans(self.y, self.side, to, height));
        // Across, only the rows that are needed; then down.
        let (first, last) = (rows[0].first, rows[to - 1].first + rows[to - 1].weights.len());
        let mut across = vec![0f32; (last - first) * to * 3];
        for (out, row) in across.chunks_exact_mut(to * 3).zip(first..last) {
            let row = &rgb[row * width * 3..][..width * 3];
            for (out, span) in out.chunks_exact_mut(3).zip(&columns) {
                for (pixel, weight) in row[span.first * 3..].chunks_exact(3).zip(&span.weights) {
                    (0..3).for_each(|c| out[c] += weight * f32::from(pixel[c]));
                }
            }
        }
        let mut out = Vec::with_capacity(to * to * 3);
        for span in &rows {
            let mut sums = vec![0f32; to * 3];
            let lines = across[(span.first - first) * to * 3..].chunks_exact(to * 3);
            for (line, weight) in lines.zip(&span.weights) {
                sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += weight * value);
            }
            out.extend(sums.iter().map(|sum| sum.round() as u8));
        }
        out
    }
}

/// Source pixels of one target pixel, and what each counts.
struct Span {
    first: usize,
    weights: Vec<f32>,
}

/// The spans of `to` pixels over `side` source pixels from `from`, of which there are `n`.
fn spans(from: f64, side: f64, to: usize, n: usize) -> Vec<Span> {
    let scale = side / to as f64;
    let width = scale.max(1.0);
    let span = |i: usize| {
        let middle = from + (i as f64 + 0.5) * scale;
        let (low, high) = (middle - width / 2.0, middle + width / 2.0);
        let inside = |pixel: f64| pixel.clamp(0.0, (n - 1) as f64) as usize;
        let (first, last) = (inside(low.floor()), inside(high.ceil() - 1.0));
        let mut weights = vec![0f32; last - first + 1];
        for pixel in low.floor() as i64..high.ceil() as i64 {
            let covered = (high.min(pixel as f64 + 1.0) - low.max(pixel as f64)) / width;
            weights[inside(pixel as f64) - first] += covered as f32;
        }
        Span { first, weights }
    };
    (0..to).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize) -> Vec<u8> {
        (0..width * height).flat_map(|i| [(i % 251) as u8, (i * 7 % 251) as u8, 9]).collect()
    }

    #[test]
    fn a_square_of_a_box_has_its_middle() {
        assert_eq!(
            Square::around([10.0, 20.0, 30.0, 60.0]),
            Square { x: 0.0, y: 20.0, side: 40.0 }
        );
    }

    #[test]
    fn whole_pixels_are_averaged_and_single_ones_kept() {
        let rgb = picture(8, 8);
        let whole = Square { x: 0.0, y: 0.0, side: 8.0 };
        assert_eq!(whole.cut(&rgb, 8, 8), rgb);
        let half = whole.cut(&rgb, 8, 4);
        let mean: f32 = [0usize, 1, 8, 9].iter().map(|i| f32::from(rgb[i * 3])).sum::<f32>() / 4.0;
        assert_eq!(half[0], mean.round() as u8);
        assert_eq!(half[2], 9);
        // Twice as large: between two pixels, their mix.
        let large = Square { x: 2.0, y: 2.0, side: 2.0 }.cut(&rgb, 8, 4);
        let at = |x: usize, y: usize| f32::from(rgb[(y * 8 + x) * 3]);
        let across = |y: usize| 0.75 * at(2, y) + 0.25 * at(3, y);
        assert_eq!(large[(4 + 1) * 3], (0.75 * across(2) + 0.25 * across(3)).round() as u8);
    }

    #[test]
    fn beyond_the_border_it_goes_on() {
        let rgb = picture(6, 5);
        let outside = Square { x: -30.0, y: -20.0, side: 10.0 }.cut(&rgb, 6, 3);
        assert!(outside.chunks(3).all(|pixel| pixel == &rgb[..3]));
        for at in [-4.3, 1.7, 5.5] {
            assert_eq!(Square { x: at, y: at, side: 7.3 }.cut(&rgb, 6, 4)[2], 9);
        }
    }
}

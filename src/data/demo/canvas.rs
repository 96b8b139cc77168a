//! A square picture of floating-point colours, and the few ways of resampling it.

use proofmark_base::math::{exp_f32 as exp, sin_cos_f32 as sin_cos};

/// Red, green and blue as displayed, 0 to 1.
pub type Rgb = [f32; 3];

/// `a` moved towards `b` by the fraction `t`.
pub fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
}

/// `colour` made lighter or darker by a factor.
pub fn scaled(colour: Rgb, factor: f32) -> Rgb {
    colour.map(|c| c * factor)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A square picture.
///
/// Positions are either pixels (0 to side, pixel centres at halves) or the drawing's
/// own units: -1 to 1 across the picture, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    side: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A picture of `side` rows of `side` pixels.
    pub fn new(side: usize, pixels: Vec<Rgb>) -> Self {
        assert_eq!(pixels.len(), side * side, "a canvas is square");
        Self { side, pixels }
    }

    /// A picture whose colours are a function of the position in drawing units.
    pub fn draw(side: usize, mut colour: impl FnMut(f32, f32) -> Rgb) -> Self {
        let unit = |i: usize| (i as f32 + 0.5) * 2.0 / side as f32 - 1.0;
        let mut pixels = Vec::with_capacity(side * side);
        for row in 0..side {
            pixels.extend((0..side).map(|column| colour(unit(column), unit(row))));
        }
        Self { side, pixels }
    }

    /// Pixels along one side.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[Rgb] {
        &self.pixels
    }

    /// The pixels, row by row, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [Rgb] {
        &mut self.pixels
    }

    /// The colour at a position in drawing units, bilinear, edges repeated.
    pub fn sample(&self, x: f32, y: f32) -> Rgb {
        let last = (self.side - 1) as f32;
        let pixel = |u: f32| ((u + 1.0) * 0.5 * self.side as f32 - 0.5).clamp(0.0, last);
        let (px, py) = (pixel(x), pixel(y));
        let (x0, y0) = (px as usize, py as usize);
        let (x1, y1) = ((x0 + 1).min(self.side - 1), (y0 + 1).min(self.side - 1));
        let at = |x: usize, y: usize| self.pixels[y * self.side + x];
        let (fx, fy) = (px - x0 as f32, py - y0 as f32);
        mix(mix(at(x0, y0), at(x1, y0), fx), mix(at(x0, y1), at(x1, y1), fx), fy)
    }

    /// The same picture at another side, with a triangle filter as wide as the
    /// coarser of the two pixel grids.
    pub fn resized(&self, side: usize) -> Self {
        if side == self.side {
            return self.clone();
        }
        let ratio = self.side as f32 / side as f32;
        let reach = ratio.max(1.0);
        let taps = (0..side).map(|i| {
            let centre = (i as f32 + 0.5) * ratio - 0.5;
            Taps::new(self.side, (centre - reach).ceil() as i32, (centre + reach).floor(), |j| {
                1.0 - (j - centre).abs() / reach
            })
        });
        self.filtered(&taps.collect::<Vec<_>>())
    }

    /// The picture blurred by a Gaussian of `sigma` (in drawing units, so that it is
    /// the same at each side).
    pub fn blurred(&self, sigma: f32) -> Self {
        let sigma = sigma * self.side as f32 / 2.0;
        if sigma < 0.2 {
            return self.clone();
        }
        let reach = (2.5 * sigma).ceil();
        let taps = (0..self.side).map(|i| {
            let centre = i as f32;
            Taps::new(self.side, (centre - reach) as i32, centre + reach, |j| {
                exp(-(j - centre).powi(2) / (2.0 * sigma * sigma))
            })
        });
        self.filtered(&taps.collect::<Vec<_>>())
    }

    /// Blur along one direction, as of a moving hand: `length` and `angle` of the
    /// path in drawing units and radians.
    pub fn smeared(&self, length: f32, angle: f32) -> Self {
        if length * (self.side as f32) < 0.5 {
            return self.clone();
        }
        let (dy, dx) = sin_cos(angle);
        const STEPS: [f32; 5] = [-0.5, -0.25, 0.0, 0.25, 0.5];
        Self::draw(self.side, |x, y| {
            let mut sum = [0.0; 3];
            for step in STEPS {
                let colour = self.sample(x + dx * length * step, y + dy * length * step);
                sum = std::array::from_fn(|c| sum[c] + colour[c] / STEPS.len() as f32);
            }
            sum
        })
    }

    /// One set of taps per output row, and the same per output column.
    fn filtered(&self, taps: &[Taps]) -> Self {
        let out = taps.len();
        let mut rows = vec![[0.0; 3]; out * self.side];
        for (to, tap) in rows.chunks_exact_mut(self.side).zip(taps) {
            for (k, weight) in tap.weights.iter().enumerate() {
                let from = &self.pixels[(tap.first + k) * self.side..][..self.side];
                for (t, f) in to.iter_mut().zip(from) {
                    *t = std::array::from_fn(|c| t[c] + f[c] * weight);
                }
            }
        }
        let mut pixels = Vec::with_capacity(out * out);
        for row in rows.chunks_exact(self.side) {
            pixels.extend(taps.iter().map(|tap| {
                let mut sum = [0.0; 3];
                for (f, weight) in row[tap.first..].iter().zip(&tap.weights) {
                    sum = std::array::from_fn(|c| sum[c] + f[c] * weight);
                }
                sum
            }));
        }
        Self { side: out, pixels }
    }
}

/// The input pixels that one output pixel is a weighted mean of.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    /// Weights of the pixels from `first` to `last`, cut at the picture's edges and
    /// scaled to a sum of one.
    fn new(side: usize, first: i32, last: f32, weight: impl Fn(f32) -> f32) -> Self {
        let first = first.max(0);
        let last = (last as i32).min(side as i32 - 1);
        let mut weights: Vec<f32> = (first..=last).map(|j| weight(j as f32)).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Self { first: first as usize, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::math::sin_f32 as sin;

    /// A smooth picture, whose resampled values are known.
    fn ramp(side: usize) -> Canvas {
        Canvas::draw(side, |x, y| [0.5 + 0.3 * x, 0.5 + 0.3 * y, 0.25])
    }

    fn largest_difference(a: &Canvas, b: &Canvas) -> f32 {
        assert_eq!(a.side(), b.side());
        let pairs = a.pixels().iter().zip(b.pixels());
        pairs.flat_map(|(a, b)| (0..3).map(|c| (a[c] - b[c]).abs())).fold(0.0, f32::max)
    }

    #[test]
    fn a_smooth_picture_is_the_same_at_each_side() {
        for side in [16, 33, 64, 100, 128] {
            let difference = largest_difference(&ramp(64).resized(side), &ramp(side));
            assert!(difference < 0.02, "side {side}: {difference}");
        }
    }

    #[test]
    fn blur_keeps_the_mean_and_takes_the_contrast() {
        let stripes = Canvas::draw(64, |x, _| [sin(x * 100.0) * 0.5 + 0.5; 3]);
        let blurred = stripes.blurred(0.1);
        let moments = |c: &Canvas| {
            let mean = c.pixels().iter().map(|p| p[0]).sum::<f32>() / 4096.0;
            let var = c.pixels().iter().map(|p| (p[0] - mean).powi(2)).sum::<f32>() / 4096.0;
            (mean, var)
        };
        let ((mean, var), (blurred_mean, blurred_var)) = (moments(&stripes), moments(&blurred));
        assert!((mean - blurred_mean).abs() < 0.01);
        assert!(blurred_var < 0.05 * var, "{blurred_var} of {var}");
        assert_eq!(stripes.blurred(0.0), stripes);
    }

    #[test]
    fn sampling_at_a_pixel_centre_gives_the_pixel() {
        let canvas = ramp(32);
        assert_eq!(canvas.sample(-1.0 + 1.0 / 32.0, -1.0 + 3.0 / 32.0), canvas.pixels()[32]);
        // Beyond the edge the last pixel is repeated.
        assert_eq!(canvas.sample(-5.0, -5.0), canvas.pixels()[0]);
    }

    #[test]
    fn a_smear_acts_along_its_direction_only() {
        let stripes = Canvas::draw(64, |x, _| [sin(x * 30.0) * 0.5 + 0.5; 3]);
        let along = stripes.smeared(0.2, std::f32::consts::FRAC_PI_2);
        let across = stripes.smeared(0.2, 0.0);
        assert!(largest_difference(&stripes, &along) < 0.01);
        assert!(largest_difference(&stripes, &across) > 0.3);
    }
}

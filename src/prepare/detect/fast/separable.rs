//! A 3x3 convolution by channel and a 1x1 convolution behind it: a row of the first is
//! used by the second as soon as it is there, and nothing of it is kept.

use pulp::{Simd, WithSimd};

use super::buffer::Buffer;
use super::map::{LANES, Map};
use super::product::{Matrix, Rows, product};
use crate::detect::network::Filter;
use proofmark_base::wide::wide_kernel;

/// Weights of a kernel.
const PLACES: usize = 9;
/// Output pixels that are computed at a time.
const PIXELS: usize = 4;

/// A separable convolution that is ready to run.
#[derive(Debug)]
pub struct Separable {
    /// (9 + 2, channels): the weights of each place, bias, slopes.
    depthwise: Buffer,
    channels: usize,
    stride: usize,
    pointwise: Matrix,
}

impl Separable {
    /// From its two filters.
    pub fn new(depthwise: &Filter, pointwise: &Filter, stride: usize) -> candle_core::Result<Self> {
        let inputs = depthwise.outputs();
        let channels = inputs.next_multiple_of(LANES);
        let weight: Vec<f32> = depthwise.weight.flatten_all()?.to_vec1()?;
        let mut values = vec![0.0; (PLACES + 2) * channels];
        for channel in 0..inputs {
            for place in 0..PLACES {
                values[place * channels + channel] = weight[channel * PLACES + place];
            }
            values[PLACES * channels + channel] = depthwise.bias[channel];
            values[(PLACES + 1) * channels + channel] = depthwise.slopes[channel];
        }
        let weight: Vec<f32> = pointwise.weight.flatten_all()?.to_vec1()?;
        let pointwise = Matrix::new(inputs, &pointwise.bias, &pointwise.slopes, |input, output| {
            weight[output * inputs + input]
        });
        Ok(Self { depthwise: Buffer::of(&values), channels, stride, pointwise })
    }

    /// Number of outputs, and the stride.
    pub fn outputs(&self) -> (usize, usize) {
        (self.pointwise.outputs(), self.stride)
    }

    /// Rows of the input that row `y` needs.
    pub fn needed(&self, y: usize) -> usize {
        y * self.stride + 2
    }

    /// Makes row `y` of `out`. `between` is memory to use.
    pub fn row(&self, y: usize, input: &Map, between: &mut Buffer, out: &mut Map) {
        between.fit(out.shape().width * self.channels);
        wide_kernel(Row { separable: self, y, input, between, out });
    }
}

struct Row<'a> {
    separable: &'a Separable,
    y: usize,
    input: &'a Map,
    between: &'a mut Buffer,
    out: &'a mut Map,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { separable, y, input, between, out } = self;
        let Separable { depthwise, channels, stride, pointwise } = separable;
        let first = input.shape().border - 1;
        let lines = std::array::from_fn(|dy| input.from(y * stride + dy + first, first));
        let line = Line { lines, depthwise, channels: *channels, out: &mut *between };
        match stride {
            1 => simd.vectorize(Strided::<1>(line)),
            _ => simd.vectorize(Strided::<2>(line)),
        }
        let (width, length) = (out.shape().width, pointwise.inputs());
        let rows = [Rows { values: &*between, step: *channels, length }];
        product(simd, &rows, pointwise, None, out.pixels_mut(y), width);
    }
}

/// One row of the convolution by channel.
struct Line<'a> {
    /// The three rows of inputs, from the column before the first pixel on.
    lines: [&'a [f32]; 3],
    depthwise: &'a [f32],
    channels: usize,
    out: &'a mut [f32],
}

struct Strided<'a, const STRIDE: usize>(Line<'a>);

impl<const STRIDE: usize> WithSimd for Strided<'_, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Line { lines, depthwise, channels, out } = self.0;
        let [above, here, below] = lines;
        let register = |values| S::as_simd_f32s(values).0;
        let lines = [register(above), register(here), register(below)];
        let (depthwise, out) = (S::as_simd_f32s(depthwise).0, S::as_mut_simd_f32s(out).0);
        let pixel = channels / S::F32_LANES;
        let width = out.len() / pixel;
        for at in 0..pixel {
            let mut weights = [simd.splat_f32s(0.0); PLACES + 2];
            for (weight, channels) in weights.iter_mut().zip(depthwise.chunks(pixel)) {
                *weight = channels[at];
            }
            let pixels = Pixels::<S> { lines, weights, pixel, at };
            if width < PIXELS {
                for first in 0..width {
                    pixels.run::<STRIDE, 1>(simd, first, out);
                }
                continue;
            }
            for tile in 0..width.div_ceil(PIXELS) {
                // The last pixels may be computed twice.
                let first = (tile * PIXELS).min(width - PIXELS);
                pixels.run::<STRIDE, PIXELS>(simd, first, out);
            }
        }
    }
}

/// A register of channels of every pixel of a row.
struct Pixels<'a, S: Simd> {
    lines: [&'a [S::f32s]; 3],
    /// Of the places, bias, slopes.
    weights: [S::f32s; PLACES + 2],
    /// Registers of a pixel.
    pixel: usize,
    /// Which of them.
    at: usize,
}

impl<S: Simd> Pixels<'_, S> {
    /// N output pixels.
    #[inline(always)]
    fn run<const STRIDE: usize, const N: usize>(&self, simd: S, first: usize, out: &mut [S::f32s]) {
        let begin = first * STRIDE * self.pixel + self.at;
        let mut columns = [begin; (PIXELS - 1) * 2 + 3];
        for column in 1..columns.len() {
            columns[column] = columns[column - 1] + self.pixel;
        }
        let mut sums = [self.weights[PLACES]; N];
        for dy in 0..3 {
            let line = self.lines[dy];
            for dx in 0..3 {
                for n in 0..N {
                    let value = line[columns[n * STRIDE + dx]];
                    sums[n] = simd.mul_add_f32s(value, self.weights[3 * dy + dx], sums[n]);
                }
            }
        }
        let mut place = first * self.pixel + self.at;
        for sum in &sums {
            out[place] = simd.max_f32s(*sum, simd.mul_f32s(*sum, self.weights[PLACES + 1]));
            place += self.pixel;
        }
    }
}

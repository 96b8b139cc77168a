//! A 3x3 convolution by channel and a 1x1 convolution behind it: a row of the first is
//! used by the second as soon as it is there, and nothing of it is kept.

use pulp::{Simd, WithSimd};

use super::buffer::Buffer;
use super::map::{LANES, Map};
use super::product::{Matrix, Rows, product};
use crate::prepare::detect::network::Filter;
use crate::wide::wide;

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

    /// Applies it; gives `out` its shape. `row` is memory to use.
    pub fn run(&self, input: &Map, row: &mut Buffer, out: &mut Map, border: usize) {
        let (height, width) =
            (input.height.div_ceil(self.stride), input.width.div_ceil(self.stride));
        out.shape(height, width, self.pointwise.outputs(), border);
        row.fit(width * self.channels);
        wide(Run { separable: self, input, row, out });
    }
}

struct Run<'a> {
    separable: &'a Separable,
    input: &'a Map,
    row: &'a mut Buffer,
    out: &'a mut Map,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { separable, input, row, out } = self;
        let Separable { depthwise, channels, stride, pointwise } = separable;
        let (width, inputs) = (out.width, pointwise.inputs());
        for y in 0..out.height {
            let first = input.border - 1;
            let lines = std::array::from_fn(|dy| input.from(y * stride + dy + first, first));
            let line = Line { lines, depthwise, channels: *channels, out: &mut *row };
            match stride {
                1 => simd.vectorize(Strided::<1>(line)),
                _ => simd.vectorize(Strided::<2>(line)),
            }
            let rows = [Rows { values: &*row, step: *channels, length: inputs }];
            product(simd, &rows, pointwise, None, out.pixels_mut(y), width);
        }
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
        let width = out.len() / channels;
        for from in (0..channels).step_by(S::F32_LANES) {
            let weights: [S::f32s; PLACES + 2] =
                std::array::from_fn(|i| register::<S>(&depthwise[i * channels + from..]));
            let mut first = 0;
            while first < width {
                // The last pixels may be computed twice.
                if width >= PIXELS {
                    first = first.min(width - PIXELS);
                    pixels::<S, STRIDE, PIXELS>(simd, lines, &weights, channels, from, first, out);
                    first += PIXELS;
                } else {
                    pixels::<S, STRIDE, 1>(simd, lines, &weights, channels, from, first, out);
                    first += 1;
                }
            }
        }
    }
}

/// N pixels of a register of channels; each input is loaded once.
#[inline(always)]
fn pixels<S: Simd, const STRIDE: usize, const N: usize>(
    simd: S,
    lines: [&[f32]; 3],
    weights: &[S::f32s; PLACES + 2],
    channels: usize,
    from: usize,
    first: usize,
    out: &mut [f32],
) {
    let mut sums = [weights[PLACES]; N];
    for (dy, line) in lines.into_iter().enumerate() {
        let line = &line[first * STRIDE * channels + from..];
        for column in 0..(N - 1) * STRIDE + 3 {
            let value = register::<S>(&line[column * channels..]);
            for (pixel, sum) in sums.iter_mut().enumerate() {
                let begin = pixel * STRIDE;
                if (begin..begin + 3).contains(&column) {
                    *sum = simd.mul_add_e_f32s(value, weights[3 * dy + column - begin], *sum);
                }
            }
        }
    }
    for (pixel, sum) in sums.into_iter().enumerate() {
        let out = &mut out[(first + pixel) * channels + from..];
        S::as_mut_simd_f32s(out).0[0] = simd.max_f32s(sum, simd.mul_f32s(sum, weights[PLACES + 1]));
    }
}

#[inline(always)]
fn register<S: Simd>(values: &[f32]) -> S::f32s {
    S::as_simd_f32s(values).0[0]
}

//! Convolutions of any kernel and stride: a row of a kernel is one row of inputs, because
//! pixels lie side by side.

use pulp::{Simd, WithSimd};

use super::map::Map;
use super::product::{Matrix, Rows, product};
use crate::prepare::detect::network::Filter;
use crate::wide::wide;

/// Rows of inputs that a product has at most: those of a 7x7 kernel.
const MOST: usize = 7;

/// A convolution that is ready to run.
#[derive(Debug)]
pub struct Conv {
    matrix: Matrix,
    kernel: usize,
    stride: usize,
}

/// Channels of a map that a convolution takes.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The map.
    pub map: &'a Map,
    /// Its first channel.
    pub from: usize,
    /// How many.
    pub channels: usize,
}

impl Conv {
    /// Of parts with these numbers of channels; if there are several, the kernel is 1x1.
    pub fn new(filter: &Filter, stride: usize, parts: &[usize]) -> candle_core::Result<Self> {
        let kernel = filter.kernel();
        let weight: Vec<f32> = filter.weight.flatten_all()?.to_vec1()?;
        let channels: usize = parts.iter().sum();
        let inputs = kernel * kernel * channels;
        let matrix = Matrix::new(inputs, &filter.bias, &filter.slopes, |input, output| {
            let (place, channel) = (input / channels, input % channels);
            weight[(output * channels + channel) * kernel * kernel + place]
        });
        Ok(Self { matrix, kernel, stride })
    }

    /// Applies it; gives `out` its shape.
    pub fn run(&self, input: &[Source<'_>], plus: Option<&Map>, out: &mut Map, border: usize) {
        let Map { height, width, .. } = *input[0].map;
        let (height, width) = (height.div_ceil(self.stride), width.div_ceil(self.stride));
        out.shape(height, width, self.matrix.outputs(), border);
        wide(Run { conv: self, input, plus, out });
    }
}

struct Run<'a> {
    conv: &'a Conv,
    input: &'a [Source<'a>],
    plus: Option<&'a Map>,
    out: &'a mut Map,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Conv { matrix, kernel, stride } = self.conv;
        let mut rows = [Rows { values: &[], step: 0, length: 0 }; MOST];
        for y in 0..self.out.height {
            let mut count = 0;
            for Source { map, from, channels } in self.input {
                let first = map.border - kernel / 2;
                for dy in 0..*kernel {
                    let values = &map.from(y * stride + dy + first, first)[*from..];
                    let (step, length) = (stride * map.channels, kernel * channels);
                    rows[count] = Rows { values, step, length };
                    count += 1;
                }
            }
            let plus = self.plus.map(|plus| plus.pixels(y));
            let width = self.out.width;
            product(simd, &rows[..count], matrix, plus, self.out.pixels_mut(y), width);
        }
    }
}

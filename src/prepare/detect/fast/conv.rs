//! Convolutions of any kernel and stride: a row of a kernel is one row of inputs, because
//! pixels lie side by side.

use pulp::{Simd, WithSimd};

use super::map::Map;
use super::product::{Matrix, Rows, product};
use crate::detect::network::Filter;
use proofmark_base::wide::wide_kernel;

/// Rows of inputs that a product has at most: those of a 7x7 kernel.
const MOST: usize = 7;

/// A convolution that is ready to run.
#[derive(Debug)]
pub struct Conv {
    matrix: Matrix,
    kernel: usize,
    stride: usize,
    sources: Vec<Source>,
    /// The map that is added before the activation.
    plus: Option<usize>,
}

/// Channels of a map that a convolution takes.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Which of the maps.
    pub map: usize,
    /// Its first channel.
    pub from: usize,
    /// How many.
    pub channels: usize,
}

impl Conv {
    /// Of sources; if there are several, the kernel is 1x1.
    pub fn new(
        filter: &Filter,
        stride: usize,
        sources: Vec<Source>,
        plus: Option<usize>,
    ) -> candle_core::Result<Self> {
        let kernel = filter.kernel();
        let weight: Vec<f32> = filter.weight.flatten_all()?.to_vec1()?;
        let channels: usize = sources.iter().map(|source| source.channels).sum();
        let inputs = kernel * kernel * channels;
        let matrix = Matrix::new(inputs, &filter.bias, &filter.slopes, |input, output| {
            let (place, channel) = (input / channels, input % channels);
            weight[(output * channels + channel) * kernel * kernel + place]
        });
        Ok(Self { matrix, kernel, stride, sources, plus })
    }

    /// Number of outputs, and the stride.
    pub fn outputs(&self) -> (usize, usize) {
        (self.matrix.outputs(), self.stride)
    }

    /// Rows of the input that row `y` needs.
    pub fn needed(&self, y: usize) -> usize {
        y * self.stride + self.kernel / 2 + 1
    }

    /// Makes row `y` of `out`.
    pub fn row(&self, y: usize, maps: &[Map], out: &mut Map) {
        wide_kernel(Row { conv: self, y, maps, out });
    }
}

struct Row<'a> {
    conv: &'a Conv,
    y: usize,
    maps: &'a [Map],
    out: &'a mut Map,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { conv, y, maps, out } = self;
        let Conv { matrix, kernel, stride, sources, plus } = conv;
        let mut rows = [Rows { values: &[], step: 0, length: 0 }; MOST];
        let mut count = 0;
        for Source { map, from, channels } in sources {
            let shape = maps[*map].shape();
            assert!(*kernel == 1 || *channels == shape.channels, "a kernel's row has no gaps");
            let first = shape.border - kernel / 2;
            for dy in 0..*kernel {
                let values = &maps[*map].from(y * stride + dy + first, first)[*from..];
                let (step, length) = (stride * shape.channels, kernel * channels);
                rows[count] = Rows { values, step, length };
                count += 1;
            }
        }
        let plus = plus.map(|plus| maps[plus].pixels(y));
        let width = out.shape().width;
        product(simd, &rows[..count], matrix, plus, out.pixels_mut(y), width);
    }
}

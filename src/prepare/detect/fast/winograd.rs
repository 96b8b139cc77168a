//! 3x3 convolutions at stride 1 with a quarter of the products: Winograd's F(4x4, 3x3)
//! (Lavin and Gray 2016, section 4.3).
//!
//! A tile of 4x4 output pixels comes from 6x6 inputs. Inputs and kernels are transformed to
//! 6x6 places; at each, outputs are a product of inputs and weights; they are transformed back.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use pulp::{Simd, WithSimd};

use super::buffer::Buffer;
use super::map::{LANES, Map, Shape, TILE};
use super::product::{Matrix, Rows, product};
use super::transform::{Inward, Outward, PLACES, SIDE, Tiles};
use crate::detect::network::Filter;
use proofmark_base::wide::wide_kernel;

/// Tiles that are transformed before they are multiplied, at least: enough for the weights
/// to be worth loading, few enough to stay in the cache.
const TILES: usize = 40;
/// Transforms the kernel: G of the paper, for the points of [`super::transform`].
const KERNEL: [[f64; 3]; SIDE] = [
    [1.0, 0.0, 0.0],
    [-2.0 / 3.0, -2.0 / 3.0 * FRAC_1_SQRT_2, -1.0 / 3.0],
    [-2.0 / 3.0, 2.0 / 3.0 * FRAC_1_SQRT_2, -1.0 / 3.0],
    [1.0 / 6.0, SQRT_2 / 6.0, 1.0 / 3.0],
    [1.0 / 6.0, -SQRT_2 / 6.0, 1.0 / 3.0],
    [0.0, 0.0, 1.0],
];

/// A 3x3 convolution that is ready to run.
#[derive(Debug)]
pub struct Winograd {
    /// Of each place.
    matrices: Vec<Matrix>,
    /// (outputs)
    bias: Buffer,
    slopes: Buffer,
    /// First channel of the input, and how many.
    from: usize,
    inputs: usize,
}

/// Memory that it uses.
#[derive(Debug, Default)]
pub struct Transformed {
    /// (places, tiles, inputs), with a gap after each place.
    inputs: Buffer,
    /// (places, tiles, outputs), with a gap after each place.
    outputs: Buffer,
}

impl Winograd {
    /// Of the channels from `from` on.
    pub fn new(filter: &Filter, from: usize) -> candle_core::Result<Self> {
        let inputs = filter.weight.dims()[1];
        let whole = from.is_multiple_of(LANES) && inputs.is_multiple_of(LANES);
        assert!(whole, "only whole registers are transformed");
        let kernels: Vec<f32> = filter.weight.flatten_all()?.to_vec1()?;
        let kernels: Vec<[f32; PLACES]> = kernels.as_chunks().0.iter().map(transformed).collect();
        // What follows the products comes after the transform back.
        let (none, same) = (vec![0.0; filter.outputs()], vec![1.0; filter.outputs()]);
        let matrices = (0..PLACES)
            .map(|place| {
                Matrix::new(inputs, &none, &same, |input, output| {
                    kernels[output * inputs + input][place]
                })
            })
            .collect();
        let outputs = filter.outputs().next_multiple_of(LANES);
        Ok(Self {
            matrices,
            bias: Buffer::padded(&filter.bias, outputs),
            slopes: Buffer::padded(&filter.slopes, outputs),
            from,
            inputs,
        })
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Makes all of `out`.
    pub fn run(&self, input: &Map, memory: &mut Transformed, out: &mut Map) {
        let Shape { height, width, .. } = input.shape();
        let (down, across) = (height.div_ceil(TILE), width.div_ceil(TILE));
        let band = TILES.div_ceil(across).min(down);
        for first in (0..down).step_by(band) {
            let tiles = Tiles { first, rows: band.min(down - first), across };
            wide_kernel(Band { winograd: self, input, memory, out, tiles });
        }
    }
}

/// G k G^T of a kernel.
fn transformed(kernel: &[f32; 9]) -> [f32; PLACES] {
    std::array::from_fn(|place| {
        let (row, column) = (KERNEL[place / SIDE], KERNEL[place % SIDE]);
        let terms = (0..9).map(|i| row[i / 3] * column[i % 3] * f64::from(kernel[i]));
        terms.sum::<f64>() as f32
    })
}

/// Some rows of tiles.
struct Band<'a> {
    winograd: &'a Winograd,
    input: &'a Map,
    memory: &'a mut Transformed,
    out: &'a mut Map,
    tiles: Tiles,
}

impl WithSimd for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { winograd, input, memory, out, tiles } = self;
        let Winograd { matrices, bias, slopes, from, inputs: channels } = winograd;
        let (count, outputs) = (tiles.rows * tiles.across, bias.len());
        // Without the gap, all places of a tile would compete for the same cache lines.
        let (from_step, to_step) = (count * channels + LANES, count * outputs + LANES);
        memory.inputs.fit(PLACES * from_step);
        memory.outputs.fit(PLACES * to_step);
        let (inputs, products) = (&mut *memory.inputs, &mut *memory.outputs);
        let (from, channels) = (*from, *channels);
        simd.vectorize(Inward { input, from, channels, tiles, out: inputs, step: from_step });
        let places = inputs.chunks_exact(from_step).zip(products.chunks_exact_mut(to_step));
        for (matrix, (values, to)) in matrices.iter().zip(places) {
            let rows = [Rows { values, step: channels, length: channels }];
            product(simd, &rows, matrix, None, to, count);
        }
        simd.vectorize(Outward { values: products, step: to_step, bias, slopes, tiles, out });
    }
}

//! Products of rows with a matrix, in registers from the first input to the activation.
//!
//! At these shapes the sums are as fast as those of the `gemm` crate, which would take
//! passes of their own for bias and activation, and copies of the inputs for kernels.

use pulp::{Simd, WithSimd};

use super::buffer::Buffer;
use super::map::LANES;
use proofmark_base::wide::wide_kernel;

/// Rows of inputs: row p is `values[p * step..][..length]`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The first row and those after it.
    pub values: &'a [f32],
    /// Values from one row to the next.
    pub step: usize,
    /// Values of a row.
    pub length: usize,
}

/// A matrix and what follows it, in the order in which [`product`] goes through them.
#[derive(Debug)]
pub struct Matrix {
    /// For each block of outputs, the weights of each input.
    weights: Buffer,
    /// (outputs), 0 where there are more than the matrix has.
    bias: Buffer,
    slopes: Buffer,
    inputs: usize,
    /// A multiple of [`LANES`].
    outputs: usize,
}

impl Matrix {
    /// `weight(input, output)`; bias and slopes are those of each output.
    pub fn new(
        inputs: usize,
        bias: &[f32],
        slopes: &[f32],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let outputs = bias.len().next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(inputs * outputs);
        for (from, width) in wide_kernel(Blocks { outputs }) {
            for input in 0..inputs {
                let value = |output| if output < bias.len() { weight(input, output) } else { 0.0 };
                weights.extend((from..from + width).map(value));
            }
        }
        Self {
            weights: Buffer::of(&weights),
            bias: Buffer::padded(bias, outputs),
            slopes: Buffer::padded(slopes, outputs),
            inputs,
            outputs,
        }
    }

    /// Inputs of a row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs, rounded up to a multiple of [`LANES`].
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// Registers of a block of outputs.
const REGISTERS: usize = 2;

/// The blocks of outputs, (first, width), in registers of one kind.
#[inline(always)]
fn blocks<S: Simd>(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    let width = REGISTERS * S::F32_LANES;
    (0..outputs).step_by(width).map(move |from| (from, width.min(outputs - from)))
}

/// Lists the blocks on this machine.
struct Blocks {
    outputs: usize,
}

impl WithSimd for Blocks {
    type Output = Vec<(usize, usize)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        blocks::<S>(self.outputs).collect()
    }
}

/// `count` rows of outputs, one after the other, from as many rows of inputs. A row's inputs
/// lie in one or several places; `plus` is added before the activation.
#[inline(always)]
pub fn product<S: Simd>(
    simd: S,
    inputs: &[Rows<'_>],
    matrix: &Matrix,
    plus: Option<&[f32]>,
    out: &mut [f32],
    count: usize,
) {
    debug_assert_eq!(inputs.iter().map(|rows| rows.length).sum::<usize>(), matrix.inputs);
    for (from, width) in blocks::<S>(matrix.outputs) {
        let block = Block { inputs, matrix, plus, out: &mut *out, count, from };
        // As many sums as there are registers for; ten rows divide the usual frames.
        match (width / S::F32_LANES, S::REGISTER_COUNT >= 32) {
            (REGISTERS, true) => block.tiles::<S, 10, REGISTERS>(simd),
            (REGISTERS, false) => block.tiles::<S, 5, REGISTERS>(simd),
            (_, _) => block.tiles::<S, 10, 1>(simd),
        }
    }
}

/// A block of outputs.
struct Block<'a> {
    inputs: &'a [Rows<'a>],
    matrix: &'a Matrix,
    plus: Option<&'a [f32]>,
    out: &'a mut [f32],
    count: usize,
    /// First output.
    from: usize,
}

impl Block<'_> {
    /// In tiles of P rows if there are so many, each alone if not.
    #[inline(always)]
    fn tiles<S: Simd, const P: usize, const N: usize>(self, simd: S) {
        if self.count >= P {
            simd.vectorize(Tiles::<P, N>(self));
        } else {
            simd.vectorize(Tiles::<1, N>(self));
        }
    }
}

/// A block of N registers of outputs, P rows at a time.
struct Tiles<'a, const P: usize, const N: usize>(Block<'a>);

impl<const P: usize, const N: usize> WithSimd for Tiles<'_, P, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Block { inputs, matrix, plus, out, count, from } = self.0;
        let weights = &matrix.weights[from * matrix.inputs..];
        let weights = S::as_simd_f32s(weights).0.as_chunks::<N>().0;
        let bias = *first::<S, N>(&S::as_simd_f32s(&matrix.bias).0[from / S::F32_LANES..]);
        let slopes = *first::<S, N>(&S::as_simd_f32s(&matrix.slopes).0[from / S::F32_LANES..]);
        let plus = plus.map(|plus| S::as_simd_f32s(plus).0);
        let out = S::as_mut_simd_f32s(out).0;
        let (row, from) = (matrix.outputs / S::F32_LANES, from / S::F32_LANES);
        for tile in 0..count.div_ceil(P) {
            // The last tile ends with the rows, even if it begins in the one before.
            let begin = (tile * P).min(count - P);
            let sums = tile_sums::<S, P, N>(simd, inputs, begin, weights, bias);
            let mut at = begin * row + from;
            for sums in &sums {
                for n in 0..N {
                    let mut sum = sums[n];
                    if let Some(plus) = plus {
                        sum = simd.add_f32s(sum, plus[at + n]);
                    }
                    out[at + n] = simd.max_f32s(sum, simd.mul_f32s(sum, slopes[n]));
                }
                at += row;
            }
        }
    }
}

/// The first N of some registers.
#[inline(always)]
fn first<S: Simd, const N: usize>(values: &[S::f32s]) -> &[S::f32s; N] {
    &values.as_chunks::<N>().0[0]
}

/// Adds the products of all inputs of rows `first..first + P`.
#[inline(always)]
fn tile_sums<S: Simd, const P: usize, const N: usize>(
    simd: S,
    inputs: &[Rows<'_>],
    first: usize,
    mut weights: &[[S::f32s; N]],
    bias: [S::f32s; N],
) -> [[S::f32s; N]; P] {
    let mut sums = [bias; P];
    for rows in inputs {
        let (now, later) = weights.split_at(rows.length);
        weights = later;
        let mut lines = [&rows.values[..0]; P];
        let mut rest = &rows.values[first * rows.step..];
        for line in &mut lines {
            *line = &rest[..now.len()];
            rest = rest.get(rows.step..).unwrap_or_default();
        }
        for (k, weights) in now.iter().enumerate() {
            for (sums, line) in sums.iter_mut().zip(lines) {
                let value = simd.splat_f32s(line[k]);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = simd.mul_add_f32s(value, *weight, *sum);
                }
            }
        }
    }
    sums
}

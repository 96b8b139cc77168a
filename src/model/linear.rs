//! Products of rows and weights on a GPU, as linear layers and their gradients need them.

use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::columns::add_up;
use proofmark_gpu::matrix::{Mat, product};
use proofmark_gpu::memory::Slice;
use proofmark_gpu::product::{Factors, Sizes};
use proofmark_lang::model::Precision;

/// How numbers in f32 are multiplied where a recipe declares a precision.
pub fn factors(precision: Precision) -> Factors {
    match precision {
        Precision::F32 | Precision::Bf16 => Factors::F32,
        Precision::Tf32 => Factors::Tf32,
    }
}

/// Where products are computed, and how.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    /// Where.
    pub gpu: &'a dyn Gpu,
    /// How numbers in f32 are multiplied.
    pub factors: Factors,
}

impl Linear<'_> {
    fn sizes(&self, m: usize, n: usize, k: usize) -> Sizes {
        Sizes { factors: self.factors, ..Sizes::new(m, n, k) }
    }

    /// `out = x W^T`: x (R, I), W (O, I), out (R, O).
    pub fn apply(
        &self,
        x: Slice<'_>,
        weight: Slice<'_>,
        out: Slice<'_>,
        rows: usize,
    ) -> Result<()> {
        let (inputs, outputs) = (x.len / rows, out.len / rows);
        let sizes = self.sizes(rows, outputs, inputs);
        let weight = Mat::new(weight, inputs).t();
        product(self.gpu, Mat::new(out, outputs), Mat::new(x, inputs), weight, sizes)
    }

    /// `dx = dy W`: dy (R, O), W (O, I), dx (R, I); added to what is in `dx` if `add`.
    pub fn apply_transposed(
        &self,
        dy: Slice<'_>,
        weight: Slice<'_>,
        dx: Slice<'_>,
        rows: usize,
        add: bool,
    ) -> Result<()> {
        let (inputs, outputs) = (dx.len / rows, dy.len / rows);
        let sizes = Sizes { add, ..self.sizes(rows, inputs, outputs) };
        let weight = Mat::new(weight, inputs);
        product(self.gpu, Mat::new(dx, inputs), Mat::new(dy, outputs), weight, sizes)
    }

    /// The gradient `dy^T x` of a weight (O, I), in f32: dy (R, O), x (R, I).
    pub fn outer(
        &self,
        dy: Slice<'_>,
        x: Slice<'_>,
        out: Slice<'_>,
        rows: usize,
        add: bool,
    ) -> Result<()> {
        let (inputs, outputs) = (x.len / rows, dy.len / rows);
        let sizes = Sizes { add, ..self.sizes(outputs, inputs, rows) };
        let dy = Mat::new(dy, outputs).t();
        product(self.gpu, Mat::new(out, inputs), dy, Mat::new(x, inputs), sizes)
    }
}

/// Numbers of a result that a block of a GPU's product has, along each axis, and blocks that keep a large GPU busy.
const TILE: usize = 128;
const BLOCKS: usize = 264;
/// The fewest rows of a part.
const ROWS: usize = 1024;

/// A gradient of few weights by very many rows, of which a product alone would keep a few of a GPU's processors busy:
/// the rows are taken in equal parts, at the same time, whose gradients are added in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    rows: usize,
    weights: [usize; 2],
    count: usize,
}

impl Parts {
    /// Of weights (O, I) by so many rows.
    pub fn new(outputs: usize, inputs: usize, rows: usize) -> Self {
        let tiles = outputs.div_ceil(TILE) * inputs.div_ceil(TILE);
        let most = (BLOCKS / tiles).min(rows / ROWS).max(1);
        let count = (1..=most).rev().find(|count| rows.is_multiple_of(*count)).unwrap_or(1);
        Self { rows, weights: [outputs, inputs], count }
    }

    /// Numbers of partial sums that there has to be room for.
    pub fn partial(&self) -> usize {
        match self.count {
            1 => 0,
            count => count * self.weights[0] * self.weights[1],
        }
    }

    /// [`Linear::outer`]: dy (R, O), x (R, I).
    pub fn outer(
        &self,
        linear: Linear<'_>,
        dy: Slice<'_>,
        x: Slice<'_>,
        partial: Slice<'_>,
        out: Slice<'_>,
        add: bool,
    ) -> Result<()> {
        let Self { rows, weights: [outputs, inputs], count } = *self;
        if count == 1 {
            return linear.outer(dy, x, out, rows, add);
        }
        let (each, partial) = (rows / count, partial.part(0..self.partial()));
        let parts = |numbers, columns| Mat::new(numbers, columns).apart(0, each * columns);
        let (dy, x) = (parts(dy, outputs).t(), parts(x, inputs));
        let to = Mat::new(partial, inputs).apart(0, outputs * inputs);
        let sizes = Sizes { batch: [1, count], ..linear.sizes(outputs, inputs, each) };
        product(linear.gpu, to, dy, x, sizes)?;
        add_up(linear.gpu, partial, count, out, add)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use proofmark_emulation::{Emulation, Order};
    use proofmark_gpu::kind::Kind;
    use proofmark_gpu::memory::Buffer;

    #[test]
    fn parts_are_equal_and_keep_a_gpu_busy() {
        // The weights of EfficientNet-B4 with 32 images, where maps are largest, in the middle, and where they are smallest.
        for (weights, rows, count) in [
            ([144, 24], 32 * 190 * 190, 128),
            ([960, 160], 32 * 24 * 24, 16),
            ([272, 1632], 32 * 12 * 12, 4),
            ([1792, 448], 32 * 12 * 12, 4),
            ([64, 32], 1021, 1),
            ([64, 32], 4 * 1021, 2),
        ] {
            assert_eq!(Parts::new(weights[0], weights[1], rows).count, count, "{weights:?} {rows}");
        }
    }

    #[test]
    fn gradients_by_parts_are_those_of_the_whole() {
        let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
        let (rows, outputs, inputs) = (3 * ROWS, 5, 3);
        let numbers = |len: usize, by: usize| -> Vec<f32> {
            (0..len).map(|i| (i * by % 251) as f32 / 125.0 - 1.0).collect()
        };
        let dy = Buffer::of(&gpu, &numbers(rows * outputs, 37)).unwrap();
        let x = Buffer::of(&gpu, &numbers(rows * inputs, 91)).unwrap();
        let parts = Parts::new(outputs, inputs, rows);
        assert_eq!(parts.count, 3);
        let partial = Buffer::new(&gpu, Kind::F32, parts.partial()).unwrap();
        for add in [false, true] {
            let [whole, by_parts] = [(); 2].map(|()| Buffer::of(&gpu, &[0.5; 15]).unwrap());
            let linear = Linear { gpu: &*gpu, factors: Factors::F32 };
            linear.outer(dy.all(), x.all(), whole.all(), rows, add).unwrap();
            parts.outer(linear, dy.all(), x.all(), partial.all(), by_parts.all(), add).unwrap();
            let [whole, by_parts] =
                [&whole, &by_parts].map(|buffer| buffer.all().get(&*gpu).unwrap());
            for (a, b) in by_parts.iter().zip(&whole) {
                assert!((a - b).abs() < 1e-4, "{by_parts:?} for {whole:?}");
            }
            assert!(whole.iter().any(|v| v.abs() > 10.0), "{whole:?}");
        }
    }
}

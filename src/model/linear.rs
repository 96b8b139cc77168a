//! Products of rows and weights on a GPU, as linear layers and their gradients need them.

use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
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

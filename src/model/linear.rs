//! Products of rows and the weights of a linear layer on a GPU, and their gradients.

use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::matrix::{Mat, product};
use proofmark_gpu::memory::Slice;
use proofmark_gpu::product::Sizes;

/// `out = x W^T`: x (R, I), W (O, I), out (R, O).
pub fn apply(
    gpu: &dyn Gpu,
    x: Slice<'_>,
    weight: Slice<'_>,
    out: Slice<'_>,
    rows: usize,
) -> Result<()> {
    let (inputs, outputs) = (x.len / rows, out.len / rows);
    let sizes = Sizes::new(rows, outputs, inputs);
    product(gpu, Mat::new(out, outputs), Mat::new(x, inputs), Mat::new(weight, inputs).t(), sizes)
}

/// `dx = dy W`: dy (R, O), W (O, I), dx (R, I); added to what is in `dx` if `add`.
pub fn apply_transposed(
    gpu: &dyn Gpu,
    dy: Slice<'_>,
    weight: Slice<'_>,
    dx: Slice<'_>,
    rows: usize,
    add: bool,
) -> Result<()> {
    let (inputs, outputs) = (dx.len / rows, dy.len / rows);
    let sizes = Sizes { add, ..Sizes::new(rows, inputs, outputs) };
    product(gpu, Mat::new(dx, inputs), Mat::new(dy, outputs), Mat::new(weight, inputs), sizes)
}

/// The gradient `dy^T x` of a weight (O, I), in f32: dy (R, O), x (R, I).
pub fn outer(
    gpu: &dyn Gpu,
    dy: Slice<'_>,
    x: Slice<'_>,
    out: Slice<'_>,
    rows: usize,
    add: bool,
) -> Result<()> {
    let (inputs, outputs) = (x.len / rows, dy.len / rows);
    let sizes = Sizes { add, ..Sizes::new(outputs, inputs, rows) };
    product(gpu, Mat::new(out, inputs), Mat::new(dy, outputs).t(), Mat::new(x, inputs), sizes)
}

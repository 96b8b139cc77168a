//! Matrices in a GPU's memory, and their products.

use super::error::Result;
use super::gpu::Gpu;
use super::memory::Slice;
use super::product::{Operand, Product, Sizes};

/// A matrix in a GPU's memory, rows one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'b> {
    /// Its first number, and those up to its last.
    pub numbers: Slice<'b>,
    /// Numbers from one row to the next.
    pub stride: usize,
    /// Whether what is meant is its transpose.
    pub transposed: bool,
    /// Numbers from the matrix of one batch element to the next, of the outer and the inner batch.
    pub apart: [usize; 2],
}

impl<'b> Mat<'b> {
    /// A matrix of this many columns.
    pub fn new(numbers: Slice<'b>, columns: usize) -> Self {
        Self { numbers, stride: columns, transposed: false, apart: [0, 0] }
    }

    /// Its transpose.
    #[must_use]
    pub fn t(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// The first of several, so many numbers apart.
    #[must_use]
    pub fn apart(self, outer: usize, inner: usize) -> Self {
        Self { apart: [outer, inner], ..self }
    }
}

/// Computes a product. Panics if a matrix is larger than its memory: that would be a mistake of ours.
///
/// # Errors
/// Those of the GPU.
pub fn product(gpu: &dyn Gpu, out: Mat<'_>, a: Mat<'_>, b: Mat<'_>, sizes: Sizes) -> Result<()> {
    let [m, n, k] = sizes.sizes;
    assert!(a.numbers.kind == b.numbers.kind && !out.transposed, "operands of a product");
    let operand = |mat: Mat<'_>, rows: usize, columns: usize| {
        let (rows, columns) = if mat.transposed { (columns, rows) } else { (rows, columns) };
        let last = mat.apart[0] * (sizes.batch[0] - 1) + mat.apart[1] * (sizes.batch[1] - 1);
        let end = last + (rows - 1) * mat.stride + columns;
        assert!(columns <= mat.stride && end <= mat.numbers.len, "{end} of {}", mat.numbers.len);
        Operand {
            address: mat.numbers.address,
            kind: mat.numbers.kind,
            stride: mat.stride,
            transposed: mat.transposed,
            apart: mat.apart,
        }
    };
    let product =
        Product { sizes, out: operand(out, m, n), a: operand(a, m, k), b: operand(b, k, n) };
    // SAFETY: every matrix was seen to end within its slice of a live buffer.
    unsafe { gpu.product(&product) }
}

//! A product as a BLAS takes it, to which every matrix lies column by column.
//!
//! Rows one behind the other are the columns of the transpose. So what is asked for is the transpose of the result,
//! `out^T = b^T a^T`: the factors change places, and so do rows and columns, and no number is moved.

use super::product::{Factors, Operand, Product};

/// A matrix, column by column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Columns {
    /// Where it lies. `stride` is the number of numbers from column to column.
    pub lies: Operand,
    /// Whether the factor is the transpose of what lies there so.
    pub transposed: bool,
}

/// `out = alpha first second + beta out`, where `first` is (m, k), `second` (k, n) and `out` (m, n).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gemm {
    /// Rows m, columns n, inner dimension k.
    pub sizes: [usize; 3],
    /// How factors in f32 are multiplied.
    pub factors: Factors,
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of what is there.
    pub beta: f32,
    /// The left factor.
    pub first: Columns,
    /// The right factor.
    pub second: Columns,
    /// The result.
    pub out: Columns,
    /// Products of the outer and the inner batch.
    pub batch: [usize; 2],
}

/// How the matrices of several products lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Batch {
    /// So many, with the same number of numbers from each to the next, in the factors and the result.
    Even(usize, [usize; 3]),
    /// Otherwise: see [`Gemm::places`].
    Scattered,
}

/// What a BLAS is asked for.
pub fn call(product: &Product) -> Gemm {
    let [m, n, k] = product.sizes.sizes;
    // What lies row by row is its transpose column by column, which is what is wanted; unless it was the
    // transpose that was wanted.
    let columns = |lies: Operand| Columns { lies, transposed: lies.transposed };
    Gemm {
        sizes: [n, m, k],
        factors: product.sizes.factors,
        alpha: product.sizes.alpha,
        beta: if product.sizes.add { 1.0 } else { 0.0 },
        first: columns(product.b),
        second: columns(product.a),
        out: columns(product.out),
        batch: product.sizes.batch,
    }
}

impl Gemm {
    fn matrices(&self) -> [Operand; 3] {
        [self.first.lies, self.second.lies, self.out.lies]
    }

    /// How its matrices lie.
    pub fn together(&self) -> Batch {
        let [outer, inner] = self.batch;
        let apart = |matrix: Operand| match (outer, inner) {
            (1, 1) => Some(0),
            (1, _) => Some(matrix.apart[1]),
            (_, 1) => Some(matrix.apart[0]),
            _ => Some(matrix.apart[1]).filter(|apart| inner * apart == matrix.apart[0]),
        };
        match self.matrices().map(apart) {
            [Some(first), Some(second), Some(out)] => {
                Batch::Even(outer * inner, [first, second, out])
            }
            _ => Batch::Scattered,
        }
    }

    /// The address of every matrix of the left factor, then of the right one, then of the result.
    pub fn places(&self) -> Vec<u64> {
        let [outer, inner] = self.batch;
        let places = |matrix: Operand| {
            (0..outer).flat_map(move |i| {
                (0..inner).map(move |j| {
                    let numbers = i * matrix.apart[0] + j * matrix.apart[1];
                    matrix.address + (numbers * matrix.kind.size()) as u64
                })
            })
        };
        self.matrices().into_iter().flat_map(places).collect()
    }
}

#[cfg(test)]
#[path = "gemm_tests.rs"]
mod tests;

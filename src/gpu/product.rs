//! Matrix products as they are asked of a GPU.

use super::kind::Kind;

/// How factors in f32 are multiplied. Sums are in f32 either way, and factors in bf16 are multiplied as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Factors {
    /// As they are.
    #[default]
    F32,
    /// Rounded to a mantissa of 10 bits (TF32), which tensor cores multiply many times as fast.
    Tf32,
}

/// `out = alpha a b`, or that added to `out`; with f32 accumulation.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows M, columns N, inner dimension K.
    pub sizes: [usize; 3],
    /// Matrices of the outer and the inner batch.
    pub batch: [usize; 2],
    /// Factor.
    pub alpha: f32,
    /// Whether the product is added to what is there.
    pub add: bool,
    /// How factors in f32 are multiplied.
    pub factors: Factors,
}

impl Sizes {
    /// One product of (M, K) and (K, N).
    pub fn new(m: usize, n: usize, k: usize) -> Self {
        Self { sizes: [m, n, k], batch: [1, 1], alpha: 1.0, add: false, factors: Factors::F32 }
    }
}

/// One operand: where its first matrix begins, and how it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operand {
    /// Address of its first number.
    pub address: u64,
    /// What its numbers are.
    pub kind: Kind,
    /// Numbers from row to row.
    pub stride: usize,
    /// Whether its transpose is meant.
    pub transposed: bool,
    /// Numbers from matrix to matrix, of the outer and the inner batch.
    pub apart: [usize; 2],
}

/// A product for a GPU. `a` and `b` are of one kind, `out` of that or f32, and not transposed.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// What is computed.
    pub sizes: Sizes,
    /// Where to.
    pub out: Operand,
    /// (M, K).
    pub a: Operand,
    /// (K, N).
    pub b: Operand,
}

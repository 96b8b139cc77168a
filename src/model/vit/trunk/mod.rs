//! The network from images to embeddings on the CPU in f32, forward and backward
//! written out by hand: no graph, no allocation per step, few passes over memory.
//!
//! [`super::Composed`] is the same network composed of candle's operations: the reference in tests,
//! and what computes in bf16 on the CPU.

mod attention;
mod block;
mod fused;
mod rows;

pub use fused::Fused;

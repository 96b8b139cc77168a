//! Convolutions for networks whose activations lie as (B, H, W, C): the channels of a
//! pixel side by side, so that everything but a window's sum is a matrix product over
//! pixels.
//!
//! A network is described once, by the operations that it asks for ([`Operations`]). On the CPU they are our own, with
//! the same bits on every machine, and composed of candle's elsewhere; on a GPU they are kernels (`gpu`).

mod activation;
mod depthwise;
mod gpu;
mod maps;
pub mod norm;
mod operations;
mod pass;
mod patches;
mod pointwise;
mod pool;
mod segments;
mod window;
mod windows;

pub use activation::{gate, relu, silu};
pub use depthwise::depthwise;
pub use gpu::OnGpu;
pub use operations::{Activation, Branch, Operations, Segmented};
pub use patches::patches;
pub use pool::max_pool;
pub use segments::Segments;
pub use window::{Padding, Window};
pub use windows::{convolution, windows};

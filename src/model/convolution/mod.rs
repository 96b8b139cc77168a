//! Convolutions for networks whose activations lie as (B, H, W, C): the channels of a
//! pixel side by side, so that everything but a window's sum is a matrix product over
//! pixels.
//!
//! Operations are our own on the CPU, with the same bits on every machine, and composed of candle's
//! elsewhere.

mod activation;
mod depthwise;
mod maps;
pub mod norm;
mod patches;
mod pool;
mod segments;
mod window;
mod windows;

pub use activation::{gate, relu, silu};
pub use depthwise::depthwise;
pub use patches::patches;
pub use pool::max_pool;
pub use segments::{Pass, Segmented, Segments, mean_of_image, pointwise};
pub use window::{Padding, Window};
pub use windows::{convolution, windows};

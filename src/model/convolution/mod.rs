//! Convolutions for networks whose activations lie as (B, H, W, C): the channels of a
//! pixel side by side, so that everything but a window's sum is a matrix product over
//! pixels.
//!
//! Padding is TensorFlow's "same" ([`Same`]), which the networks here were trained with.

mod activation;
mod depthwise;
pub mod norm;
mod patches;
mod same;
mod segments;

pub use activation::{gate, silu};
pub use depthwise::depthwise;
pub use patches::patches;
pub use same::Same;
pub use segments::{Pass, Segmented, Segments, mean_of_image, pointwise};

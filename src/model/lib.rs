//! The network: Vision Transformer, differentiable ops, first weights, losses.

mod approx;
pub mod architecture;
pub mod convolution;
mod distance;
pub mod efficientnet;
pub mod gradients;
pub mod hub;
pub mod init;
pub mod losses;
pub mod network;
pub mod ops;
pub mod params;
pub mod triplet;
mod trunk;
pub mod vit;
pub mod weights;

pub use trunk::product_of;

//! The network: Vision Transformer, differentiable ops, first weights, losses.

pub mod arcface;
pub mod architecture;
mod bounds;
pub mod convolution;
mod distance;
pub mod efficientnet;
pub mod exact;
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

//! The network: Vision Transformer, differentiable ops, first weights, losses.

mod approx;
pub mod hub;
pub mod init;
pub mod losses;
pub mod ops;
pub mod params;
pub mod triplet;
pub mod vit;
pub mod weights;

//! The network on one core of a CPU in f32: maps lie channel by channel within a pixel,
//! products are computed in registers with bias and activation, and every buffer is kept
//! from frame to frame.

mod buffer;
mod conv;
mod map;
mod passes;
mod plan;
mod product;
mod run;
mod separable;
mod transform;
mod winograd;

pub use run::{Fast, Memory};

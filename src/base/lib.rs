//! What every room shares: random numbers, loops in wide registers and matrix products, progress and
//! failure, the store, and how files of others are read.

pub mod approx;
pub mod foreign;
pub mod fused;
pub mod guard;
mod listed;
pub mod math;
pub mod product;
pub mod provenance;
pub mod rng;
pub mod seal;
pub mod slurm;
pub mod store;
pub mod tar_members;
pub mod wide;
pub mod width;
pub mod work;

#[doc(hidden)]
pub use serde;

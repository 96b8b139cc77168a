//! NVIDIA GPUs. Nothing is linked: the driver and cuBLAS are loaded when a GPU is opened, so that the same program
//! starts on machines without them.
//!
//! All work of a GPU is in order, on a stream of its own, and most of it is not waited for: what goes wrong is told by
//! a later call. What goes by a lane (`lane.rs`) is on a second stream, which events join to the first. With `PROOFMARK_GPU_SYNC=1` in the environment every kernel and product is waited for, so
//! that the one that goes wrong is named. With `PROOFMARK_GPU_TIMES=FILE` the time of each is measured (`times.rs`).

mod context;
mod device;
mod lane;
mod library;
mod module;
mod open;
mod products;
mod said;
mod staging;
mod times;

pub use open::{count, open};

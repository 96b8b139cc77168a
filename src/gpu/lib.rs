//! A GPU as the program sees it: memory, kernels and matrix products.
//!
//! The kernels are CUDA C++ (`kernels/`). What they run on is behind a trait ([`gpu::Gpu`]), so that
//! everything above can be tested on a machine without a GPU.

#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod error;
pub mod gemm;
pub mod gpu;
pub mod kernels;
pub mod kind;
pub mod lane;
pub mod matrix;
pub mod memory;
pub mod product;
pub mod slot;

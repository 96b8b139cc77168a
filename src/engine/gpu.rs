//! The GPUs of this machine, if the build has what they need.

use std::sync::Arc;

use proofmark_gpu::gpu::Gpu;

/// The GPU of this number. The error is why it cannot be used.
///
/// # Errors
/// There is none, or this build has nothing for them.
#[cfg(feature = "cuda")]
pub fn open(number: usize) -> Result<Arc<dyn Gpu>, String> {
    proofmark_gpu::cuda::open(number).map_err(|why| why.to_string())
}

/// The GPU of this number. The error is why it cannot be used.
///
/// # Errors
/// There is none, or this build has nothing for them.
#[cfg(not(feature = "cuda"))]
pub fn open(_number: usize) -> Result<Arc<dyn Gpu>, String> {
    Err("this proofmark was built without `--features cuda`".to_owned())
}

/// How many GPUs a driver tells of.
#[cfg(feature = "cuda")]
pub fn count() -> usize {
    proofmark_gpu::cuda::count().unwrap_or(0)
}

/// How many GPUs a driver tells of: this build asks none.
#[cfg(not(feature = "cuda"))]
pub fn count() -> usize {
    0
}

/// The GPUs of this machine for people, a line each, or why there are none.
pub fn list() -> Vec<String> {
    let told = |number| match open(number) {
        Ok(gpu) => format!("cuda:{number}, {}", gpu.name()),
        Err(why) => format!("cuda:{number}: {why}"),
    };
    match count() {
        0 => vec![open(0).map_or_else(|why| format!("none: {why}"), |_| told(0))],
        count => (0..count).map(told).collect(),
    }
}

//! The GPUs of this machine, if the build has what they need.

use std::sync::Arc;

use proofmark_gpu::gpu::Gpu;

/// The GPU of this number. The error is why it cannot be used.
///
/// # Errors
/// There is none, or this build has nothing for them.
#[cfg(feature = "cuda")]
pub fn open(number: usize) -> Result<Arc<dyn Gpu>, String> {
    use proofmark_gpu::cuda::{Precision, open};
    open(number, Precision::F32).map_err(|why| why.to_string())
}

/// The GPU of this number. The error is why it cannot be used.
///
/// # Errors
/// There is none, or this build has nothing for them.
#[cfg(not(feature = "cuda"))]
pub fn open(_number: usize) -> Result<Arc<dyn Gpu>, String> {
    Err("this proofmark was built without `--features cuda`".to_owned())
}

/// The GPUs of this machine for people, a line each, or why there are none.
pub fn list() -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        match open(lines.len()) {
            Ok(gpu) => lines.push(format!("cuda:{}, {}", lines.len(), gpu.name())),
            Err(why) if lines.is_empty() => return vec![format!("none: {why}")],
            Err(_) => return lines,
        }
    }
}

//! How a GPU is opened.

use std::env;
use std::sync::Arc;

use cudarc::driver::result;

use super::context::Context;
use super::device::Device;
use super::library::{demand_blas, demand_driver};
use super::said::{driver, says_none};
use crate::error::{GpuError, Result};
use crate::gpu::Gpu;

/// The least of what the kernels are compiled for.
const LEAST: [i32; 2] = [8, 0];

/// How many NVIDIA GPUs this process sees.
///
/// # Errors
/// There is no driver, or one that is too old or broken.
pub fn count() -> Result<usize> {
    demand_driver()?;
    match result::init() {
        Ok(()) => {}
        Err(error) if says_none(error) => return Ok(0),
        Err(error) => return Err(driver("be used")(error)),
    }
    let count = result::device::get_count().map_err(driver("be counted"))?;
    Ok(count.max(0) as usize)
}

/// The NVIDIA GPU of this number, of those that this process sees.
///
/// # Errors
/// There is none, or it cannot be used; a library is missing or too old.
pub fn open(number: usize) -> Result<Arc<dyn Gpu>> {
    let count = count()?;
    let ordinal = i32::try_from(number).ok().filter(|_| number < count);
    let ordinal = ordinal.ok_or_else(|| no_such(count))?;
    demand_blas()?;
    let context = Context::new(ordinal)?;
    let capability = context.capability()?;
    if capability < LEAST {
        return Err(too_small(&context.name()?));
    }
    let waits = env::var_os("PROOFMARK_GPU_SYNC").is_some_and(|value| value == "1");
    Ok(Arc::new(Device::new(number, context, waits)?))
}

fn no_such(count: usize) -> GpuError {
    let why = match count {
        0 => "the driver sees none; CUDA_VISIBLE_DEVICES may hide it".to_owned(),
        1 => "there is only one, number 0".to_owned(),
        _ => format!("there are {count}, numbers 0 to {}", count - 1),
    };
    GpuError::new("be used", why)
}

fn too_small(name: &str) -> GpuError {
    let [major, minor] = LEAST;
    GpuError::new("be used", format!("{name} is older than compute capability {major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::{no_such, open};

    #[test]
    fn there_is_no_gpu_of_a_number_that_is_too_large() {
        // Whatever this machine has.
        let text = open(9999).unwrap_err().to_string();
        assert!(text.starts_with("the GPU cannot be used: "), "{text}");
        let told = [0, 1, 8].map(|count| no_such(count).to_string());
        assert!(told[0].ends_with("the driver sees none; CUDA_VISIBLE_DEVICES may hide it"));
        assert!(told[1].ends_with("there is only one, number 0"));
        assert!(told[2].ends_with("there are 8, numbers 0 to 7"));
    }
}

//! Whether the libraries of NVIDIA are there. Whoever calls a function of one that is not would panic, so this is asked
//! first, once in a process.

use std::sync::OnceLock;

use crate::error::{GpuError, Result};

/// The oldest driver for which the kernels are compiled, as it counts itself.
const OLDEST: i32 = 13_000;

/// What has to be loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Library {
    Driver,
    Blas,
}

impl Library {
    /// Why nothing goes without it, and where it is looked for.
    fn lacking(self) -> GpuError {
        let why = match self {
            Self::Driver => {
                "there is no NVIDIA driver: looked for libcuda.so.1 where the loader looks, which is LD_LIBRARY_PATH \
                 and the system's folders"
            }
            Self::Blas => {
                "cuBLAS is not there: looked for libcublas.so.13 where the loader looks, which is LD_LIBRARY_PATH and \
                 the system's folders; it is in the CUDA 13 toolkit, and in the Python package nvidia-cublas, whose \
                 folder nvidia/cu13/lib LD_LIBRARY_PATH may name"
            }
        };
        GpuError::new("be used", why)
    }

    /// Sees to it that it is there.
    fn demand(self) -> Result<()> {
        static DRIVER: OnceLock<bool> = OnceLock::new();
        static BLAS: OnceLock<bool> = OnceLock::new();
        let present = match self {
            Self::Driver => DRIVER.get_or_init(|| {
                // SAFETY: this loads the library and so runs what it begins with, as any use of it does.
                unsafe { cudarc::driver::sys::is_culib_present() }
            }),
            Self::Blas => BLAS.get_or_init(|| {
                // SAFETY: as above.
                unsafe { cudarc::cublas::sys::is_culib_present() }
            }),
        };
        if *present { Ok(()) } else { Err(self.lacking()) }
    }
}

/// Sees to it that there is a driver, and one that is new enough.
pub fn demand_driver() -> Result<()> {
    Library::Driver.demand()?;
    let mut version = 0;
    // SAFETY: the library is there, and `version` is valid for the call, which needs nothing else.
    let asked = unsafe { cudarc::driver::sys::cuDriverGetVersion(&raw mut version) };
    match asked.result() {
        Ok(()) if version >= OLDEST => Ok(()),
        Ok(()) => Err(too_old(version)),
        // It cannot say; what it cannot do will be said then.
        Err(_) => Ok(()),
    }
}

/// Sees to it that there is cuBLAS.
pub fn demand_blas() -> Result<()> {
    Library::Blas.demand()
}

fn too_old(version: i32) -> GpuError {
    let told = |version: i32| format!("{}.{}", version / 1000, version % 1000 / 10);
    let (has, needs) = (told(version), told(OLDEST));
    GpuError::new(
        "be used",
        format!(
            "its driver is of CUDA {has}, and this program needs one of CUDA {needs} or newer, which is version 580 or \
             newer of the driver"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{Library, too_old};

    #[test]
    fn what_is_missing_is_named_and_where_it_was_looked_for() {
        let driver = Library::Driver.lacking().to_string();
        let start = "the GPU cannot be used: there is no NVIDIA driver: looked for libcuda.so.1";
        assert!(driver.starts_with(start), "{driver}");
        let blas = Library::Blas.lacking().to_string();
        assert!(blas.contains("libcublas.so.13") && blas.contains("LD_LIBRARY_PATH"), "{blas}");
    }

    #[test]
    fn an_old_driver_is_told_with_the_version_that_is_needed() {
        let text = too_old(12_040).to_string();
        assert!(text.contains("of CUDA 12.4, and") && text.contains("of CUDA 13.0 or"), "{text}");
    }
}

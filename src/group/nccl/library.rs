//! Whether the libraries are there. Whoever calls a function of one that is not would panic, so this is asked first.

use std::sync::OnceLock;

/// Sees to it that NCCL is there.
pub(super) fn demand_nccl() -> Result<(), String> {
    static THERE: OnceLock<bool> = OnceLock::new();
    // SAFETY: this loads the library and so runs what it begins with, as any use of it does.
    let there = *THERE.get_or_init(|| unsafe { cudarc::nccl::sys::is_culib_present() });
    let why = "NCCL is not there: looked for libnccl.so where the loader looks, which is LD_LIBRARY_PATH and the \
               system's folders; where there is only libnccl.so.2, as in the Python package nvidia-nccl-cu13, a link \
               of that name is enough";
    there.then_some(()).ok_or_else(|| why.to_owned())
}

/// Sees to it that there is a driver.
pub(super) fn demand_driver() -> Result<(), String> {
    static THERE: OnceLock<bool> = OnceLock::new();
    // SAFETY: as above.
    let there = *THERE.get_or_init(|| unsafe { cudarc::driver::sys::is_culib_present() });
    let why = "there is no NVIDIA driver: looked for libcuda.so.1 where the loader looks, which is LD_LIBRARY_PATH \
               and the system's folders";
    there.then_some(()).ok_or_else(|| why.to_owned())
}

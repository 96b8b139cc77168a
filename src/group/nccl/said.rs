//! What the libraries say when something fails.

use std::ffi::{CStr, c_char};
use std::fmt::Display;
use std::ptr::null_mut;

use cudarc::nccl::result::NcclError;
use cudarc::nccl::sys;

/// What CUDA says of an error.
pub(super) fn cuda(error: impl Display) -> String {
    format!("CUDA says: {error}")
}

/// What NCCL says of an error.
pub(super) fn refused(error: &NcclError) -> String {
    // SAFETY: both return text that ends with a zero and that NCCL keeps, or null; the second takes null.
    let (kind, last) = unsafe {
        (text(sys::ncclGetErrorString(error.0)), text(sys::ncclGetLastError(null_mut())))
    };
    match last.is_empty() {
        true => format!("NCCL says: {kind}"),
        false => format!("NCCL says: {kind} ({last})"),
    }
}

/// # Safety
/// It is null, or ends with a zero and stays until this returns.
unsafe fn text(of_nccl: *const c_char) -> String {
    if of_nccl.is_null() {
        return String::new();
    }
    // SAFETY: as said above.
    unsafe { CStr::from_ptr(of_nccl) }.to_string_lossy().trim().to_owned()
}

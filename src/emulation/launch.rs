//! How a kernel is started on the CPU.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};

use super::order::Order;
use proofmark_gpu::error::{GpuError, Result};
use proofmark_gpu::gpu::{Argument, Grid};

unsafe extern "C" {
    fn emulation_launch(
        name: *const c_char,
        columns: c_uint,
        rows: c_uint,
        threads: c_uint,
        arguments: *mut *mut c_void,
        backwards: c_int,
    ) -> c_int;
}

/// Runs a kernel to its end.
///
/// # Safety
/// The arguments are those that the kernel takes, and what it reads and writes is allocated.
pub unsafe fn launch(kernel: &str, grid: Grid, arguments: &[Argument], order: Order) -> Result<()> {
    let mut values: Vec<[u8; 8]> = arguments.iter().map(bytes).collect();
    let mut pointers: Vec<*mut c_void> =
        values.iter_mut().map(|value| value.as_mut_ptr().cast()).collect();
    let name = CString::new(kernel).expect("names of kernels have no zero in them");
    let [columns, rows] = grid.blocks;
    let backwards = c_int::from(order == Order::Backwards);
    // SAFETY: the caller's; the name and the values live until the kernel has ended.
    let code = unsafe {
        let pointers = pointers.as_mut_ptr();
        emulation_launch(name.as_ptr(), columns, rows, grid.threads, pointers, backwards)
    };
    let why = match code {
        0 => return Ok(()),
        1 => "there is no such kernel",
        _ => "its blocks are no multiple of a warp",
    };
    Err(GpuError::new(format!("start `{kernel}`"), why))
}

/// The bytes of an argument, those that it needs first.
fn bytes(argument: &Argument) -> [u8; 8] {
    let short = |bytes: [u8; 4]| {
        let mut all = [0; 8];
        all[..4].copy_from_slice(&bytes);
        all
    };
    match argument {
        Argument::Pointer(address) => address.to_ne_bytes(),
        Argument::Long(number) => number.to_ne_bytes(),
        Argument::Int(number) => short(number.to_ne_bytes()),
        Argument::Float(number) => short(number.to_ne_bytes()),
    }
}

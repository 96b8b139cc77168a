//! What the driver and cuBLAS say when something fails, as errors of ours.

use std::ffi::CStr;

use cudarc::cublas::result::CublasError;
use cudarc::cublas::sys::cublasStatus_t;
use cudarc::driver::result::DriverError;
use cudarc::driver::sys::CUresult;

use crate::error::GpuError;

/// What the driver says of an error: its name and what it means.
pub fn words(error: DriverError) -> String {
    let text = |said: Result<&CStr, DriverError>| {
        said.map_or_else(
            |_| format!("error {}", error.0 as u32),
            |s| s.to_string_lossy().into_owned(),
        )
    };
    format!("{} ({})", text(error.error_string()), text(error.error_name()))
}

/// What the driver did not do, after "cannot".
pub fn driver(doing: impl Into<String>) -> impl FnOnce(DriverError) -> GpuError {
    |error| GpuError {
        lacks_memory: says_full(error),
        ..GpuError::new(doing, format!("CUDA says: {}", words(error)))
    }
}

/// What cuBLAS did not do, after "cannot".
pub fn blas(doing: impl Into<String>) -> impl FnOnce(CublasError) -> GpuError {
    |error| GpuError {
        lacks_memory: matches!(error.0, cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED),
        ..GpuError::new(doing, format!("cuBLAS says: {:?}", error.0))
    }
}

/// Whether it only says that there is no GPU.
pub fn says_none(error: DriverError) -> bool {
    matches!(error.0, CUresult::CUDA_ERROR_NO_DEVICE)
}

/// Whether it says that memory is too small.
fn says_full(error: DriverError) -> bool {
    matches!(error.0, CUresult::CUDA_ERROR_OUT_OF_MEMORY)
}

/// Bytes for people.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_by_people() {
        let told = [7, 1536, 64 << 20, 143_771 << 20].map(size);
        assert_eq!(told, ["7 bytes", "1.5 KiB", "64.0 MiB", "140.4 GiB"]);
    }
}

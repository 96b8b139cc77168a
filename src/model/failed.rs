//! What goes wrong on a GPU, as errors of candle, which the passes of a network give.

use candle_core::Error;

use proofmark_gpu::error::GpuError;

/// An error of a GPU, which [`lacks_memory`] knows again.
pub fn failed(error: GpuError) -> Error {
    Error::Cuda(Box::new(error)).bt()
}

/// Whether a GPU had not enough memory.
pub fn lacks_memory(error: &Error) -> bool {
    let mut error = error;
    // A backtrace comes around it where the environment asks for one.
    while let Error::WithBacktrace { inner, .. } | Error::Context { inner, .. } = error {
        error = inner;
    }
    let Error::Cuda(error) = error else { return false };
    error.downcast_ref::<GpuError>().is_some_and(|error| error.lacks_memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_memory_is_known_again() {
        let lacks = failed(GpuError::of_memory("allocate 2 GiB", "of 1 GiB, 7 bytes are free"));
        assert!(lacks_memory(&lacks));
        let text = lacks.to_string();
        assert!(
            text.starts_with("the GPU cannot allocate 2 GiB: of 1 GiB, 7 bytes are free"),
            "{text}"
        );
        assert!(lacks_memory(&lacks.context("while training")));
        assert!(!lacks_memory(&failed(GpuError::new("allocate 2 GiB", "it is broken"))));
        assert!(!lacks_memory(&Error::wrap(GpuError::of_memory("run", "it is full"))));
    }
}

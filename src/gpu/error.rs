//! What goes wrong with a GPU.

/// What a GPU could not do, and why, in its driver's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the GPU cannot {doing}: {why}")]
pub struct GpuError {
    /// What was asked of it, after "cannot".
    pub doing: String,
    /// The driver's or library's reason.
    pub why: String,
    /// Whether its memory was too small for that.
    pub lacks_memory: bool,
}

impl GpuError {
    /// An error.
    pub fn new(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Self { doing: doing.into(), why: why.into(), lacks_memory: false }
    }

    /// That its memory is too small.
    pub fn of_memory(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Self { lacks_memory: true, ..Self::new(doing, why) }
    }
}

/// Of what a GPU does.
pub type Result<T> = std::result::Result<T, GpuError>;

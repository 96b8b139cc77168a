//! What goes wrong with a GPU.

/// What a GPU could not do, and why, in its driver's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the GPU cannot {doing}: {why}")]
pub struct GpuError {
    /// What was asked of it, after "cannot".
    pub doing: String,
    /// The driver's or library's reason.
    pub why: String,
}

impl GpuError {
    /// An error.
    pub fn new(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Self { doing: doing.into(), why: why.into() }
    }
}

/// Of what a GPU does.
pub type Result<T> = std::result::Result<T, GpuError>;

//! Where a network computes.

use std::sync::Arc;

use super::gpu::Gpu;

/// Where a network computes.
#[derive(Clone, Debug, Default)]
pub enum Device {
    /// On the processor.
    #[default]
    Cpu,
    /// On a GPU.
    Gpu(Arc<dyn Gpu>),
}

impl Device {
    /// The GPU, if it is one.
    pub fn gpu(&self) -> Option<&Arc<dyn Gpu>> {
        match self {
            Self::Cpu => None,
            Self::Gpu(gpu) => Some(gpu),
        }
    }

    /// What models and pages call it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu(_) => "cuda",
        }
    }
}

//! Optimisers, a file each, and the detour of sharpness-aware minimisation.

mod adamw;
mod rates;
mod sam;
mod sgd;
mod stepper;

#[cfg(test)]
mod gpu_tests;

pub use adamw::{AdamW, groups};
pub use sam::{ascend, descend};
pub use sgd::Sgd;
pub use stepper::Stepper;

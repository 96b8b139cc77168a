//! Optimisers, a file each, and the detour of sharpness-aware minimisation.

mod adamw;
mod sam;
mod sgd;
mod stepper;

pub use adamw::{AdamW, groups};
pub use sam::{ascend, descend};
pub use sgd::Sgd;
pub use stepper::Stepper;

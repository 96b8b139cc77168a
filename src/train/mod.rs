//! Training: optimiser, schedule, augmentation, batches, checkpoints, the fit loop.

pub mod augment;
pub mod batch;
pub mod checkpoint;
pub mod fit;
pub mod optimizer;
pub mod schedule;

//! Training: optimiser, schedule, augmentation, batches, checkpoints, the fit loop,
//! the journal.

pub mod augment;
pub mod batch;
pub mod blend;
pub mod card;
pub mod checkpoint;
pub mod fit;
pub mod journal;
pub mod log;
pub mod mix;
mod observe;
pub mod optimizer;
pub mod schedule;
pub mod sgd;
mod state;
pub mod step;
pub mod stepper;

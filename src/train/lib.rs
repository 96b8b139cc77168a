//! Training: optimiser, schedule, batches of augmented faces, checkpoints, the fit loop,
//! the journal.

pub mod batch;
pub mod blend;
pub mod card;
pub mod checkpoint;
pub mod fit;
pub mod input;
pub mod journal;
pub mod loader;
pub mod log;
pub mod mix;
mod observe;
pub mod optim;
pub mod schedule;
mod state;
pub mod step;

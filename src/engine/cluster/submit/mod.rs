//! Submits what is not in the store and not in the queue, and nothing twice.

mod order;
mod prepare;
mod queued;
mod submission;
mod units;

pub use order::{Found, Order, Submitted};
pub use prepare::prepare;
pub use submission::Submission;

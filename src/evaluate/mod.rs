//! Predictions and metrics.

pub mod aggregate;
pub mod file;
mod labels;
pub mod metrics;
pub mod predictions;
pub mod samples;
pub mod summary;

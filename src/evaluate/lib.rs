//! Predictions, metrics and their statistics.

pub mod aggregate;
pub(crate) mod alike;
mod curve;
pub mod file;
mod labels;
pub mod measure;
pub mod metrics;
pub mod outside;
pub mod predictions;
mod read_rows;
mod repeated;
pub mod request;
mod rows;
pub mod samples;
mod score_file;
pub mod statistics;
pub mod summary;

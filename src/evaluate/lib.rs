//! Predictions, files of scores, and the statistics of metrics.

pub mod aggregate;
pub mod calibration;
pub mod embeddings;
pub mod face;
pub mod file;
mod labels;
pub mod outside;
pub mod predictions;
mod read_rows;
mod repeated;
pub mod request;
mod row_groups;
mod rows;
pub mod samples;
mod score_file;
pub mod separability;
pub mod statistics;
pub mod summary;

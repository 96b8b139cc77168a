//! What can be wrong with predictions, in words.

use std::path::PathBuf;

use polars::error::PolarsError;
use thiserror::Error;

use crate::aggregate::AggregateError;
use proofmark_parquet::ParquetError;

/// Why predictions could not be written or read.
#[derive(Debug, Error)]
pub enum PredictionsError {
    /// The file cannot be created or opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be written, e.g. because the disk is full.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What Polars says.
        source: PolarsError,
    },
    /// The file is not Parquet, or is damaged.
    #[error("{}", source.told(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ParquetError,
    },
    /// The first class is not real, or there is no other.
    #[error("the classes are {0:?}; the first must be \"real\" and at least one must follow")]
    Classes(Vec<String>),
    /// A row that does not fit, or that a diverged model made.
    #[error("frame {frame}, face {face} of {dataset}/{video}: {reason}")]
    Row {
        /// The data set.
        dataset: String,
        /// The video.
        video: String,
        /// The frame.
        frame: u32,
        /// The face.
        face: u32,
        /// What is wrong.
        reason: String,
    },
    /// The file is Parquet, but not predictions.
    #[error("{path} does not hold predictions: {reason}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A video that is both real and fake.
    #[error("{path}: {source}")]
    Videos {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: AggregateError,
    },
}

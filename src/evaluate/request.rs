//! What is asked of anybody's file of scores, and why there may be no answer.

use std::path::PathBuf;

use thiserror::Error;

use super::aggregate::LabelConflict;
use super::labels::LabelError;
use proofmark_lang::model::Pooling;
use proofmark_metrics::{ALL, Measure, Metric, Number};
use proofmark_text::show::brief;

/// What to read, and how to understand it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The file; `.parquet` is Parquet, anything else CSV with a header, which may be compressed
    /// by gzip, in UTF-16, or separated by semicolons or tabs.
    pub path: PathBuf,
    /// Column of the score, P(fake).
    pub score: String,
    /// Column of the label.
    pub label: String,
    /// Columns that together name the video a row belongs to, for the video level.
    pub video: Vec<String>,
    /// Value of the label column that means fake.
    pub fake_is: Option<String>,
    /// Column whose values divide the rows into groups with metrics of their own.
    pub by: Option<String>,
    /// Score from which a row is called fake; [`THRESHOLD`] where none is given.
    pub threshold: Option<f64>,
    /// False-positive rate at which the true-positive rate is told.
    pub fpr: f64,
    /// Bins of the calibration error.
    pub bins: u32,
    /// How the rows of a video make its score.
    pub video_score: Pooling,
    /// Draws of the bootstrap; without, there are no intervals.
    pub bootstrap: Option<u32>,
    /// What is scored: videos alone, or rows as well.
    pub only_videos: bool,
}

/// The share of intervals that hold the true value.
pub const LEVEL: f64 = 0.95;

/// The threshold of probabilities, where none is given.
pub const THRESHOLD: f64 = 0.5;

impl Request {
    /// What is computed, with its key in JSON and its name for readers.
    pub(super) fn measures(&self) -> Vec<(String, String, Measure)> {
        let number = |number: Number| match number {
            Number::Threshold => self.threshold.unwrap_or(THRESHOLD),
            Number::Fpr => self.fpr,
            Number::Bins => f64::from(self.bins),
        };
        let measure = |metric: &Metric| {
            let number = metric.needs.map(|needed| number(needed.number));
            (metric.key(), (metric.label)(number), metric.at(number.unwrap_or_default()))
        };
        ALL.iter().map(measure).collect()
    }
}

/// Why a file of scores has no metrics. Rows are counted from 1, without the header.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what its name says, or is damaged.
    #[error("cannot read {path} as {format}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// CSV or Parquet.
        format: &'static str,
        /// What Polars says.
        reason: String,
    },
    /// A column is not there.
    #[error("{path} has no column \"{column}\"{}; its columns are {}",
        nearest.as_ref().map(|name| format!(", did you mean \"{}\"?", brief(name))).unwrap_or_default(),
        present.iter().map(|name| brief(name)).collect::<Vec<_>>().join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The most similar column.
        nearest: Option<String>,
        /// The columns there are.
        present: Vec<String>,
    },
    /// A column is there more than once.
    #[error(
        "{path} has the column \"{column}\" more than once, as its columns {places}; rename all but \
         the one that is meant"
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its places among the columns, from 1.
        places: String,
    },
    /// A column holds what cannot be used.
    #[error("column \"{column}\" of {path} holds {found}, not {wanted}")]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds.
        found: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A score that is not a finite number.
    #[error(
        "row {row} of {path} has the score \"{}\" in column \"{column}\", not a finite number",
        brief(value)
    )]
    Score {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// What it says.
        value: String,
    },
    /// Labels that cannot be understood.
    #[error("column \"{column}\" of {path}: {source}")]
    Label {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong.
        source: LabelError,
    },
    /// A row that belongs to no video.
    #[error("row {row} of {path} names no video in column \"{column}\"")]
    NoVideo {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row.
        row: usize,
    },
    /// A video with both labels.
    #[error("column \"{column}\" of {path}: {source}")]
    Videos {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong.
        source: LabelConflict,
    },
    /// The threshold is NaN or infinite.
    #[error("the threshold is {0}, not a finite number")]
    Threshold(f64),
}

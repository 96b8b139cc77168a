//! Metrics of anybody's file of scores: CSV or Parquet.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use thiserror::Error;

use super::aggregate::{AggregateError, by_video};
use super::labels::{self, LabelError};
use super::metrics::Ranking;
use super::summary::{LevelSummary, Summary};
use crate::lang::model::VideoScore;

/// What to read, and how to understand it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The file; `.parquet` is Parquet, anything else CSV with a header.
    pub path: PathBuf,
    /// Column of the score, P(fake).
    pub score: String,
    /// Column of the label.
    pub label: String,
    /// Column that names the video a row belongs to, for the video level.
    pub video: Option<String>,
    /// Value of the label column that means fake.
    pub fake_is: Option<String>,
    /// Score from which a row is called fake.
    pub threshold: f64,
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
        nearest.as_ref().map(|name| format!(", did you mean \"{name}\"?")).unwrap_or_default(),
        present.join(", "))]
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
        "row {row} of {path} has the score \"{value}\" in column \"{column}\", not a finite number"
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
    /// Rows that cannot be gathered into videos.
    #[error("column \"{column}\" of {path}: {source}")]
    Videos {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong.
        source: AggregateError,
    },
    /// The threshold is NaN or infinite.
    #[error("the threshold is {0}, not a finite number")]
    Threshold(f64),
}

/// The metrics of a file.
///
/// Rows whose score is missing (null, or empty in CSV) are left out and counted; any
/// other flaw is an error.
///
/// # Errors
/// [`FileError`] names the file, column and row.
pub fn summarise(request: &Request) -> Result<Summary, FileError> {
    if !request.threshold.is_finite() {
        return Err(FileError::Threshold(request.threshold));
    }
    let table = read(request)?;
    let scores = scores(request, &table)?;
    let scored: Vec<usize> = (0..scores.len()).filter(|&row| scores[row].is_some()).collect();
    let fakes = labels(request, &table, &scored)?;
    let scores: Vec<f64> = scores.into_iter().flatten().collect();
    let frame = level(request, fakes.iter().copied().zip(scores.iter().copied()));
    let video = match &request.video {
        Some(column) => Some(videos(request, column, &table, &scored, &fakes, &scores)?),
        None => None,
    };
    Ok(Summary { frame, video, dropped: table.height() - scored.len() })
}

/// The requested columns; those of a CSV as text, so that a flaw has a row.
fn read(request: &Request) -> Result<DataFrame, FileError> {
    let path = &request.path;
    let open = || File::open(path).map_err(|source| FileError::Open { path: path.clone(), source });
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let format = if is_parquet { "Parquet" } else { "CSV" };
    let flaw = |e: PolarsError| {
        let reason = e.to_string();
        let reason = if reason.contains("more fields than defined") {
            "a row has more fields than the header".to_owned()
        } else {
            // What follows the first line is advice to callers of Polars.
            reason.lines().next().unwrap_or_default().to_owned()
        };
        FileError::Read { path: path.clone(), format, reason }
    };
    let mut wanted = vec![request.score.clone(), request.label.clone()];
    wanted.extend(request.video.clone());
    wanted.sort_unstable();
    wanted.dedup();

    if is_parquet {
        let mut reader = ParquetReader::new(open()?);
        let schema = reader.schema().map_err(flaw)?;
        find(path, &wanted, schema.iter_names().map(ToString::to_string).collect())?;
        reader.with_columns(Some(wanted)).finish().map_err(flaw)
    } else {
        let options = CsvReadOptions::default().with_infer_schema_length(Some(0));
        let header = options.clone().with_n_rows(Some(1));
        let header = header.into_reader_with_file_handle(open()?).finish().map_err(flaw)?;
        let present = header.get_column_names().into_iter().map(ToString::to_string).collect();
        find(path, &wanted, present)?;
        let columns: Arc<[PlSmallStr]> = wanted.iter().map(PlSmallStr::from).collect();
        let options = options.with_columns(Some(columns));
        options.into_reader_with_file_handle(open()?).finish().map_err(flaw)
    }
}

/// Checks that the wanted columns are present.
fn find(path: &Path, wanted: &[String], present: Vec<String>) -> Result<(), FileError> {
    let Some(missing) = wanted.iter().find(|name| !present.contains(name)) else {
        return Ok(());
    };
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &missing.to_lowercase());
    let nearest = present
        .iter()
        .filter(|name| likeness(name) > 0.75)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .cloned();
    Err(FileError::MissingColumn {
        path: path.to_owned(),
        column: missing.clone(),
        nearest,
        present,
    })
}

/// The scores, `None` where missing.
fn scores(request: &Request, table: &DataFrame) -> Result<Vec<Option<f64>>, FileError> {
    let column = &table[request.score.as_str()];
    let bad = |row: usize, value: String| FileError::Score {
        path: request.path.clone(),
        column: request.score.clone(),
        row: row + 1,
        value,
    };
    if column.dtype().is_string() {
        return column
            .str()
            .expect("a column of strings")
            .iter()
            .enumerate()
            .map(|(row, text)| match text.map(str::trim) {
                None | Some("") => Ok(None),
                Some(text) => match text.parse::<f64>() {
                    Ok(score) if score.is_finite() => Ok(Some(score)),
                    _ => Err(bad(row, text.to_owned())),
                },
            })
            .collect();
    }
    let wrong_type = || FileError::Type {
        path: request.path.clone(),
        column: request.score.clone(),
        found: column.dtype().to_string(),
        wanted: "numbers",
    };
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong_type());
    }
    let numbers = column.cast(&DataType::Float64).map_err(|_| wrong_type())?;
    numbers
        .f64()
        .expect("a column just cast to f64")
        .iter()
        .enumerate()
        .map(|(row, score)| match score {
            Some(score) if !score.is_finite() => Err(bad(row, score.to_string())),
            score => Ok(score),
        })
        .collect()
}

/// The labels of the scored rows: true for fake.
fn labels(request: &Request, table: &DataFrame, scored: &[usize]) -> Result<Vec<bool>, FileError> {
    let column = &table[request.label.as_str()];
    let wrong_type = || FileError::Type {
        path: request.path.clone(),
        column: request.label.clone(),
        found: column.dtype().to_string(),
        wanted: "labels (whole numbers, booleans or text)",
    };
    if column.dtype().is_nested() {
        return Err(wrong_type());
    }
    let text = column.cast(&DataType::String).map_err(|_| wrong_type())?.rechunk();
    let text = text.str().expect("a column just cast to text");
    let rows = scored.iter().map(|&row| (row, text.get(row)));
    labels::read(rows, request.fake_is.as_deref()).map_err(|source| FileError::Label {
        path: request.path.clone(),
        column: request.label.clone(),
        source,
    })
}

/// The metrics of the videos' mean scores.
fn videos(
    request: &Request,
    column: &str,
    table: &DataFrame,
    scored: &[usize],
    fakes: &[bool],
    scores: &[f64],
) -> Result<LevelSummary, FileError> {
    let path = &request.path;
    let fail = |source: AggregateError| {
        // Rows are those of the file, not those left after dropping.
        let source = match source {
            AggregateError::Conflict(mut conflict) => {
                conflict.real_row = scored[conflict.real_row - 1] + 1;
                conflict.fake_row = scored[conflict.fake_row - 1] + 1;
                AggregateError::Conflict(conflict)
            }
            other => other,
        };
        FileError::Videos { path: path.clone(), column: column.to_owned(), source }
    };
    let rows =
        IdxCa::from_vec(PlSmallStr::EMPTY, scored.iter().map(|&row| row as IdxSize).collect());
    let keys = table.select([column]).and_then(|keys| keys.take(&rows));
    let keys = keys.map_err(|source| fail(source.into()))?;
    let missing = &keys[column].is_null();
    if let Some(row) = missing.iter().position(|missing| missing == Some(true)) {
        let row = scored[row] + 1;
        return Err(FileError::NoVideo { path: path.clone(), column: column.to_owned(), row });
    }
    let videos = by_video(&keys, fakes, scores, VideoScore::Mean).map_err(fail)?;
    Ok(level(request, videos.iter().map(|video| (video.fake, video.score))))
}

/// The metrics of pairs of (is fake, score), all known to be finite.
fn level(request: &Request, pairs: impl Iterator<Item = (bool, f64)>) -> LevelSummary {
    let ranking = Ranking::new(pairs).expect("scores were checked when they were read");
    LevelSummary::new(&ranking, request.threshold)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

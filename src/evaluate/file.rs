//! Metrics of anybody's file of scores: CSV or Parquet.

use std::path::PathBuf;

use thiserror::Error;

use super::aggregate::LabelConflict;
use super::labels::LabelError;
use super::read_rows::read;
use super::rows::Rows;
use super::statistics::bootstrap::{Item, Replica, Stratum, Unit};
use super::statistics::interval::Interval;
use super::summary::{Entry, LevelSummary, Levels, Summary};
use proofmark_lang::model::Pooling;
use proofmark_metrics::{ALL, Measure, Metric, Number, Ranking};
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
    fn measures(&self) -> Vec<(String, String, Measure)> {
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

/// The metrics of a file.
///
/// Rows whose score is missing (null, or empty in CSV) are left out and counted; any
/// other flaw is an error. Parquet is read some row groups at a time; thirteen bytes are
/// kept of a row.
///
/// # Errors
/// [`FileError`] names the file, column and row.
pub fn summarise(request: &Request) -> Result<Summary, FileError> {
    if let Some(threshold) = request.threshold.filter(|threshold| !threshold.is_finite()) {
        return Err(FileError::Threshold(threshold));
    }
    let (rows, mut notes) = read(request)?;
    notes.extend(no_probabilities(request, &rows));
    let groups = match &rows.groups {
        None => Vec::new(),
        Some(ids) => (0..ids.names.len() as u32)
            .map(|id| Ok((ids.names[id as usize].to_string(), levels(request, rows.group(id))?)))
            .collect::<Result<_, FileError>>()?,
    };
    let dropped = rows.dropped;
    let all = levels(request, rows)?;
    Ok(Summary { all, groups, by: request.by.clone(), dropped, notes })
}

/// That a threshold of probabilities says nothing of scores that are none.
fn no_probabilities(request: &Request, rows: &Rows) -> Option<String> {
    let low = rows.scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = rows.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let outside = !rows.scores.is_empty() && (low < 0.0 || high > 1.0);
    (outside && request.threshold.is_none()).then(|| {
        format!(
            "the scores of \"{}\" lie between {low:.4} and {high:.4} and are no probabilities, so \
             that accuracies at the threshold {THRESHOLD} mean nothing; give the score from which \
             a row is called fake by `--threshold`, which is 0 for logits",
            request.score
        )
    })
}

/// The metrics of rows and of their videos.
fn levels(request: &Request, mut rows: Rows) -> Result<Levels, FileError> {
    let videos = match &rows.videos {
        None => None,
        Some(_) => {
            let videos = rows.by_video(request.video_score);
            let items = request.bootstrap.map(|_| numbered(videos.iter().copied()));
            let ranking = Ranking::new(videos).expect(FINITE);
            Some(level(request, ranking, items.as_deref()))
        }
    };
    let frames = if request.only_videos && videos.is_some() {
        None
    } else {
        let items = request.bootstrap.map(|_| rows.items());
        // Only the scores are left in memory when they are sorted.
        rows.videos = None;
        rows.groups = None;
        let (reals, fakes) = rows.classes();
        Some(level(request, Ranking::of_classes(reals, fakes), items.as_deref()))
    };
    Ok(Levels { frame: frames, video: videos })
}

/// Items that are videos of their own, reals first.
fn numbered(videos: impl Iterator<Item = (bool, f64)> + Clone) -> Vec<Item> {
    let of = |class| videos.clone().filter(move |(fake, _)| *fake == class);
    let both = of(false).chain(of(true)).enumerate();
    both.map(|(i, (fake, score))| Item { video: i as u32, fake, score }).collect()
}

/// What reading has checked.
const FINITE: &str = "scores were checked when they were read";

/// The metrics of a ranking, with intervals from the same as items.
fn level(request: &Request, ranking: Ranking, items: Option<&[Item]>) -> LevelSummary {
    let measures = request.measures();
    let intervals = match items.zip(request.bootstrap) {
        None => vec![None; measures.len()],
        Some((items, draws)) => {
            let videos = |fake| {
                let places = items.iter().filter(|item| item.fake == fake).map(|item| item.video);
                places.max().map(|last| last as usize + 1)
            };
            let reals = videos(false).unwrap_or(0);
            let fakes = videos(true).map_or(0, |end| end - reals);
            let unit = Unit {
                reals: Stratum::new("real", reals),
                fakes: Stratum::new("fake", fakes),
                replicas: measures.iter().map(|m| Replica::new(items, m.2)).collect(),
            };
            let draws = unit.draws(draws, 0);
            // A single video of a class says nothing of others.
            let few = reals == 1 || fakes == 1;
            let interval = |draws: &Vec<f64>| Interval::of_draws(draws, LEVEL).filter(|_| !few);
            draws.iter().map(interval).collect()
        }
    };
    let entries = measures.into_iter().zip(intervals).map(|((key, name, measure), interval)| {
        let value = ranking.measure(measure);
        Entry { key, name, interval: interval.filter(|_| value.is_ok()), value }
    });
    let resampled = items.is_some();
    LevelSummary { n: ranking.rows(), entries: entries.collect(), resampled }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "file_golden_tests.rs"]
mod golden_tests;

//! Results tables: rows, columns, metrics, and what is said of the numbers.

use proofmark_metrics::Metric;
use serde::Serialize;

use super::{CorruptionKind, DataPath, Family, Label, Split};
use crate::span::Spanned;

/// A results table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Name; the report's file name.
    pub name: Spanned<String>,
    /// Caption.
    pub title: Option<Spanned<String>>,
    /// Rows in order.
    pub rows: Vec<Row>,
    /// Groups of columns.
    pub scenarios: Vec<Scenario>,
    /// Metrics, each a block of the table.
    pub metrics: Vec<MetricSpec>,
    /// How the faces of a video make its score.
    pub video_score: Spanned<VideoScore>,
    /// How intervals and paired tests are computed.
    pub intervals: Intervals,
    /// The row that every other one is compared with.
    pub compare: Option<Comparison>,
    /// Published numbers to put beside ours.
    pub references: Vec<Reference>,
    /// Statements about the numbers.
    pub claims: Vec<Claim>,
    /// How far a number may lie from the committed table's, as a fraction.
    pub tolerance: Spanned<f64>,
}

impl Table {
    /// How the faces of a video make its score in a row.
    pub fn video_score_of(&self, row: &Row) -> VideoScore {
        row.video_score.unwrap_or(self.video_score).value
    }

    /// Whether it chooses thresholds on validation.
    pub fn validates(&self) -> bool {
        let mut thresholds = self.metrics.iter().filter_map(|metric| metric.parameter.threshold());
        thresholds.any(|threshold| match threshold {
            Threshold::Val => true,
            Threshold::Fixed(_) => false,
        })
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the experiment.
    pub experiment: Spanned<String>,
    /// Name for readers.
    pub label: Spanned<String>,
    /// The same experiment with other seeds.
    pub repeats: Vec<Spanned<String>>,
    /// The scores of another tool, of which the row is made instead of an experiment's.
    pub predictions: Option<Predictions>,
    /// How the faces of a video make its score, if not as the table says.
    pub video_score: Option<Spanned<VideoScore>>,
}

/// A file with the scores of another tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictions {
    /// CSV with a header, or Parquet.
    pub file: Spanned<DataPath>,
    /// Column of the video's key.
    pub video: Spanned<String>,
    /// Column of the score, 0 to 1.
    pub score: Spanned<String>,
    /// Column of the data set's name; without, the file is of one data set.
    pub dataset: Option<Spanned<String>>,
    /// Column of the frame's number; without, a row is a video.
    pub frame: Option<Spanned<String>>,
    /// The class that a high score means.
    pub high: Spanned<Label>,
    /// Smallest fraction of a split's videos that must have a score.
    pub min_coverage: Spanned<f64>,
}

impl Row {
    /// The experiment and its repeats.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.experiment).chain(&self.repeats);
        all.map(|experiment| experiment.value.as_str())
    }
}

/// What a scenario says of its data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// No row trains on them.
    Unseen,
    /// Rows may train on them.
    Seen,
    /// A row is shown on those that it does not train on.
    HeldOut,
}

/// A group of columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// Name for readers.
    pub name: Spanned<String>,
    /// What it promises, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<Spanned<Promise>>,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl Scenario {
    /// Whether it hides what a row gave on a data set that it trains on.
    pub fn holds_out(&self) -> bool {
        self.promise.is_some_and(|promise| promise.value == Promise::HeldOut)
    }
}

/// A column, or several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "column", rename_all = "kebab-case")]
pub enum Column {
    /// One data set.
    Dataset {
        /// Its name.
        dataset: Spanned<String>,
        /// Name for readers.
        label: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
    },
    /// Each manipulation of one data set, against all its reals.
    PerManipulation {
        /// The data set.
        dataset: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
        /// Whether each manipulation is shown, or only the averages.
        show: Spanned<bool>,
        /// Averages over manipulations, never over family means.
        averages: Vec<Average>,
    },
    /// Mean of the scenario's data-set columns.
    Average {
        /// Name for readers.
        label: Spanned<String>,
    },
    /// The videos of each value of an attribute, real and fake.
    PerValue {
        /// The data set.
        dataset: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
        /// The attribute.
        by: Spanned<String>,
        /// Name for readers of the mean over the values, if it is shown.
        average: Option<Spanned<String>>,
    },
    /// One data set, corrupted at several strengths.
    Corrupted {
        /// The data set.
        dataset: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
        /// What is done to its faces.
        kind: CorruptionKind,
        /// How strongly: a column each.
        strengths: Vec<Spanned<f64>>,
        /// Name for readers of the mean over the strengths, if it is shown.
        average: Option<Spanned<String>>,
    },
}

/// A mean over manipulations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Average {
    /// Name for readers.
    pub label: Spanned<String>,
    /// Only those of one family.
    pub family: Option<Spanned<Family>>,
}

/// A metric of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricSpec {
    /// Which one.
    pub metric: Spanned<Metric>,
    /// The number that it needs.
    pub parameter: Parameter,
    /// Whether faces or videos are scored.
    pub level: Spanned<Level>,
}

/// The number that a metric needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// It needs none.
    None,
    /// Score from which a sample is called fake.
    Threshold(Spanned<Threshold>),
    /// The false-positive rate allowed.
    Fpr(Spanned<f64>),
    /// Bins of equal width.
    Bins(Spanned<u32>),
}

impl Parameter {
    /// The threshold, if it is one.
    pub fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Threshold(threshold) => Some(threshold.value),
            Self::None | Self::Fpr(_) | Self::Bins(_) => None,
        }
    }
}

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// It is given.
    Fixed(f64),
    /// The one of the highest balanced accuracy on the validation split of each row's
    /// ensemble.
    Val,
}

/// How the faces of a video make its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoScore {
    /// Frame by frame.
    FrameMax(FrameMax),
    /// All of them together.
    #[serde(untagged)]
    Faces(Pooling),
}

impl Default for VideoScore {
    fn default() -> Self {
        Self::Faces(Pooling::default())
    }
}

/// The mean over frames, each the highest of its large faces (Shiohara and Yamasaki 2022).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrameMax {
    /// Smallest area of a face's box, as a share of the largest of its frame.
    pub area: f64,
    /// Score of a video without a usable face; without, such videos are left out.
    pub failed: Option<f64>,
}

/// How scores make one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Their mean (paper section 4.3).
    #[default]
    Mean,
    /// The highest.
    Max,
    /// The mean of the so many highest.
    Top(u32),
}

/// How intervals and paired tests are computed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// Draws of videos.
    pub draws: Spanned<u32>,
    /// Coverage, as a fraction.
    pub level: Spanned<f64>,
    /// Seed of the draws.
    pub seed: Spanned<u64>,
    /// Whether the table declares them.
    pub shown: bool,
}

/// A comparison of all rows with one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Experiment of the row.
    pub against: Spanned<String>,
    /// Which tests are corrected together.
    pub correct: Spanned<Correction>,
}

/// The tests that Holm's correction is over, always of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// Those of a column.
    Column,
    /// Those of a scenario.
    Scenario,
    /// All of the table.
    Table,
}

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A video's score, made of those of its faces.
    Video,
    /// Every face.
    Frame,
}

/// Published numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reference {
    /// Name for readers.
    pub name: Spanned<String>,
    /// CSV with columns `metric,row,scenario,column,value`.
    pub file: Spanned<DataPath>,
    /// Whether the values are percentages rather than fractions.
    pub percent: Spanned<bool>,
    /// Where they were published.
    pub cite: Option<Spanned<String>>,
}

/// A statement about the numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// The statement.
    pub text: Spanned<String>,
    /// Experiment of the row that should be better.
    pub row: Spanned<String>,
    /// Experiment of the row that should be worse.
    pub above: Spanned<String>,
    /// Label of the column.
    pub column: Spanned<String>,
    /// Name of the scenario.
    pub scenario: Spanned<String>,
    /// The metric.
    pub metric: Spanned<Metric>,
    /// By how much better, at least, as a fraction.
    pub by: Spanned<f64>,
}

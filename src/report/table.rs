//! A results table as data, independent of any format.

use serde::{Deserialize, Serialize};

use crate::evaluate::statistics::interval::Interval;
use crate::evaluate::statistics::seeds::Seeds;
use crate::lang::model::{Corruption, Family, Level, Metric, Split};

/// A results table.
///
/// Every row has one cell per column of all scenarios, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableData {
    /// Name; the report's file name.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// Whether any number comes from the synthetic demo. Every renderer says so, through
    /// [`TableData::caption`].
    pub demo: bool,
    /// Remarks that belong below the table.
    pub caption_notes: Vec<String>,
    /// Groups of columns, shared by all blocks.
    pub scenarios: Vec<ScenarioHead>,
    /// One block of rows per metric.
    pub metrics: Vec<MetricBlock>,
    /// Published numbers and how many of them were found a place.
    pub references: Vec<ReferenceSummary>,
    /// Verdicts on the table's claims.
    pub claims: Vec<ClaimResult>,
}

impl TableData {
    /// The caption: the title, and that it is a demo where it is one.
    pub fn caption(&self) -> String {
        if self.demo {
            format!("{} (synthetic demo: drawn faces, not real data)", self.title)
        } else {
            self.title.clone()
        }
    }

    /// All columns in order, each with its scenario.
    pub fn columns(&self) -> impl Iterator<Item = (&ScenarioHead, &ColumnHead)> {
        self.scenarios.iter().flat_map(|s| s.columns.iter().map(move |column| (s, column)))
    }

    /// Place of a column, by scenario and the column's label or key.
    pub fn column(&self, scenario: &str, column: &str) -> Option<usize> {
        let place = |matches: &dyn Fn(&ColumnHead) -> bool| {
            self.columns().position(|(s, head)| s.name == scenario && matches(head))
        };
        place(&|head| head.label == column).or_else(|| place(&|head| head.key == column))
    }
}

/// A group of columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioHead {
    /// Name for readers.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnHead>,
}

/// What a column shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnHead {
    /// Name for readers.
    pub label: String,
    /// Stable name: the data set, `dataset/manipulation`, or `average`.
    pub key: String,
    /// What its numbers are.
    #[serde(flatten)]
    pub kind: ColumnKind,
    /// How much of the data set was usable; averages have none.
    pub coverage: Option<Coverage>,
}

/// The kinds of columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ColumnKind {
    /// One data set.
    Dataset {
        /// Its name.
        dataset: String,
        /// Split scored.
        split: Split,
    },
    /// The fakes of one manipulation against all reals of its data set.
    Manipulation {
        /// The data set.
        dataset: String,
        /// Split scored.
        split: Split,
        /// The manipulation.
        manipulation: String,
        /// Its family, where known.
        family: Option<Family>,
    },
    /// The videos of one value of an attribute.
    Value {
        /// The data set.
        dataset: String,
        /// Split scored.
        split: Split,
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
    },
    /// One data set, its faces corrupted before they were scored.
    Corrupted {
        /// Its name.
        dataset: String,
        /// Split scored.
        split: Split,
        /// What was done.
        corruption: Corruption,
    },
    /// A mean over data sets, manipulations or strengths.
    Average {
        /// What is averaged: the keys of columns, shown or not.
        over: Vec<String>,
    },
}

/// How many videos of a data set gave a usable face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Videos scored.
    pub usable: u64,
    /// Videos declared.
    pub total: u64,
}

impl Coverage {
    /// Usable share, 0 to 1; of nothing, all of it.
    pub fn fraction(self) -> f64 {
        if self.total == 0 { 1.0 } else { self.usable as f64 / self.total as f64 }
    }
}

/// One metric of all rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricBlock {
    /// Which one.
    pub metric: Metric,
    /// Name for readers, e.g. `AUC`.
    pub label: String,
    /// Score from which a sample is called fake, where it is the same for all rows.
    pub threshold: Option<f64>,
    /// Whether each row's threshold was chosen on its validation splits.
    pub validated: bool,
    /// Whether faces or videos are scored.
    pub level: Level,
    /// Rows in order.
    pub rows: Vec<RowData>,
}

/// One row of one block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowData {
    /// The experiment.
    pub experiment: String,
    /// Name for readers.
    pub label: String,
    /// Score from which a sample is called fake, where the metric needs one; one per seed.
    pub thresholds: Vec<f64>,
    /// One cell per column.
    pub cells: Vec<Cell>,
}

/// One number, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cell {
    /// The value as a fraction.
    pub value: Option<f64>,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Whether there is none because the row trains on the data set, which its scenario holds out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub seen: bool,
    /// Reals scored; averages have none.
    pub n_real: Option<u64>,
    /// Fakes scored; averages have none.
    pub n_fake: Option<u64>,
    /// Whether it is the best or second best of its column.
    pub mark: Option<Mark>,
    /// The published value as a fraction.
    pub reference: Option<f64>,
    /// What the row's seeds gave, where it has several; the value is their mean.
    pub seeds: Option<Seeds>,
    /// The interval, where the table declares them.
    pub interval: Option<Interval>,
    /// p-value of the difference from the row that the table compares with.
    pub p: Option<f64>,
    /// The same with Holm's correction over all tests of the block.
    pub p_adjusted: Option<f64>,
    /// Whether that difference is significant.
    pub significant: bool,
}

/// Rank in a column, by exact values; ties share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The best value.
    Best,
    /// The second best value.
    Second,
}

/// A file of published numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceSummary {
    /// Name for readers.
    pub name: String,
    /// Numbers beside one of ours.
    pub matched: usize,
    /// Numbers without a place in the table, in words.
    pub unmatched: Vec<String>,
}

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimResult {
    /// The statement.
    pub text: String,
    /// Whether our numbers bear it out.
    pub verdict: Verdict,
    /// The numbers compared, or why there are none.
    pub detail: String,
    /// Whether the published numbers do, where both are published.
    pub published: Option<Verdict>,
}

/// Verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// A number is missing.
    Undecided,
}

impl Verdict {
    /// The word for readers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
        }
    }
}

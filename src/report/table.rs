//! A results table as data, independent of any format.

use serde::{Deserialize, Serialize};

use proofmark_evaluate::separability::{Numbers, Sampled};
use proofmark_evaluate::statistics::interval::{Interval, same};
use proofmark_evaluate::statistics::seeds::{Error, Seeds};
use proofmark_lang::model::{Corruption, Family, Level, Split};
use proofmark_metrics::Metric;

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
    /// What a face costs the network of each row that has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<RowCost>,
    /// How far the embeddings of classes lie apart on each data set, where the table declares it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub separability: Vec<SeparabilityBlock>,
    /// The models that are one of several variants each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<ShownVariant>,
}

/// The variant that is shown of an experiment that has several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownVariant {
    /// The row.
    pub row: String,
    /// The experiment: the row's, or it with one of the row's seeds.
    pub experiment: String,
    /// The variant, by name.
    pub variant: String,
    /// By what it was chosen: `lowest val.loss`.
    pub by: String,
    /// That quantity of the variant.
    pub value: f64,
    /// All variants, in the order of the declaration.
    pub variants: Vec<String>,
    /// That quantity of each.
    pub values: Vec<f64>,
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
}

/// What a face costs the network of a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowCost {
    /// The experiment.
    pub experiment: String,
    /// Name for readers.
    pub label: String,
    /// Side of its input in pixels.
    pub image: u64,
    /// Parameters, with those of the classifier.
    pub parameters: u64,
    /// Multiply-adds of one face's forward pass.
    pub multiply_adds: u64,
}

/// How far the embeddings of all rows lie apart on a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeparabilityBlock {
    /// The data set.
    pub dataset: String,
    /// Split embedded.
    pub split: Split,
    /// Name for readers.
    pub label: String,
    /// Which faces were measured; none if there is no row yet.
    pub sampled: Option<Sampled>,
    /// Rows in order.
    pub rows: Vec<SeparabilityRow>,
}

/// How far the embeddings of a row lie apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeparabilityRow {
    /// The experiment.
    pub experiment: String,
    /// Name for readers.
    pub label: String,
    /// The margin that tells easy triplets from semi-hard ones, if there is one.
    pub margin: Option<f64>,
    /// Whether embeddings were scaled to unit length.
    pub normalized: bool,
    /// What was measured; the mean over the row's seeds, where it has several.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// A group of columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioHead {
    /// Name for readers.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnHead>,
}

impl ColumnHead {
    /// Whether it is a mean of other columns or of their parts.
    pub fn is_average(&self) -> bool {
        match self.kind {
            ColumnKind::Average { .. } => true,
            ColumnKind::Dataset { .. }
            | ColumnKind::Manipulation { .. }
            | ColumnKind::Value { .. }
            | ColumnKind::Gap { .. }
            | ColumnKind::Corrupted { .. } => false,
        }
    }

    /// Whether it is the gap between groups, which is better the smaller it is.
    pub fn is_gap(&self) -> bool {
        match self.kind {
            ColumnKind::Gap { .. } => true,
            ColumnKind::Dataset { .. }
            | ColumnKind::Manipulation { .. }
            | ColumnKind::Value { .. }
            | ColumnKind::Average { .. }
            | ColumnKind::Corrupted { .. } => false,
        }
    }
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
    /// The largest less the smallest over values of an attribute.
    Gap {
        /// What it is over: the keys of columns.
        over: Vec<String>,
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
    /// Whether the table declares intervals.
    #[serde(skip)]
    pub resampled: bool,
    /// Why the number says little, where its videos are the reason.
    pub doubt: Option<Doubt>,
    /// The difference from the row that the table compares with.
    pub difference: Option<Difference>,
    /// p-value of that difference.
    pub p: Option<f64>,
    /// Why there is no p-value where there is a difference.
    pub untested: Option<Untested>,
    /// The p-value with Holm's correction over the family of tests that the table declares.
    pub p_adjusted: Option<f64>,
    /// Whether that difference is significant.
    pub significant: bool,
}

impl Cell {
    /// The standard deviation over the row's seeds, where it has several.
    pub fn deviation(&self) -> Option<f64> {
        self.seeds.as_ref()?.deviation
    }

    /// Whether it is the best value that the metric has.
    pub fn is_perfect(&self, metric: Metric) -> bool {
        let best = if metric.lower_is_better { 0.0 } else { 1.0 };
        self.value.is_some_and(|value| same(value, best))
    }

    /// Whether it has a number and, for reasons of its videos, no interval.
    pub fn no_interval(&self) -> bool {
        self.resampled && self.value.is_some() && self.interval.is_none()
    }
}

/// Why a number says little about other videos than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// There are fewer than two videos of a class.
    FewVideos,
    /// It is the same whichever of its videos are drawn.
    NoVariance,
}

impl Doubt {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::FewVideos => "few-videos",
            Self::NoVariance => "no-variance",
        }
    }
}

/// How a difference was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// DeLong's test of two areas under the curve.
    Delong,
    /// The paired bootstrap.
    Bootstrap,
    /// Welch's test over seeds, with the variance of the videos added.
    Seeds,
}

impl Test {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delong => "delong",
            Self::Bootstrap => "bootstrap",
            Self::Seeds => "seeds",
        }
    }
}

/// Why a difference was not tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untested {
    /// There are fewer than two videos of a class that both rows have.
    FewVideos,
    /// It is the same whichever of the videos are drawn.
    NoVariance,
    /// One row has several seeds and the other a single one, whose spread is not known.
    OneSeed,
}

impl Untested {
    /// The reason for readers.
    pub fn words(self) -> &'static str {
        match self {
            Self::FewVideos => "fewer than two videos of a class that both rows have",
            Self::NoVariance => "the same whichever of the videos are drawn",
            Self::OneSeed => "one row has several seeds, the other a single one",
        }
    }
}

/// The difference of two numbers of a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The first less the second, as a fraction, on the videos that both rows have.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// How it was tested.
    pub test: Option<Test>,
    /// How many videos both have, where one has more.
    pub videos: Option<Common>,
    /// How far it may be off; none where it was not tested, or no draw changes it.
    #[serde(skip)]
    pub error: Option<Error>,
    /// Videos that both have.
    #[serde(skip)]
    pub compared: u64,
}

/// Videos of two rows; of an average the sum over its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Common {
    /// Videos that both have.
    pub both: u64,
    /// Videos that one or both have.
    pub either: u64,
}

impl Common {
    /// The sum of two.
    pub fn and(self, other: Self) -> Self {
        Self { both: self.both + other.both, either: self.either + other.either }
    }
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
    /// The sentence that says so, where it is of one.
    pub sentence: Option<Quote>,
    /// What our numbers say of it.
    pub verdict: Verdict,
    /// The numbers compared, or why there are none.
    pub detail: String,
    /// The comparisons that it consists of, as far as both rows have a number.
    pub comparisons: Vec<Compared>,
    /// p-value of the verdict that is nearer, two-sided; none without a comparison.
    pub p: Option<f64>,
    /// The same with Holm's correction over all claims of the table.
    pub p_adjusted: Option<f64>,
    /// What the published numbers say of it, where all of them are published.
    pub published: Option<Published>,
}

/// A sentence of a paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// The section that it stands in.
    pub section: String,
    /// The sentence.
    pub text: String,
}

/// Two rows in a column, as a claim compares them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The row that the claim is about, by label.
    pub row: String,
    /// The row that it is compared with, by label.
    pub other: String,
    /// The scenario.
    pub scenario: String,
    /// The column, by label.
    pub column: String,
    /// The difference.
    #[serde(flatten)]
    pub difference: Difference,
    /// Why it was not tested.
    pub untested: Option<Untested>,
}

/// What published numbers say of a claim. They are numbers without scores: nothing is tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Whether they are as the claim says.
    pub verdict: Verdict,
    /// The numbers that are not as it says, and differences that it states, computed again.
    pub detail: Option<String>,
}

/// Verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// Its contrary holds.
    Contradicted,
    /// These data cannot tell, or a number is missing.
    CannotTell,
}

impl Verdict {
    /// The words for readers.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Contradicted => "contradicted",
            Self::CannotTell => "cannot tell",
        }
    }
}

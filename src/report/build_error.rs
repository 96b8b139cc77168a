//! Why a table cannot be built.

use thiserror::Error;

use super::table::Coverage;
use proofmark_lang::model::Split;
use proofmark_metrics::BadScore;

/// A data set of which too few videos were usable.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{} of {} videos ({:.1} %) of {dataset} are usable, its min-coverage is {:.1} %",
    coverage.usable, coverage.total, coverage.fraction() * 100.0, min * 100.0)]
pub struct LowCoverage {
    /// The data set.
    pub dataset: String,
    /// Its split.
    pub split: Split,
    /// What was usable.
    pub coverage: Coverage,
    /// Smallest fraction allowed.
    pub min: f64,
}

/// Why a table cannot be built.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BuildError {
    /// A column's data set is not declared.
    #[error("the table has a column for the data set \"{0}\", which is not declared")]
    Dataset(String),
    /// Columns under their minimum coverage, all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Coverage(Vec<LowCoverage>),
    /// A score that is not finite.
    #[error("scores of {experiment} on {dataset}: {source}")]
    Score {
        /// The experiment.
        experiment: String,
        /// The data set.
        dataset: String,
        /// Which score.
        source: BadScore,
    },
}

//! What a table is built from: scores, and what is known of the data sets and models behind them.

use std::collections::{BTreeMap, BTreeSet};

use super::table::Coverage;
use proofmark_base::provenance::Provenance;
use proofmark_evaluate::calibration::Fitted;
use proofmark_evaluate::outside::OutsideCoverage;
use proofmark_evaluate::samples::Samples;
use proofmark_lang::model::{Corruption, Level, Split};

/// What was scored: which model, on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreKey {
    /// The experiment.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
    /// What was done to the faces.
    pub corruption: Option<Corruption>,
}

impl ScoreKey {
    /// What sorts before every key of an experiment.
    pub(super) fn first_of(experiment: &str) -> Self {
        Self {
            experiment: experiment.to_owned(),
            dataset: String::new(),
            split: Split::Train,
            corruption: None,
        }
    }
}

/// The scores of one model on one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Every face on its own.
    pub frames: Samples,
    /// Every video with its score.
    pub videos: Samples,
}

impl Scored {
    /// The samples of a level.
    pub fn at(&self, level: Level) -> &Samples {
        match level {
            Level::Video => &self.videos,
            Level::Frame => &self.frames,
        }
    }
}

/// All that a table is built from.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Scores, or why there are none.
    pub scores: BTreeMap<ScoreKey, Result<Scored, String>>,
    /// Usable videos by data set and split.
    pub coverage: BTreeMap<(String, Split), Coverage>,
    /// Attributes of videos: by data set and name, the value of each video's key.
    pub attributes: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Digest of each data set's videos, labels and splits, where it is known.
    pub manifests: BTreeMap<String, String>,
    /// With what the model and the scores of each experiment were made, as far as it is known.
    pub makers: BTreeMap<String, BTreeSet<Provenance>>,
    /// For rows of another tool, how much of a data set it scored.
    pub outside: BTreeMap<ScoreKey, OutsideCoverage>,
    /// Calibrations, by experiment.
    pub calibrations: BTreeMap<String, Fitted>,
}

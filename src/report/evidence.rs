//! What a table is built from: scores, and what is known of the data sets and models behind them.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::Chosen;
use super::findings::ModelCost;
use super::table::Coverage;
use proofmark_base::provenance::Provenance;
use proofmark_evaluate::calibration::Fitted;
use proofmark_evaluate::outside::OutsideCoverage;
use proofmark_evaluate::samples::Samples;
use proofmark_evaluate::separability::Separability;
use proofmark_lang::model::{Corruption, Experiment, Level, Placed, Project, Split};
use proofmark_train::journal::record::EpochRecord;

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
    /// What a face costs each model.
    pub costs: Vec<ModelCost>,
    /// By experiment, data set and split, how far embeddings lie apart, as far as it is measured yet.
    pub separability: BTreeMap<(String, String, Split), Option<Separability>>,
    /// For rows of another tool, how much of a data set it scored.
    pub outside: BTreeMap<ScoreKey, OutsideCoverage>,
    /// Every epoch of the models that are trained, by experiment.
    pub epochs: BTreeMap<String, Vec<EpochRecord>>,
    /// Which variant is taken of those of an experiment, where that is decided.
    pub choices: BTreeMap<String, Chosen>,
    /// Calibrations, by experiment.
    pub calibrations: BTreeMap<String, Fitted>,
}

impl Evidence {
    /// The experiment whose model is scored under a name: one of its variants, if it has some.
    /// Before one is chosen, it is the experiment as it is declared.
    pub fn model<'p>(&self, project: &'p Project, name: &str) -> Option<&'p Placed<Experiment>> {
        let experiment = project.experiments.get(name)?;
        let variant = experiment.choice.as_ref().and_then(|choice| {
            let chosen = self.choices.get(name)?;
            project.experiments.get(chosen.variant_of(choice)?)
        });
        Some(variant.unwrap_or(experiment))
    }
}

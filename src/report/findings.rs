//! What the finished stages of a project found: all that tables and reports are made of.
//! With these and the scores no data, weights or models are needed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choice::Chosen;
use super::table::Coverage;
use proofmark_base::provenance::Provenance;
use proofmark_data::survey::SetTable;
use proofmark_evaluate::calibration::Fitted;
use proofmark_evaluate::outside::OutsideCoverage;
use proofmark_evaluate::separability::Separability;
use proofmark_lang::model::{Family, Split};
use proofmark_model::weights::LoadReport;
use proofmark_plan::scope::Target;
use proofmark_train::journal::record::EpochRecord;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Scores, also those that are not there yet.
    pub scores: Vec<ScoreFile>,
    /// Usable videos of each split that is scored.
    pub coverage: Vec<SetCoverage>,
    /// Models.
    pub runs: Vec<Run>,
    /// Data sets.
    pub datasets: Vec<SetDigests>,
    /// Attributes of the videos that tables tell apart by.
    pub attributes: Vec<SetAttribute>,
    /// Statistics of the data, as in the paper's Tables 1 and 2.
    pub statistics: Vec<SetTable>,
    /// Statistics of videos by label, as in the paper's Figure 3.
    pub figures: Vec<SetFigure>,
    /// What a face costs each model that is trained. Packs of before do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<ModelCost>,
    /// How far embeddings lie apart, where tables ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub separability: Vec<SetSeparability>,
    /// With what faces, models and scores were made, as far as that may decide their bits. Packs of
    /// before do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makers: Vec<Maker>,
    /// Calibrations, by experiment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calibrations: BTreeMap<String, Fitted>,
}

impl Findings {
    /// Takes all times out, which differ from run to run where nothing else does.
    pub fn forget_times(&mut self) {
        let epochs = self.runs.iter_mut().flat_map(|run| &mut run.epochs);
        epochs.for_each(|epoch| epoch.pace = None);
        self.scores.iter_mut().for_each(|scores| scores.took = None);
    }

    /// With what a result was made.
    pub fn maker(&self, key: &str) -> Option<&Provenance> {
        let of = |maker: &&Maker| maker.keys.iter().any(|made| made == key);
        self.makers.iter().find(of).map(|maker| &maker.with)
    }
}

/// With what some results were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Maker {
    /// Processor, build and programs.
    pub with: Provenance,
    /// Keys of the results.
    pub keys: Vec<String>,
}

/// The scores of an experiment, or of another tool, on a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreFile {
    /// The experiment, or the row of another tool.
    pub experiment: String,
    /// What was scored.
    pub target: Target,
    /// Key of the stage.
    pub key: String,
    /// The predictions; none if they are not there yet.
    pub file: Option<PathBuf>,
    /// For another tool, how much of the split it scored.
    pub outside: Option<OutsideCoverage>,
    /// How long it took; no pack has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Took>,
}

/// How long scores took, which differs from run to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Took {
    /// Wall-clock seconds of the whole stage.
    pub seconds: f64,
    /// Processor, build and device, if the record has them.
    pub with: Option<Provenance>,
}

/// What a face costs a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCost {
    /// The experiment.
    pub experiment: String,
    /// Side of its input in pixels.
    pub image: u64,
    /// Parameters, with those of the classifier.
    pub parameters: u64,
    /// Multiply-adds of one face's forward pass.
    pub multiply_adds: u64,
}

/// How far the embeddings of an experiment on a split lie apart, for a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetSeparability {
    /// The table.
    pub table: String,
    /// The experiment.
    pub experiment: String,
    /// What the embeddings are of.
    pub target: Target,
    /// Key of the stage.
    pub key: String,
    /// What was found; none if it is not there yet.
    pub found: Option<Separability>,
}

/// How many videos of a split have a usable face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetCoverage {
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
    /// Its videos.
    pub coverage: Coverage,
    /// Those without a usable face. Packs of before do not name them.
    #[serde(default)]
    pub failed: Vec<FailedVideo>,
}

/// A video without a usable face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedVideo {
    /// Its key.
    pub video: String,
    /// Whether it is fake.
    pub fake: bool,
    /// The manipulation of a fake, where known.
    pub method: Option<String>,
    /// Its family, where known.
    pub family: Option<Family>,
}

/// The training of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The experiment.
    pub experiment: String,
    /// Key of the model.
    pub key: String,
    /// What the key was computed from: everything that decides the model.
    pub inputs: Value,
    /// Seed of the recipe.
    pub seed: u64,
    /// Version of Proofmark that trained it; none if it is not trained yet.
    pub proofmark: Option<String>,
    /// What its weights file gave.
    pub load: Option<LoadReport>,
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
    /// Of an experiment whose model is one of several variants, which was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Chosen>,
}

/// The content of a data set, as digests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetDigests {
    /// Its name.
    pub dataset: String,
    /// Of its frames and the content of their files.
    pub pixels: String,
    /// Of its labels, manipulations, groups and splits.
    pub manifest: String,
    /// Key of its faces.
    pub faces: String,
}

/// An attribute of a data set's videos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetAttribute {
    /// The data set.
    pub dataset: String,
    /// The attribute.
    pub name: String,
    /// Its value for each video, by key.
    pub values: BTreeMap<String, String>,
}

/// A figure of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetFigure {
    /// The data set.
    pub dataset: String,
    /// The figure, as SVG.
    pub svg: String,
}

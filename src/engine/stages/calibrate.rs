//! Scores of validation splits to a calibration, and other scores by it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::scores::{FILE as SCORES, NATURE, videos};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::provenance::Provenance;
use proofmark_base::store::{contents, write_whole};
use proofmark_base::work::Failure;
use proofmark_evaluate::calibration::{Fitted, ScoredFace, fit};
use proofmark_evaluate::predictions::{Predictions, PredictionsError, read, write};
use proofmark_lang::model::{Calibration, Experiment, Placed, Project, Split};
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::Target;

/// The file of the stage's result.
const FILE: &str = "calibration.json";
/// Raised whenever the same scores give another calibration, or other calibrated scores, than before.
const VERSION: u32 = 1;

/// Plans the calibration of an experiment by the scores of its validation splits, and gives its key.
pub(super) fn calibration(
    planning: &mut Planning<'_>,
    experiment: &Arc<Placed<Experiment>>,
    method: Calibration,
    scores: Vec<(String, Target)>,
) -> String {
    let key = planning.add(Calibrate { experiment: Arc::clone(experiment), method, scores });
    planning.plan.calibrations.insert(experiment.name.clone(), key.clone());
    key
}

/// What a calibration stage left in its folder.
///
/// # Errors
/// A file that cannot be read.
pub fn fitted(folder: &Path) -> Result<Fitted, Failure> {
    let path = folder.join(FILE);
    let text = contents(&path)?;
    serde_json::from_slice(&text).map_err(|e| Failure::data(format!("{}: {e}", path.display())))
}

/// The scores of a stage, by its key.
fn scores_of(making: &Making<'_>, key: &str) -> Result<Predictions, Failure> {
    let folder = making.results.folder(StageKind::Predict, key)?;
    read(&folder.join(SCORES)).map_err(Failure::data)
}

/// A calibration that is fitted.
#[derive(Debug)]
struct Calibrate {
    experiment: Arc<Placed<Experiment>>,
    method: Calibration,
    /// Keys of the scores that it is fitted on, and of what they are.
    scores: Vec<(String, Target)>,
}

impl Work for Calibrate {
    fn nature(&self) -> Nature {
        Nature { kind: StageKind::Calibrate, until: Until::Evaluate, ..NATURE }
    }

    fn name(&self) -> String {
        self.experiment.name.clone()
    }

    fn inputs(&self, _project: &Project, _facts: &Facts) -> Inputs {
        let keys: BTreeSet<&str> = self.scores.iter().map(|(key, _)| key.as_str()).collect();
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .with("method", self.method)
            .finding("scores", Observed::Predictions, keys)
    }

    fn needs(&self) -> Vec<Need> {
        self.scores.iter().map(|(key, _)| (StageKind::Predict, key.clone())).collect()
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.calibrate, "this calibration")
    }

    fn cost(&self, _costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        Ok(Cost::default())
    }

    /// `calibration.json`.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let at = self.experiment.at.calibrate;
        // The language refuses it; nothing else may lead here either.
        if let Some((_, target)) = self.scores.iter().find(|(_, of)| of.split == Split::Test) {
            let text = format!("a calibration on the test split of {}", target.dataset);
            return Err(Failure::Internal(text));
        }
        let mut faces = Vec::new();
        for (key, _) in &self.scores {
            faces.extend(scores_of(making, key)?.rows().map(|row| ScoredFace::of(&row)));
        }
        let calibrator = fit(self.method, &faces);
        let calibrator = calibrator.map_err(|e| Failure::data(e).at(at, "this calibration"))?;
        let fakes = faces.iter().filter(|face| face.fake).count();
        let datasets: BTreeSet<&str> =
            self.scores.iter().map(|(_, of)| of.dataset.as_str()).collect();
        let fitted = Fitted {
            calibrator,
            datasets: datasets.into_iter().map(str::to_owned).collect(),
            reals: faces.len() - fakes,
            fakes,
        };
        let text =
            serde_json::to_vec_pretty(&fitted).map_err(|e| Failure::Internal(e.to_string()))?;
        write_whole(&making.folder.join(FILE), &text)?;
        Ok(Told::Line(format!("{}: {}", self.experiment.name, fitted.calibrator.words())))
    }
}

/// Scores of a model that are calibrated.
#[derive(Debug)]
pub(super) struct Calibrated {
    pub experiment: Arc<Placed<Experiment>>,
    pub target: Target,
    /// Key of the scores as the model gives them.
    pub scores: String,
    /// Key of the calibration.
    pub calibration: String,
}

impl Work for Calibrated {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        let Target { dataset, split, corruption } = &self.target;
        let mut name = format!("{} on {dataset}", self.experiment.name);
        if let Some(corruption) = corruption {
            name += &format!(", {corruption}");
        }
        if *split != Split::Test {
            name += &format!(" ({})", split.word());
        }
        name + ", calibrated"
    }

    fn inputs(&self, _project: &Project, _facts: &Facts) -> Inputs {
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("calibration", Observed::Calibration, &self.calibration)
            .finding("scores", Observed::Predictions, &self.scores)
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            (StageKind::Predict, self.scores.clone()),
            (StageKind::Calibrate, self.calibration.clone()),
        ]
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        making.devices.provenance(&self.experiment)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.calibrate, "this calibration")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        videos(costs.world, &self.target)
    }

    /// The scores of the same faces, calibrated.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let folder = making.results.folder(StageKind::Calibrate, &self.calibration)?;
        let Fitted { calibrator, .. } = fitted(&folder)?;
        let scores = scores_of(making, &self.scores)?;
        let rows = scores.rows().map(|row| calibrator.apply(&row));
        write(&making.folder.join(SCORES), rows, &scores.classes, &scores.metadata)
            .map_err(|e: PredictionsError| Failure::run(e))?;
        Ok(Told::Nothing)
    }
}

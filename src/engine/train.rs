//! The stage that trains an experiment.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use candle_core::Device;

use super::sample::TrainingSets;
use super::weights::{Declared, at};
use proofmark_base::work::{Events, Failure};
use proofmark_lang::model::{Ensemble, Experiment, Project, Weights};
use proofmark_model::architecture::Architecture;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::params::Params;
use proofmark_model::weights::{LoadReport, load};
use proofmark_plan::graph::{Digest, Facts, Stage};
use proofmark_plan::keys::canonical_loss;
use proofmark_train::batch::Inputs;
use proofmark_train::card::FaceCard;
use proofmark_train::checkpoint::ModelCard;
use proofmark_train::fit::{EpochLog, Fit};

/// Trains into `folder`: `model.safetensors`, `log.json` and, for weights from a file,
/// `load.json`.
#[expect(clippy::too_many_arguments, reason = "the stage's inputs, named at the one call")]
pub fn make(
    experiment: &Experiment,
    stage: &Stage,
    sets: &TrainingSets,
    cuts: Vec<FaceCard>,
    weights: Option<&Path>,
    folder: &Path,
    device: &Device,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<Vec<EpochLog>, Failure> {
    let config = Architecture::new(&experiment.backbone, sets.classes.len());
    let params = Params::zeros(config.parameters(), device)?;
    let loaded = first_weights(experiment, &config, &params, weights)?;
    if let Some(report) = &loaded {
        events.note(&report.summary());
        write_json(&folder.join("load.json"), report)?;
    }
    let (recipe, location) = (&experiment.recipe, device.location());
    let micro = recipe.micro.as_ref().map_or(recipe.batch.value, |micro| micro.value);
    tracing::info!(
        device = ?location,
        batch = recipe.batch.value,
        at_a_time = micro,
        faces = sets.train.len(),
        validation = sets.val.len(),
        "trains"
    );
    let normalize = &experiment.init.normalize;
    let mut experiment = experiment.clone();
    experiment.loss = canonical_loss(&experiment.loss);
    let card = ModelCard {
        experiment: experiment.name.value.clone(),
        key: stage.key.clone(),
        inputs: stage.inputs.values.clone(),
        epoch: 0,
        classes: sets.classes.clone(),
        network: config.clone(),
        mean: normalize.mean.value,
        std: normalize.std.value,
        resize: experiment.recipe.resize.value,
        faces: cuts,
        face_side: sets.sets.iter().map(|faces| faces.file.side()).max().unwrap_or(0),
    };
    let fit = Fit {
        experiment: &experiment,
        inputs: Inputs { sets: &sets.sets, pseudo: &sets.pseudo, image: config.image(), normalize },
        config,
        params: &params,
        train: &sets.train,
        val: &sets.val,
        card,
        folder,
        events,
        stop,
    };
    fit.run()
}

/// How the faces of an ensemble were found and cut.
pub fn cuts(project: &Project, ensemble: &Ensemble, facts: &Facts) -> Vec<FaceCard> {
    let sources = ensemble.sources.iter().filter_map(|s| project.datasets.get(&s.dataset.value));
    FaceCard::merged(sources.map(|dataset| {
        let digest = facts.detectors.get(&dataset.name.value);
        FaceCard::new(dataset, digest.and_then(Digest::known))
    }))
}

/// Random beginnings, then what the file has. The recipe's seed decides what the file
/// leaves open.
fn first_weights(
    experiment: &Experiment,
    config: &Architecture,
    params: &Params,
    weights: Option<&Path>,
) -> Result<Option<LoadReport>, Failure> {
    let recipe_seed = experiment.recipe.seed.value;
    match &experiment.init.weights {
        Weights::Random { std, seed } => {
            let scheme =
                std.as_ref().map_or(Scheme::Xavier, |std| Scheme::TruncatedNormal(std.value));
            // Two seeds, one number: distinct pairs must give distinct streams.
            let seed = recipe_seed ^ seed.value.rotate_left(32);
            randomize(params, scheme, seed, |_| true)?;
            Ok(None)
        }
        Weights::File { .. } => {
            let path = weights
                .ok_or_else(|| Failure::Internal("weights were not looked for".to_owned()))?;
            randomize(params, Scheme::Xavier, recipe_seed, |_| true)?;
            let declared = Declared::new(experiment, config.clone());
            let report = load(path, &declared.expected(), params).map_err(Failure::from);
            Ok(Some(report.map_err(|failure| failure.at(at(experiment), "this file"))?))
        }
    }
}

/// Writes a record beside a model.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(value).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(proofmark_base::store::write_whole(path, &text)?)
}

//! The stage that takes a model from a file as it is: nothing is trained.

use std::path::Path;

use candle_core::Device;

use super::train::write_json;
use super::weights::{Declared, at};
use proofmark_base::work::{Events, Failure};
use proofmark_lang::model::{Experiment, Head};
use proofmark_model::architecture::Architecture;
use proofmark_model::params::Params;
use proofmark_model::weights::load;
use proofmark_plan::graph::Stage;
use proofmark_train::checkpoint::{ModelCard, write};

/// Writes `model.safetensors` and `load.json` into `folder`.
///
/// # Errors
/// A file that lacks anything, or is of another network.
pub fn make(
    experiment: &Experiment,
    head: &Head,
    stage: &Stage,
    weights: &Path,
    folder: &Path,
    events: &dyn Events,
) -> Result<(), Failure> {
    let classes = head.classes();
    let network = Architecture::new(&experiment.backbone, classes.len());
    let params = Params::zeros(network.parameters(), &Device::Cpu)?;
    let declared = Declared::new(experiment, network.clone());
    let report = load(weights, &declared.expected(), &params).map_err(Failure::from);
    let report = report.map_err(|failure| failure.at(at(experiment), "this file"))?;
    events.note(&report.summary());
    write_json(&folder.join("load.json"), &report)?;
    let normalize = &experiment.init.normalize;
    let card = ModelCard {
        experiment: experiment.name.value.clone(),
        key: stage.key.clone(),
        inputs: stage.inputs.values.clone(),
        epoch: 0,
        classes,
        face_side: network.image() as u32,
        network,
        mean: normalize.mean.value,
        std: normalize.std.value,
        resize: head.resize.value,
        faces: Vec::new(),
    };
    write(&folder.join("model.safetensors"), &params.snapshot()?, &card)
}

//! A model that is ready in a file, taken as it is: nothing is trained.

use std::sync::Arc;

use super::models::{NATURE, init_inputs, memory, write_json};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Told, Work};
use crate::engine::kind::Need;
use crate::engine::weights::{Declared, at};
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Head, Placed, Project};
use proofmark_lang::span::Origin;
use proofmark_model::architecture::Architecture;
use proofmark_model::params::Params;
use proofmark_model::spec::ParamSpec;
use proofmark_model::weights::load;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_report::numbers::thousands;
use proofmark_train::checkpoint::{ModelCard, write};

/// Raised whenever the same file gives another model than before.
const VERSION: u32 = 1;

/// The model of an experiment whose weights are ready.
#[derive(Debug)]
pub(super) struct UseReady {
    pub experiment: Arc<Placed<Experiment>>,
    /// What its outputs say.
    pub head: Head,
}

impl Work for UseReady {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        self.experiment.name.clone()
    }

    /// Its file, and how that is read.
    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        let experiment = &*self.experiment;
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .with("backbone", &experiment.backbone)
            .nested("init", init_inputs(experiment, facts))
    }

    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.name, "this experiment")
    }

    fn cost(&self, _costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let network = Architecture::new(&self.experiment.backbone, self.head.classes().len());
        let parameters: usize = network.parameters().iter().map(ParamSpec::count).sum();
        let words = format!("{} parameters, ready in the file", thousands(parameters as u64));
        let mut cost = Cost::new(words, [("parameters", parameters)]);
        // What is read, and what is written.
        cost.memory = Some(memory(parameters, 2, 0, 0));
        Ok(cost)
    }

    /// `model.safetensors` and `load.json`. Fails on a file that lacks anything, or is of another
    /// network.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let Making { world, stage, folder, events, .. } = *making;
        let experiment = &*self.experiment;
        let weights = world.weights_of(experiment)?;
        let classes = self.head.classes();
        let network = Architecture::new(&experiment.backbone, classes.len());
        let params = Params::zeros(network.parameters())?;
        let declared = Declared::new(experiment, network.clone());
        let report = load(weights, &declared.expected(), &params).map_err(Failure::from);
        let report = report.map_err(|failure| failure.at(at(experiment), "this file"))?;
        events.note(&report.summary());
        write_json(&folder.join("load.json"), &report)?;
        let normalize = &experiment.init.normalize;
        let card = ModelCard {
            experiment: experiment.name.clone(),
            key: stage.key.clone(),
            inputs: stage.inputs.values.clone(),
            epoch: 0,
            classes,
            face_side: network.image() as u32,
            network,
            mean: normalize.mean,
            std: normalize.std,
            resize: self.head.resize,
            faces: Vec::new(),
        };
        write(&folder.join("model.safetensors"), &params.snapshot()?, &card)?;
        Ok(Told::Nothing)
    }
}

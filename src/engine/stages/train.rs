//! An experiment to a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::choose::ChooseModel;
use super::models::{NATURE, init_inputs, memory, write_json};
use super::ready::UseReady;
use super::room::advised;
use crate::engine::cost::{Cost, Costs};
use crate::engine::device::name;
use crate::engine::graph::{Making, Nature, Planning, Told, Work};
use crate::engine::kind::{Need, SetKeys, StageKind};
use crate::engine::training_sets;
use crate::engine::weights::{Declared, at};
use crate::engine::world::World;
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_group::cards::joined;
use proofmark_group::group::leads;
use proofmark_lang::model::{
    Attribution, Ensemble, Experiment, Loss, Placed, Precision, Project, Weights,
};
use proofmark_lang::span::{Origin, Spanned};
use proofmark_model::architecture::Architecture;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::params::Params;
use proofmark_model::spec::ParamSpec;
use proofmark_model::weights::{LoadReport, load};
use proofmark_plan::facts::{Digest, Facts};
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_report::numbers::thousands;
use proofmark_train::batch::Inputs as Batches;
use proofmark_train::card::FaceCard;
use proofmark_train::checkpoint::ModelCard;
use proofmark_train::fit::Fit;
use proofmark_train::input::channels;
use proofmark_train::step::leaves;

/// Raised whenever the same experiment gives another model than before: since 2 the arithmetic is the
/// same on every machine.
const VERSION: u32 = 2;
/// Of pseudo-fakes.
const BLEND_VERSION: u32 = 3;

/// Of batches in parts: since 1 every pass goes part by part, and gradients are added in a tree.
const LEAF_VERSION: u32 = 1;

/// Plans the model of every experiment.
pub fn plan(planning: &mut Planning<'_>) {
    for experiment in planning.experiments.clone() {
        let name = experiment.name.clone();
        let sample = planning.plan.samples.get(&experiment.data.name).cloned();
        if let Some(choice) = experiment.choice.clone() {
            // Its variants are planned before it.
            let models = &planning.plan.models;
            let model = |name: &String| models.iter().find(|(other, _)| other == name);
            let variants = choice.variants.iter().map(|name| Some(model(name)?.1.clone()));
            let Some(variants) = variants.collect() else { continue };
            let key = planning.add(ChooseModel { experiment, choice, variants });
            planning.plan.models.push((name, key));
            continue;
        }
        let key = match (experiment.ready(), sample) {
            (Some(head), _) => {
                let head = head.clone();
                planning.add(UseReady { experiment, head })
            }
            (None, Some(sample)) => {
                let sets = planning.plan.sets.of(&experiment.data);
                planning.add(TrainModel { experiment, sample, sets })
            }
            (None, None) => continue,
        };
        planning.plan.models.push((name, key));
    }
}

/// The model of an experiment.
#[derive(Debug)]
struct TrainModel {
    experiment: Arc<Placed<Experiment>>,
    /// Key of its sample.
    sample: String,
    /// Keys of what is made of its data sets.
    sets: SetKeys,
}

impl Work for TrainModel {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        self.experiment.name.clone()
    }

    /// Its sample, and all of its experiment that decides it.
    fn inputs(&self, project: &Project, facts: &Facts) -> Inputs {
        let (experiment, sample) = (&*self.experiment, &self.sample);
        let loss = canonical_loss(&experiment.loss);
        let init = init_inputs(experiment, facts);
        let attribution =
            experiment.attribution.map(|by| Spanned::new(by, experiment.at.attribution));
        let inputs = Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("sample", Observed::Sample, sample)
            .with("backbone", &experiment.backbone)
            .with("recipe", &experiment.recipe)
            .with("loss", &loss)
            .with("attribution", attribution)
            .nested("init", init);
        let pseudo: BTreeMap<_, _> = experiment
            .data
            .pseudo_fakes()
            .map(|(source, pseudo)| (source.dataset.as_str(), pseudo))
            .collect();
        let inputs = match parts(experiment) {
            0 | 1 => inputs,
            _ => inputs.finding("leaf-version", Observed::Version, LEAF_VERSION),
        };
        let inputs = match pseudo.is_empty() {
            true => inputs,
            false => inputs.with("pseudo-fakes", pseudo).finding(
                "blend-version",
                Observed::Version,
                BLEND_VERSION,
            ),
        };
        match experiment.attribution {
            Some(Attribution::Category) => inputs.with("families", families(project, experiment)),
            None | Some(Attribution::Dataset | Attribution::Manipulation) => inputs,
        }
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = self.sets.needs();
        needs.push((StageKind::Sample, self.sample.clone()));
        needs
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        making.devices.provenance(&self.experiment)
    }

    fn takes_ranks(&self) -> bool {
        true
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.name, "this experiment")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let (experiment, recipe) = (&*self.experiment, &self.experiment.recipe);
        let faces = costs.faces(experiment)?;
        let network = Architecture::new(&experiment.backbone, costs.classes(experiment)?);
        let parameters: usize = network.parameters().iter().map(ParamSpec::count).sum();
        let (batch, epochs) = (recipe.batch.size, recipe.epochs as usize);
        let together = recipe.batch.micro.map_or(batch, |micro| micro.min(batch));
        let mut cost = Cost::new(
            format!(
                "{} parameters, {epochs} epochs of batches of {batch} faces",
                thousands(parameters as u64)
            ),
            [("parameters", parameters), ("epochs", epochs), ("batch", batch)],
        );
        // Sums that wait for the other half of a tree.
        let sums = parts(experiment).next_power_of_two().ilog2() as usize;
        cost.memory = Some(memory(parameters, COPIES + sums, network.activations(), together));
        let images = 3 * network.image().pow(2);
        cost.memory_beside_gpu = Some(memory(parameters, COPIES, images, BATCHES * batch));
        cost.width = network.embedding_width();
        if let Some(faces) = faces {
            let steps = faces / batch * epochs;
            cost.words = format!(
                "{} parameters, {epochs} epochs, about {steps} steps of {batch} faces",
                thousands(parameters as u64)
            );
            cost.counts.extend([("faces", faces), ("steps", steps)]);
            // A backward pass costs about two forward passes.
            cost.operations = Some(3.0 * network.flops() * (steps * batch) as f64);
        }
        Ok(cost)
    }

    /// `model.safetensors`, `log.json` and, for weights from a file, `load.json`.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        self.train(making).map_err(|failure| advised(failure, &self.experiment))
    }
}

impl TrainModel {
    fn train(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let Making { project, world, results, stage, folder, group, events, stop, .. } = *making;
        let faces = results.marked(project, &self.experiment.data, &self.sets)?;
        let sample = results.folder(StageKind::Sample, &self.sample)?;
        let sets = training_sets::read(project, &self.experiment, world, &sample, faces)?;
        let device = &making.devices.of(&self.experiment)?;
        let config = Architecture::new(&self.experiment.backbone, sets.classes.len());
        if self.experiment.recipe.precision == Precision::Tf32 && device.gpu().is_none() {
            events.note("`precision tf32` is of GPUs: on the CPU products are in f32");
        }
        let params = config.params(device)?;
        let loaded = first_weights(&self.experiment, &config, &params, world)?;
        if let Some(report) = &loaded {
            events.note(&report.summary());
        }
        if let Some(report) = loaded.filter(|_| leads(group)) {
            write_json(&folder.join("load.json"), &report)?;
        }
        if group.size() > 1 {
            events.note(&format!("is trained by {} processes", group.size()));
        }
        let card = device.gpu().and_then(|gpu| gpu.number());
        let by_cards = joined(group, card)?;
        let group = by_cards.as_deref().unwrap_or(group);
        let recipe = &self.experiment.recipe;
        let micro = recipe.batch.micro.unwrap_or(recipe.batch.size);
        tracing::info!(
            device = %name(device),
            batch = recipe.batch.size,
            at_a_time = micro,
            faces = sets.train.len(),
            validation = sets.val.len(),
            "trains"
        );
        let normalize = &self.experiment.init.normalize;
        let mut experiment = Placed::clone(&self.experiment);
        experiment.loss = canonical_loss(&experiment.loss);
        let card = ModelCard {
            experiment: experiment.name.clone(),
            key: stage.key.clone(),
            inputs: stage.inputs.values.clone(),
            epoch: 0,
            classes: sets.classes.clone(),
            network: config.clone(),
            mean: normalize.mean,
            std: normalize.std,
            resize: experiment.recipe.resize,
            faces: cuts(project, &experiment.data, &world.facts),
            face_side: sets.sets.iter().map(|faces| faces.file.side()).max().unwrap_or(0),
        };
        let (image, pseudo) = (config.image(), &sets.pseudo);
        Fit {
            experiment: &experiment,
            inputs: Batches { sets: &sets.sets, pseudo, image, channels: channels(normalize) },
            config,
            params: &params,
            train: &sets.train,
            val: &sets.val,
            card,
            folder,
            events,
            stop,
            group,
        }
        .run()?;
        Ok(Told::Nothing)
    }
}

/// How often a training holds the parameters: themselves, their gradient, two moments, and the best
/// or their moving average.
const COPIES: usize = 5;

/// Batches that are in memory at a time: those that are ready, one that is made, and one that is trained on.
const BATCHES: usize = 4;

/// Parts in which a batch passes the network.
fn parts(experiment: &Experiment) -> usize {
    let batch = &experiment.recipe.batch;
    leaves(&Architecture::new(&experiment.backbone, 2), batch.size, batch.micro).count()
}

/// The terms in an order of their own: a sum does not depend on it, but rounding does.
fn canonical_loss(loss: &Placed<Loss>) -> Placed<Loss> {
    let mut loss = loss.clone();
    loss.terms.sort_by_key(|term| Inputs::of(term).values.to_string());
    loss
}

/// Family of each manipulation of the sources: it decides the classes.
fn families(project: &Project, experiment: &Experiment) -> Value {
    let mut families = BTreeMap::new();
    for source in &experiment.data.sources {
        let Some(dataset) = project.datasets.get(&source.dataset) else { continue };
        let of: BTreeMap<&str, Value> =
            dataset.manipulations.iter().map(|m| (m.name.as_str(), json!(m.family))).collect();
        families.insert(source.dataset.as_str(), of);
    }
    json!(families)
}

/// How the faces of an ensemble were found and cut.
fn cuts(project: &Project, ensemble: &Ensemble, facts: &Facts) -> Vec<FaceCard> {
    let sources = ensemble.sources.iter().filter_map(|s| project.datasets.get(&s.dataset));
    FaceCard::merged(sources.map(|dataset| {
        let digest = facts.detectors.get(&dataset.name);
        FaceCard::new(dataset, digest.and_then(Digest::known))
    }))
}

/// Random beginnings, then what the file has. The recipe's seed decides what the file
/// leaves open.
fn first_weights(
    experiment: &Experiment,
    config: &Architecture,
    params: &Params,
    world: &World,
) -> Result<Option<LoadReport>, Failure> {
    let recipe_seed = experiment.recipe.seed;
    match &experiment.init.weights {
        Weights::Random(random) => {
            let scheme = random.std.map_or(Scheme::Xavier, Scheme::TruncatedNormal);
            // Two seeds, one number: distinct pairs must give distinct streams.
            let seed = recipe_seed ^ random.seed.rotate_left(32);
            randomize(params, scheme, seed, |_| true)?;
            Ok(None)
        }
        Weights::File(_) => {
            let path = world.weights_of(experiment)?;
            randomize(params, Scheme::Xavier, recipe_seed, |_| true)?;
            let declared = Declared::new(experiment, config.clone());
            let report = load(path, &declared.expected(), params).map_err(Failure::from);
            Ok(Some(report.map_err(|failure| failure.at(at(experiment), "this file"))?))
        }
    }
}

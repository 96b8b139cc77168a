//! What stages share that pass the faces of a split through a model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::models::memory;
use super::scores::{TargetFaces, face, faces_of, no_number, videos};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Planning};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::work::Failure;
use proofmark_evaluate::face::Face;
use proofmark_lang::model::{Dataset, Experiment, Placed, Precision};
use proofmark_model::architecture::Architecture;
use proofmark_model::images::Images;
use proofmark_model::network::Network;
use proofmark_model::spec::ParamSpec;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::Target;
use proofmark_train::batch::{Form, Inputs as Batches, Sample};
use proofmark_train::checkpoint::{ModelCard, load_model};
use proofmark_train::fit::together;
use proofmark_train::loader::ahead_of_gpu;

/// A model and the faces of a split.
#[derive(Debug)]
pub(super) struct ModelPass {
    pub experiment: Arc<Placed<Experiment>>,
    /// Key of its model.
    model: String,
    dataset: Arc<Placed<Dataset>>,
    /// Key of the data set's faces.
    faces: String,
    pub target: Target,
}

/// What a pass gives for a face.
pub(super) struct Passed {
    pub face: Face,
    /// Area of its box in pixels of its frame, where a detector found it.
    pub area: Option<f32>,
    pub values: Vec<f32>,
}

impl ModelPass {
    /// The pass of a model, by its key, over a target whose data set is planned.
    pub fn of(
        planning: &Planning<'_>,
        experiment: &Arc<Placed<Experiment>>,
        model: &str,
        target: Target,
    ) -> Option<Self> {
        Some(Self {
            experiment: Arc::clone(experiment),
            model: model.to_owned(),
            dataset: planning.datasets.get(&target.dataset)?.clone(),
            faces: planning.plan.sets.faces.get(&target.dataset)?.clone(),
            target,
        })
    }

    /// What the result depends on, of a stage of this version.
    pub fn inputs(&self, version: u32, facts: &Facts) -> Inputs {
        Inputs::empty()
            .finding("version", Observed::Version, version)
            .finding("model", Observed::Model, &self.model)
            .finding("faces", Observed::Faces, &self.faces)
            .finding("manifest", Observed::Manifest, facts.manifest(&self.target.dataset))
            .with("split-rule", &self.dataset.split)
            .with("split", self.target.split)
    }

    /// The faces and the model.
    pub fn needs(&self) -> Vec<Need> {
        vec![(StageKind::Faces, self.faces.clone()), (StageKind::Train, self.model.clone())]
    }

    /// Its videos, and the memory of one batch.
    pub fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let mut cost = videos(costs.world, &self.target)?;
        let network = Architecture::new(&self.experiment.backbone, 2);
        let parameters = network.parameters().iter().map(ParamSpec::count).sum();
        // Without a backward pass the buffers of one block serve all.
        let images = together(network.image()) * 3 * network.image().pow(2);
        cost.memory = Some(memory(parameters, 2, images, 2));
        Ok(cost)
    }

    /// Passes every face of the target, in the order of the manifest. `begin` is given the model's card and
    /// what belongs into the footer of the result; `values` makes of inputs a row of numbers for each, which
    /// `push` takes. Numbers that are none end the pass.
    pub fn run<W>(
        &self,
        making: &Making<'_>,
        begin: impl FnOnce(&ModelCard, &BTreeMap<String, String>) -> Result<W, Failure>,
        values: impl Fn(&Network<'_>, Images<'_>) -> candle_core::Result<Vec<Vec<f32>>>,
        push: impl Fn(&mut W, Passed) -> Result<(), Failure>,
    ) -> Result<W, Failure> {
        let Making { world, results, events, stop, .. } = *making;
        let path = results.folder(StageKind::Train, &self.model)?.join("model.safetensors");
        let sets = [results.faces(&self.faces)?];
        let (params, card) = load_model(&path, |_| making.devices.of(&self.experiment))?;
        let network = Network::new(card.network.clone(), &params, Precision::F32);
        let (image, channels) = (card.network.image(), card.channels());
        let inputs = Batches { sets: &sets, pseudo: &[], image, channels };
        let scan = world.scan(&self.target.dataset)?;
        let TargetFaces { videos, faces: todo } = faces_of(&scan.manifest, &sets[0], &self.target)?;
        let metadata = BTreeMap::from([
            ("proofmark.model".to_owned(), card.key.clone()),
            ("proofmark.experiment".to_owned(), card.experiment.clone()),
        ]);
        let mut writer = begin(&card, &metadata)?;
        events.begin("faces", todo.len() as u64);
        let chunks: Vec<_> = todo.chunks(together(image)).collect();
        let form = Form::of(&params);
        let make = |chunk: usize| {
            let samples: Vec<Sample> = chunks[chunk].iter().map(|(_, sample)| *sample).collect();
            Ok(inputs.evaluation(&samples, card.resize, self.target.corruption, form)?)
        };
        ahead_of_gpu(form, chunks.len(), make, |next| {
            for chunk in &chunks {
                if stop.load(Ordering::Relaxed) {
                    return Err(Failure::Interrupted);
                }
                let images = next()?;
                for ((place, sample), values) in
                    chunk.iter().zip(values(&network, images.images())?)
                {
                    let (frame, number) = sets[0].file.place(sample.face);
                    let face = face(&videos[*place], frame, number);
                    if !values.iter().all(|value| value.is_finite()) {
                        return Err(no_number(&path, &face.to_string()));
                    }
                    let area = sets[0].file.area(sample.face);
                    push(&mut writer, Passed { face, area, values })?;
                }
                events.advance(chunk.len() as u64);
            }
            Ok(())
        })?;
        Ok(writer)
    }
}

//! A model and a split of a data set to embeddings: made where they are asked for, not for tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::models::memory;
use super::scores::{TargetFaces, faces_of, no_number, videos};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Told, Until, Work};
use crate::engine::kind::{Kind, Need};
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_evaluate::embeddings::{Embedding, EmbeddingsError, EmbeddingsWriter};
use proofmark_lang::model::{Dataset, Experiment, Label, Placed, Precision, Project};
use proofmark_lang::span::Origin;
use proofmark_model::architecture::Architecture;
use proofmark_model::network::Network;
use proofmark_model::params::ParamSpec;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::Target;
use proofmark_train::batch::{Inputs as Batches, Sample};
use proofmark_train::checkpoint::load_model;
use proofmark_train::fit::together;

/// The file of the stage's result.
pub const FILE: &str = "embeddings.parquet";
/// Raised whenever the same model gives other embeddings than before.
const VERSION: u32 = 1;

/// Plans the embeddings that are wanted.
pub fn plan(planning: &mut Planning<'_>) {
    let Some(wanted) = planning.embeddings.clone() else { return };
    let named = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|w| w == name);
    for experiment in planning.experiments.clone() {
        let name = &experiment.name;
        let mut models = planning.plan.models.iter();
        let Some((_, model)) = models.find(|(of, _)| of == name).cloned() else { continue };
        let scored = planning.plan.scores.iter().filter(|scores| scores.of == *name);
        let mut targets: BTreeSet<Target> =
            scored.map(|scores| Target { corruption: None, ..scores.target.clone() }).collect();
        if let Some(split) = wanted.split {
            let trained = experiment.data.sources.iter().map(|source| source.dataset.clone());
            let scored = targets.into_iter().map(|target| target.dataset);
            let all: BTreeSet<String> = scored.chain(trained).collect();
            targets = all
                .into_iter()
                .map(|dataset| Target { dataset, split, corruption: None })
                .collect();
        }
        for target in targets {
            let (Some(dataset), Some(faces)) = (
                planning.datasets.get(&target.dataset).cloned(),
                planning.plan.sets.faces.get(&target.dataset).cloned(),
            ) else {
                continue;
            };
            let is_empty = wanted.empty.contains(&(target.dataset.clone(), target.split));
            if !is_empty
                && named(&wanted.experiment, name)
                && named(&wanted.dataset, &target.dataset)
            {
                let (experiment, model) = (Arc::clone(&experiment), model.clone());
                let of = name.clone();
                let work = EmbedSplit { experiment, model, dataset, faces, target: target.clone() };
                let key = planning.add(work);
                planning.plan.embeddings.push((target, of, key));
            }
        }
    }
}

/// The embeddings of a model.
#[derive(Debug)]
struct EmbedSplit {
    experiment: Arc<Placed<Experiment>>,
    /// Key of its model.
    model: String,
    dataset: Arc<Placed<Dataset>>,
    /// Key of the data set's faces.
    faces: String,
    /// Whose faces, never corrupted.
    target: Target,
}

impl Work for EmbedSplit {
    fn nature(&self) -> Nature {
        Nature {
            kind: Kind::Embed,
            until: Until::Embed,
            goes_on: false,
            shares_cores: true,
            divides: false,
        }
    }

    fn name(&self) -> String {
        let Target { dataset, split, .. } = &self.target;
        format!("{} on {dataset} ({})", self.experiment.name, split.word())
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("model", Observed::Model, &self.model)
            .finding("faces", Observed::Faces, &self.faces)
            .finding("manifest", Observed::Manifest, facts.manifest(&self.target.dataset))
            .with("split-rule", &self.dataset.split)
            .with("split", self.target.split)
    }

    fn needs(&self) -> Vec<Need> {
        vec![(Kind::Faces, self.faces.clone()), (Kind::Train, self.model.clone())]
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        making.devices.provenance(&self.experiment)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.name, "this experiment")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let mut cost = videos(costs.world, &self.target)?;
        let network = Architecture::new(&self.experiment.backbone, 2);
        let parameters = network.parameters().iter().map(ParamSpec::count).sum();
        let images = together(network.image()) * 3 * network.image().pow(2);
        cost.memory = Some(memory(parameters, 2, images, 2));
        Ok(cost)
    }

    /// The embedding of every face of the target.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let Making { world, results, folder, events, stop, .. } = *making;
        let device = &making.devices.of(&self.experiment)?;
        let path = results.folder(Kind::Train, &self.model)?.join("model.safetensors");
        let sets = [results.faces(&self.faces)?];
        let (params, card) = load_model(&path, device)?;
        let network = Network::new(card.network.clone(), &params, Precision::F32);
        let inputs = Batches {
            sets: &sets,
            pseudo: &[],
            image: card.network.image(),
            channels: card.channels(),
        };
        let scan = world.scan(&self.target.dataset)?;
        let TargetFaces { videos, faces: todo } = faces_of(&scan.manifest, &sets[0], &self.target)?;
        let metadata = BTreeMap::from([
            ("proofmark.model".to_owned(), card.key.clone()),
            ("proofmark.experiment".to_owned(), card.experiment.clone()),
        ]);
        let failed = |e: EmbeddingsError| Failure::run(e);
        let mut writer = EmbeddingsWriter::create(&folder.join(FILE), &metadata).map_err(failed)?;
        events.begin("faces", todo.len() as u64);
        for chunk in todo.chunks(together(card.network.image())) {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let samples: Vec<Sample> = chunk.iter().map(|(_, sample)| *sample).collect();
            let images = inputs.evaluation(&samples, card.resize, None)?;
            let embeddings = network.embed(&images, None)?.to_vec2::<f32>()?;
            for ((place, sample), values) in chunk.iter().zip(embeddings) {
                let video = &videos[*place];
                let (frame, face) = sets[0].file.place(sample.face);
                if !values.iter().all(|value| value.is_finite()) {
                    let face = format!("face {face} in frame {frame} of {}", video.key);
                    return Err(no_number(&path, &face));
                }
                let fake = video.label == Label::Fake;
                writer
                    .push(Embedding {
                        dataset: video.dataset.clone(),
                        video: video.key.clone(),
                        frame,
                        face,
                        label: video.label,
                        method: video.method.clone().filter(|_| fake),
                        family: video.family.filter(|_| fake),
                        values,
                    })
                    .map_err(failed)?;
            }
            events.advance(chunk.len() as u64);
        }
        writer.finish().map_err(failed)?;
        Ok(Told::Nothing)
    }
}

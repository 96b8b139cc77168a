//! A model and a split of a data set to scores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::models::memory;
use super::outside;
use super::scores::{FILE, NATURE, TargetFaces, VERSION, faces_of, no_number, videos};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Scores, Told, Work};
use crate::engine::kind::{Kind, Need};
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_evaluate::predictions::{Prediction, PredictionsWriter};
use proofmark_lang::model::{Dataset, Experiment, Label, Placed, Precision, Project, Table};
use proofmark_lang::span::Origin;
use proofmark_model::architecture::Architecture;
use proofmark_model::network::Network;
use proofmark_model::params::ParamSpec;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::{Target, targets_of};
use proofmark_train::batch::{Inputs as Batches, Sample};
use proofmark_train::checkpoint::load_model;
use proofmark_train::fit::{fake_score, together};

/// Plans the scores of every row of every table.
pub fn plan(planning: &mut Planning<'_>) {
    let experiments: BTreeMap<String, Arc<Placed<Experiment>>> =
        planning.experiments.iter().map(|e| (e.name.clone(), Arc::clone(e))).collect();
    let models: BTreeMap<String, String> = planning.plan.models.iter().cloned().collect();
    let project = planning.project;
    for table in &project.tables {
        for row in &table.rows {
            if let Some(file) = &row.predictions {
                outside::plan(planning, table, &row.experiment, file);
                continue;
            }
            for name in row.experiments() {
                if let (Some(experiment), Some(model)) = (experiments.get(name), models.get(name)) {
                    of_model(planning, table, experiment, model);
                }
            }
        }
    }
}

/// Plans what an experiment is scored on for a table.
fn of_model(
    planning: &mut Planning<'_>,
    table: &Table,
    experiment: &Arc<Placed<Experiment>>,
    model: &str,
) {
    let reported = targets_of(table, experiment);
    let mut all: BTreeSet<Target> = reported.clone();
    if table.validates() {
        let validation = experiment.data.validation();
        let target = |(dataset, split)| Target { dataset, split, corruption: None };
        all.extend(validation.map(target));
    }
    for target in all {
        let (Some(dataset), Some(faces)) = (
            planning.datasets.get(&target.dataset).cloned(),
            planning.plan.sets.faces.get(&target.dataset).cloned(),
        ) else {
            continue;
        };
        let scores = ScoreSplit {
            experiment: Arc::clone(experiment),
            model: model.to_owned(),
            dataset,
            faces,
            is_reported: reported.contains(&target),
            target: target.clone(),
        };
        let key = planning.add(scores);
        let of = experiment.name.clone();
        planning.scores(Scores { of, outside: false, target, key });
    }
}

/// The scores of a model.
#[derive(Debug)]
struct ScoreSplit {
    experiment: Arc<Placed<Experiment>>,
    /// Key of its model.
    model: String,
    dataset: Arc<Placed<Dataset>>,
    /// Key of the data set's faces.
    faces: String,
    target: Target,
    /// Whether a column shows it; else it chooses a threshold.
    is_reported: bool,
}

impl Work for ScoreSplit {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        let Target { dataset, split, corruption } = &self.target;
        let mut name = format!("{} on {dataset}", self.experiment.name);
        if let Some(corruption) = corruption {
            name += &format!(", {corruption}");
        }
        if !self.is_reported {
            name += &format!(" ({})", split.word());
        }
        name
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        let inputs = Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("model", Observed::Model, &self.model)
            .finding("faces", Observed::Faces, &self.faces)
            .finding("manifest", Observed::Manifest, facts.manifest(&self.target.dataset))
            .with("split-rule", &self.dataset.split)
            .with("split", self.target.split);
        match self.target.corruption {
            Some(corruption) => inputs.with("corruption", corruption).finding(
                "corruption-version",
                Observed::Version,
                corruption.kind.version,
            ),
            None => inputs,
        }
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
        // Without a backward pass the buffers of one block serve all.
        let images = together(network.image()) * 3 * network.image().pow(2);
        cost.memory = Some(memory(parameters, 2, images, 2));
        Ok(cost)
    }

    /// A score for every face of the target.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let Making { world, results, folder, events, stop, .. } = *making;
        let device = &making.devices.of(&self.experiment)?;
        let model = results.folder(Kind::Train, &self.model)?;
        let (faces, target) = (results.faces(&self.faces)?, &self.target);
        let scan = world.scan(&target.dataset)?;
        let path = model.join("model.safetensors");
        let (params, card) = load_model(&path, device)?;
        let network = Network::new(card.network.clone(), &params, Precision::F32);
        let sets = [faces];
        let inputs = Batches {
            sets: &sets,
            pseudo: &[],
            image: card.network.image(),
            channels: card.channels(),
        };
        let TargetFaces { videos, faces: todo } = faces_of(&scan.manifest, &sets[0], target)?;
        let metadata = BTreeMap::from([
            ("proofmark.model".to_owned(), card.key.clone()),
            ("proofmark.experiment".to_owned(), card.experiment.clone()),
        ]);
        let failed = |e: proofmark_evaluate::predictions::PredictionsError| Failure::run(e);
        let mut writer = PredictionsWriter::create(&folder.join(FILE), &card.classes, &metadata)
            .map_err(failed)?;
        events.begin("faces", todo.len() as u64);
        for chunk in todo.chunks(together(card.network.image())) {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let samples: Vec<Sample> = chunk.iter().map(|(_, sample)| *sample).collect();
            let scores = network.probabilities(&inputs.evaluation(
                &samples,
                card.resize,
                target.corruption,
            )?)?;
            for ((video, sample), probabilities) in chunk.iter().zip(scores) {
                let video = &videos[*video];
                let (frame, face) = sets[0].file.place(sample.face);
                let fake = video.label == Label::Fake;
                if !fake_score(&probabilities).is_finite() {
                    let face = format!("face {face} in frame {frame} of {}", video.key);
                    return Err(no_number(&path, &face));
                }
                writer
                    .push(Prediction {
                        dataset: video.dataset.clone(),
                        video: video.key.clone(),
                        frame,
                        face,
                        label: video.label,
                        method: video.method.clone().filter(|_| fake),
                        family: video.family.filter(|_| fake),
                        area: sets[0].file.area(sample.face),
                        probabilities,
                        exact: None,
                    })
                    .map_err(failed)?;
            }
            events.advance(chunk.len() as u64);
        }
        writer.finish().map_err(failed)?;
        Ok(Told::Nothing)
    }
}

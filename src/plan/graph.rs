//! The stages that an experiment file asks for, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::inputs::Inputs;
use crate::lang::model::{
    Attribution, Column, Dataset, Ensemble, Experiment, Layout, Loss, Project, Row, Split, Table,
    Weights,
};

/// Raised whenever the same declaration gives other bytes than before.
const PREPARE_VERSION: u32 = 2;
const SAMPLE_VERSION: u32 = 1;
const TRAIN_VERSION: u32 = 1;
const PREDICT_VERSION: u32 = 1;

/// Kinds of stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Frames of a data set to faces.
    Faces,
    /// Faces of an ensemble to a training and a validation set.
    Sample,
    /// An experiment to a model.
    Train,
    /// A model and a split of a data set to scores.
    Predict,
}

impl Kind {
    /// The word that the store and the plan use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Sample => "sample",
            Self::Train => "train",
            Self::Predict => "predict",
        }
    }
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Kind.
    pub kind: Kind,
    /// What it is called, e.g. the experiment's name.
    pub name: String,
    /// Key of its result.
    pub key: String,
    /// What the key was computed from.
    pub inputs: Inputs,
    /// What it works on.
    pub work: Work,
}

/// What a stage works on, by name in the project.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A data set.
    Faces {
        /// Its name.
        dataset: String,
    },
    /// The ensemble of an experiment.
    Sample {
        /// The first experiment that uses it.
        experiment: String,
    },
    /// An experiment, on the sample of that key.
    Train {
        /// Its name.
        experiment: String,
        /// Key of its sample.
        sample: String,
    },
    /// A trained experiment on a data set.
    Predict {
        /// The experiment.
        experiment: String,
        /// Key of its model.
        model: String,
        /// The data set.
        dataset: String,
        /// The split.
        split: Split,
    },
}

/// What the plan has to know of the world: digests.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Of each data set.
    pub datasets: BTreeMap<String, DatasetDigests>,
    /// Of each weights file, by name of the `init`.
    pub weights: BTreeMap<String, String>,
    /// Of each weights file of a face detector, by name of the data set.
    pub detectors: BTreeMap<String, String>,
    /// Version of the demo's generator.
    pub demo_version: u32,
}

/// Digests of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetDigests {
    /// Of its frames and the content of their files.
    pub pixels: String,
    /// Of its labels, manipulations, groups and splits.
    pub manifest: String,
}

/// The plan of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Stages in the order in which they run.
    pub stages: Vec<Stage>,
}

impl Facts {
    fn manifest(&self, dataset: &str) -> Option<&str> {
        self.datasets.get(dataset).map(|d| d.manifest.as_str())
    }
}

impl Plan {
    /// The stage of this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.kind == kind && s.name == name)
    }
}

/// Experiments that the tables show; all of them if there is no table.
pub fn experiments(project: &Project) -> Vec<&Experiment> {
    let mut names = BTreeSet::new();
    let rows = project.tables.iter().flat_map(|t| &t.rows);
    let shown: Vec<&Experiment> = rows
        .flat_map(Row::experiments)
        .filter_map(|name| project.experiments.get(name))
        .filter(|e| names.insert(e.name.value.clone()))
        .collect();
    if project.tables.is_empty() { project.experiments.values().collect() } else { shown }
}

/// Data sets and splits that a table scores.
pub fn scored(table: &Table) -> BTreeSet<(String, Split)> {
    let columns = table.scenarios.iter().flat_map(|s| &s.columns);
    columns
        .filter_map(|column| match column {
            Column::Dataset { dataset, split, .. }
            | Column::PerManipulation { dataset, split, .. } => {
                Some((dataset.value.clone(), split.value))
            }
            Column::Average { .. } => None,
        })
        .collect()
}

/// Data sets that the planned stages need.
pub fn datasets(project: &Project) -> Vec<&Dataset> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for experiment in experiments(project) {
        names.extend(experiment.data.sources.iter().map(|s| s.dataset.value.as_str()));
    }
    let scored: Vec<_> = project.tables.iter().flat_map(scored).collect();
    names.extend(scored.iter().map(|(name, _)| name.as_str()));
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

/// The stages of a project whose data sets are in `facts`.
pub fn plan(project: &Project, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    let mut faces = BTreeMap::new();
    for dataset in datasets(project) {
        let inputs = faces_inputs(dataset, facts);
        let name = dataset.name.value.clone();
        faces.insert(name.clone(), inputs.key(Kind::Faces.word()));
        plan.add(Kind::Faces, name.clone(), inputs, Work::Faces { dataset: name });
    }
    let experiments = experiments(project);
    for experiment in &experiments {
        let inputs = sample_inputs(project, &experiment.data, &faces, facts);
        let name = experiment.data.name.value.clone();
        let work = Work::Sample { experiment: experiment.name.value.clone() };
        plan.add(Kind::Sample, name, inputs, work);
    }
    let mut models = BTreeMap::new();
    for experiment in &experiments {
        let name = experiment.name.value.clone();
        let sample =
            sample_inputs(project, &experiment.data, &faces, facts).key(Kind::Sample.word());
        let inputs = train_inputs(project, experiment, &sample, facts);
        models.insert(name.clone(), inputs.key(Kind::Train.word()));
        let work = Work::Train { experiment: name.clone(), sample };
        plan.add(Kind::Train, name, inputs, work);
    }
    for table in &project.tables {
        for name in table.rows.iter().flat_map(Row::experiments) {
            let Some(model) = models.get(name) else { continue };
            let reported = scored(table);
            let mut splits = reported.clone();
            if table.validates() {
                let experiment = project.experiments.get(name);
                splits.extend(experiment.into_iter().flat_map(|e| e.data.validation()));
            }
            for (dataset, split) in splits {
                let Some(declared) = project.datasets.get(&dataset) else { continue };
                let inputs = Inputs::empty()
                    .with("version", PREDICT_VERSION)
                    .with("model", model)
                    .with("faces", &faces[&dataset])
                    .with("manifest", facts.manifest(&dataset))
                    .with("split-rule", &declared.split)
                    .with("split", split);
                let experiment = name.to_owned();
                let name = if reported.contains(&(dataset.clone(), split)) {
                    format!("{experiment} on {dataset}")
                } else {
                    format!("{experiment} on {dataset} ({})", split.word())
                };
                let model = model.clone();
                let work = Work::Predict { experiment, model, dataset, split };
                plan.add(Kind::Predict, name, inputs, work);
            }
        }
    }
    plan
}

impl Plan {
    /// Adds a stage unless one with the same key is there.
    fn add(&mut self, kind: Kind, name: String, inputs: Inputs, work: Work) {
        let key = inputs.key(kind.word());
        if !self.stages.iter().any(|s| s.kind == kind && s.key == key) {
            self.stages.push(Stage { kind, name, key, inputs, work });
        }
    }
}

/// Key of a data set's faces.
pub fn faces_key(dataset: &Dataset, facts: &Facts) -> String {
    faces_inputs(dataset, facts).key(Kind::Faces.word())
}

/// Key of an ensemble's sample.
pub fn sample_key(project: &Project, ensemble: &Ensemble, facts: &Facts) -> String {
    let sources = ensemble.sources.iter().filter_map(|s| project.datasets.get(&s.dataset.value));
    let faces = sources.map(|d| (d.name.value.clone(), faces_key(d, facts))).collect();
    sample_inputs(project, ensemble, &faces, facts).key(Kind::Sample.word())
}

/// For files, their content; for the demo, what draws it.
fn faces_inputs(dataset: &Dataset, facts: &Facts) -> Inputs {
    let name = &dataset.name.value;
    let mut faces = Inputs::of(&dataset.faces);
    if dataset.faces.weights.is_some() {
        faces = faces.with("weights", json!({ "digest": facts.detectors.get(name) }));
    }
    let inputs = Inputs::empty()
        .with("version", PREPARE_VERSION)
        .with("pixels", facts.datasets.get(name).map(|d| &d.pixels))
        .with("frames", &dataset.frames)
        .nested("faces", faces);
    match &dataset.layout {
        Layout::Demo(layout) => {
            inputs.with("demo-version", facts.demo_version).with("layout", layout)
        }
        _ => inputs,
    }
}

fn sample_inputs(
    project: &Project,
    ensemble: &Ensemble,
    faces: &BTreeMap<String, String>,
    facts: &Facts,
) -> Inputs {
    let mut sources: Vec<_> = ensemble.sources.iter().collect();
    // The order in which sources are declared means nothing.
    sources.sort_by(|a, b| a.dataset.value.cmp(&b.dataset.value));
    let mut inputs =
        Inputs::empty().with("version", SAMPLE_VERSION).with("sample", &ensemble.sample);
    for source in sources {
        let name = &source.dataset.value;
        let entry = Inputs::empty()
            .with("faces", faces.get(name))
            .with("manifest", facts.manifest(name))
            .with("split-rule", project.datasets.get(name).map(|d| &d.split))
            .with("train", source.train)
            .with("val", source.val);
        inputs = inputs.nested(&format!("source {name}"), entry);
    }
    inputs
}

fn train_inputs(project: &Project, experiment: &Experiment, sample: &str, facts: &Facts) -> Inputs {
    let loss = canonical_loss(&experiment.loss);
    let mut init = Inputs::of(&experiment.init);
    if let Weights::File { .. } = &experiment.init.weights {
        let digest = facts.weights.get(&experiment.init.name.value);
        init = init.with("weights", json!({ "digest": digest }));
    }
    let inputs = Inputs::empty()
        .with("version", TRAIN_VERSION)
        .with("sample", sample)
        .with("backbone", &experiment.backbone)
        .with("recipe", &experiment.recipe)
        .with("loss", &loss)
        .with("attribution", experiment.attribution)
        .nested("init", init);
    match experiment.attribution.map(|a| a.value) {
        Some(Attribution::Category) => inputs.with("families", families(project, experiment)),
        _ => inputs,
    }
}

/// The terms in an order of their own: a sum does not depend on it, but rounding does.
pub fn canonical_loss(loss: &Loss) -> Loss {
    let mut loss = loss.clone();
    loss.terms.sort_by_key(|term| Inputs::of(term).values.to_string());
    loss
}

/// Family of each manipulation of the sources: it decides the classes.
fn families(project: &Project, experiment: &Experiment) -> Value {
    let mut families = BTreeMap::new();
    for source in &experiment.data.sources {
        let Some(dataset) = project.datasets.get(&source.dataset.value) else { continue };
        let of: BTreeMap<&str, Value> = dataset
            .manipulations
            .iter()
            .map(|m| (m.name.value.as_str(), json!(m.family.map(|f| f.value))))
            .collect();
        families.insert(source.dataset.value.as_str(), of);
    }
    json!(families)
}

//! The stages that an experiment file asks for, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inputs::{Found, Inputs};
use super::keys::{
    CORRUPTION_VERSION, PREDICT_VERSION, faces_inputs, landmark_inputs, ready_inputs,
    sample_inputs, train_inputs,
};
use proofmark_lang::model::{
    Column, Corruption, Dataset, Ensemble, Experiment, Predictions, Project, Row, Scenario, Split,
    Table,
};
use proofmark_lang::span::Spanned;

/// Kinds of stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Frames of a data set to faces.
    Faces,
    /// Faces of a data set to their points.
    Landmarks,
    /// Faces of an ensemble to a training and a validation set.
    Sample,
    /// An experiment to a model, or the file of one to what scores.
    Train,
    /// A model, or the file of another tool, and a split of a data set to scores.
    Predict,
}

impl Kind {
    /// The word that the store and the plan use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Landmarks => "landmarks",
            Self::Sample => "sample",
            Self::Train => "train",
            Self::Predict => "predict",
        }
    }
}

impl Kind {
    /// Whether it goes on from what an interrupted try left.
    pub fn goes_on(self) -> bool {
        match self {
            Self::Faces | Self::Train => true,
            Self::Landmarks | Self::Sample | Self::Predict => false,
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
    /// Places in the plan of the stages whose results it reads, all before its own.
    pub needs: Vec<usize>,
}

/// What a stage works on, by name in the project.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A data set.
    Faces {
        /// Its name.
        dataset: String,
    },
    /// The faces of a data set.
    Landmarks {
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
    /// An experiment whose model is ready in a file.
    Ready {
        /// Its name.
        experiment: String,
    },
    /// A model on a data set.
    Predict {
        /// The experiment.
        experiment: String,
        /// Key of its model.
        model: String,
        /// What it scores.
        target: Target,
    },
    /// The scores of another tool on a data set.
    Outside {
        /// The row that they are of.
        row: String,
        /// Their file.
        file: Box<Predictions>,
        /// What they are of.
        target: Target,
    },
}

/// What the plan has to know of the world: digests.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Of each data set.
    pub datasets: BTreeMap<String, DatasetDigests>,
    /// Of the weights file of each experiment that begins at one, by its name: an `override` may
    /// name another file than the `init` does for others.
    pub weights: BTreeMap<String, Digest>,
    /// How the weights of an experiment are read, by its name, where earlier versions read the
    /// same file in another way.
    pub read: BTreeMap<String, String>,
    /// Of each weights file of a face detector, by name of the data set.
    pub detectors: BTreeMap<String, Digest>,
    /// Of each file of another tool's scores.
    pub outside: BTreeMap<PathBuf, String>,
    /// Of each file with landmarks, by name of the data set.
    pub landmarks: BTreeMap<String, Digest>,
    /// Version of the demo's generator.
    pub demo_version: u32,
}

/// The digest of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Digest {
    /// Of a file that is here.
    Known(String),
    /// Of a file that is still to be downloaded. It is equal to no digest, and the key of a stage
    /// that has it is that of no result.
    ToCome {
        /// Where it is downloaded from.
        #[serde(rename = "to-be-downloaded")]
        from: String,
    },
}

impl Digest {
    /// The digest itself, if the file is here.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(digest) => Some(digest),
            Self::ToCome { .. } => None,
        }
    }
}

impl Digest {
    /// Where the file comes from whose digest is not known, of a digest as inputs have it.
    pub fn to_come(value: &Value) -> Option<&str> {
        value.get("to-be-downloaded")?.as_str()
    }
}

impl From<String> for Digest {
    fn from(digest: String) -> Self {
        Self::Known(digest)
    }
}

/// Digests of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetDigests {
    /// Of its frames and the content of their files.
    pub pixels: String,
    /// Whether frames are JPEG files, so that their decoder has a say.
    pub jpeg: bool,
    /// Of its labels, manipulations, groups and splits.
    pub manifest: String,
}

/// The plan of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Stages, each after those that it needs.
    pub stages: Vec<Stage>,
    /// Key of the prepared faces of each data set. Data sets that differ in name alone have one.
    pub faces: BTreeMap<String, String>,
    /// Key of the landmarks of each data set that needs them.
    pub landmarks: BTreeMap<String, String>,
    /// The scores that tables need. Several may come from one stage: experiments that differ
    /// in name alone are one model.
    pub scores: Vec<Scores>,
}

/// Scores and the stage that gives them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scores {
    /// The experiment, or the row of another tool.
    pub of: String,
    /// Whether another tool made them.
    pub outside: bool,
    /// What is scored.
    pub target: Target,
    /// Key of the stage.
    pub key: String,
}

impl Facts {
    pub(super) fn manifest(&self, dataset: &str) -> Option<&str> {
        self.datasets.get(dataset).map(|d| d.manifest.as_str())
    }
}

impl Plan {
    /// The stage of this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.kind == kind && s.name == name)
    }
}

/// Experiments that the tables show; without a table those of the file itself, or all of them if
/// it declares none.
pub fn experiments(project: &Project) -> Vec<&Experiment> {
    let mut names = BTreeSet::new();
    let rows = project.tables.iter().flat_map(|t| &t.rows);
    let shown: Vec<&Experiment> = rows
        .flat_map(Row::experiments)
        .filter_map(|name| project.experiments.get(name))
        .filter(|e| names.insert(e.name.value.clone()))
        .collect();
    if !project.tables.is_empty() {
        return shown;
    }
    let all = || project.experiments.values();
    let own: Vec<&Experiment> = all().filter(|e| e.name.origin.is_own()).collect();
    if own.is_empty() { all().collect() } else { own }
}

/// What is scored: a split of a data set, its faces as they are or corrupted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
    /// What is done to its faces before.
    pub corruption: Option<Corruption>,
}

/// What a table scores.
pub fn targets(table: &Table) -> BTreeSet<Target> {
    table.scenarios.iter().flat_map(targets_in).collect()
}

/// What a table scores of an experiment: not the data sets of a held-out scenario that it trains
/// on.
fn targets_of(table: &Table, experiment: &Experiment) -> BTreeSet<Target> {
    let shown = |scenario: &Scenario, target: &Target| {
        !(scenario.holds_out() && experiment.data.trains_on(&target.dataset))
    };
    let scenarios = table.scenarios.iter();
    scenarios.flat_map(|s| targets_in(s).into_iter().filter(move |t| shown(s, t))).collect()
}

fn targets_in(scenario: &Scenario) -> Vec<Target> {
    let target = |dataset: &Spanned<String>, split: &Spanned<Split>, corruption| Target {
        dataset: dataset.value.clone(),
        split: split.value,
        corruption,
    };
    let of_column = |column: &Column| match column {
        Column::Dataset { dataset, split, .. }
        | Column::PerManipulation { dataset, split, .. }
        | Column::PerValue { dataset, split, .. } => vec![target(dataset, split, None)],
        Column::Corrupted { dataset, split, kind, strengths, .. } => {
            let corruption = |at: &Spanned<f64>| Corruption { kind: *kind, at: at.value };
            let corruptions = strengths.iter().map(corruption);
            corruptions.map(|c| target(dataset, split, Some(c))).collect()
        }
        Column::Average { .. } => Vec::new(),
    };
    scenario.columns.iter().flat_map(of_column).collect()
}

/// Data sets and splits that a table scores.
pub fn scored(table: &Table) -> BTreeSet<(String, Split)> {
    targets(table).into_iter().map(|target| (target.dataset, target.split)).collect()
}

/// Whether a file declares data sets alone, which are then prepared.
pub fn only_datasets(project: &Project) -> bool {
    project.experiments.is_empty() && project.tables.is_empty()
}

/// Data sets that the planned stages need.
pub fn datasets(project: &Project) -> Vec<&Dataset> {
    if only_datasets(project) {
        return project.datasets.values().collect();
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for experiment in experiments(project) {
        names.extend(experiment.data.sources.iter().map(|s| s.dataset.value.as_str()));
    }
    let scored: Vec<_> = project.tables.iter().flat_map(scored).collect();
    names.extend(scored.iter().map(|(name, _)| name.as_str()));
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

/// Data sets whose faces a model sees: those that only other tools scored are not prepared.
fn seen(project: &Project) -> BTreeSet<String> {
    let sources = experiments(project).into_iter().flat_map(|e| &e.data.sources);
    let trained = sources.map(|source| source.dataset.value.clone());
    let ours = |table: &&Table| table.rows.iter().any(|row| row.predictions.is_none());
    let tested = project.tables.iter().filter(ours).flat_map(scored).map(|(dataset, _)| dataset);
    if only_datasets(project) {
        return project.datasets.keys().cloned().collect();
    }
    trained.chain(tested).collect()
}

/// Data sets of which pseudo-fakes are made: their faces need landmarks.
pub fn marked(project: &Project) -> Vec<&Dataset> {
    let pseudo = experiments(project).into_iter().flat_map(|e| e.data.pseudo_fakes());
    let names: BTreeSet<&str> = pseudo.map(|(source, _)| source.dataset.value.as_str()).collect();
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

/// The stages of a project whose data sets are in `facts`.
pub fn plan(project: &Project, facts: &Facts) -> Plan {
    let mut plan = Making::default();
    let seen = seen(project);
    for dataset in datasets(project) {
        let name = dataset.name.value.clone();
        if !seen.contains(&name) {
            continue;
        }
        let work = Work::Faces { dataset: name.clone() };
        let inputs = faces_inputs(dataset, facts);
        let key = plan.add(Kind::Faces, name.clone(), inputs, work, Vec::new());
        plan.plan.faces.insert(name, key);
    }
    let faces = plan.plan.faces.clone();
    for dataset in marked(project) {
        let name = dataset.name.value.clone();
        let inputs = landmark_inputs(&name, &faces[&name], facts);
        let work = Work::Landmarks { dataset: name.clone() };
        let needs = vec![(Kind::Faces, faces[&name].clone())];
        let key = plan.add(Kind::Landmarks, name.clone(), inputs, work, needs);
        plan.plan.landmarks.insert(name, key);
    }
    let experiments = experiments(project);
    for experiment in experiments.iter().filter(|experiment| experiment.ready().is_none()) {
        let inputs = sample_inputs(project, &experiment.data, &faces, facts);
        let name = experiment.data.name.value.clone();
        let work = Work::Sample { experiment: experiment.name.value.clone() };
        let needs = plan.faces_of(&experiment.data);
        plan.add(Kind::Sample, name, inputs, work, needs);
    }
    let mut models = BTreeMap::new();
    for experiment in &experiments {
        let name = experiment.name.value.clone();
        if experiment.ready().is_some() {
            let inputs = ready_inputs(experiment, facts);
            let work = Work::Ready { experiment: name.clone() };
            let key = plan.add(Kind::Train, name.clone(), inputs, work, Vec::new());
            models.insert(name, key);
            continue;
        }
        let sample =
            sample_inputs(project, &experiment.data, &faces, facts).key(Kind::Sample.word());
        let inputs = train_inputs(project, experiment, &sample, facts);
        let mut needs = plan.faces_of(&experiment.data);
        needs.push((Kind::Sample, sample.clone()));
        let work = Work::Train { experiment: name.clone(), sample };
        let key = plan.add(Kind::Train, name.clone(), inputs, work, needs);
        models.insert(name, key);
    }
    for table in &project.tables {
        for row in &table.rows {
            match &row.predictions {
                None => {
                    for name in row.experiments() {
                        plan.predict(project, table, name, &models, &faces, facts);
                    }
                }
                Some(file) => plan.outside(project, table, &row.experiment.value, file, facts),
            }
        }
    }
    plan.plan
}

/// A plan that is being made.
#[derive(Default)]
struct Making {
    plan: Plan,
    /// Places of its stages by kind and key.
    stages: BTreeMap<(Kind, String), usize>,
    /// Its scores.
    scores: BTreeSet<Scores>,
}

impl Making {
    /// Adds what an experiment is scored on for a table.
    fn predict(
        &mut self,
        project: &Project,
        table: &Table,
        experiment: &str,
        models: &BTreeMap<String, String>,
        faces: &BTreeMap<String, String>,
        facts: &Facts,
    ) {
        let Some(model) = models.get(experiment) else { return };
        let declared = &project.experiments[experiment];
        let reported = targets_of(table, declared);
        let mut all = reported.clone();
        if table.validates() {
            let validation = declared.data.validation();
            all.extend(validation.map(|(dataset, split)| Target {
                dataset,
                split,
                corruption: None,
            }));
        }
        for target in all {
            let Some(declared) = project.datasets.get(&target.dataset) else { continue };
            let mut inputs = Inputs::empty()
                .finding("version", Found::Version, PREDICT_VERSION)
                .finding("model", Found::Model, model)
                .finding("faces", Found::Faces, &faces[&target.dataset])
                .finding("manifest", Found::Manifest, facts.manifest(&target.dataset))
                .with("split-rule", &declared.split)
                .with("split", target.split);
            if let Some(corruption) = target.corruption {
                inputs = inputs.with("corruption", corruption).finding(
                    "corruption-version",
                    Found::Version,
                    CORRUPTION_VERSION,
                );
            }
            let mut name = format!("{experiment} on {}", target.dataset);
            if let Some(corruption) = target.corruption {
                name += &format!(", {corruption}");
            }
            if !reported.contains(&target) {
                name += &format!(" ({})", target.split.word());
            }
            let (experiment, model) = (experiment.to_owned(), model.clone());
            self.scores(&experiment, false, &target, &inputs);
            let faces = faces[&target.dataset].clone();
            let needs = vec![(Kind::Faces, faces), (Kind::Train, model.clone())];
            let work = Work::Predict { experiment, model, target };
            self.add(Kind::Predict, name, inputs, work, needs);
        }
    }

    /// Adds what a row takes from the file of another tool.
    fn outside(
        &mut self,
        project: &Project,
        table: &Table,
        row: &str,
        file: &Predictions,
        facts: &Facts,
    ) {
        for target in targets(table).into_iter().filter(|target| target.corruption.is_none()) {
            let Some(declared) = project.datasets.get(&target.dataset) else { continue };
            let path = file.file.value.base.join(&file.file.value.written);
            let digest = facts.outside.get(&path);
            let digest = Inputs::empty().finding("digest", Found::Scores, digest);
            let columns = Inputs::of(file).nested("file", digest);
            let inputs = Inputs::empty()
                .finding("version", Found::Version, PREDICT_VERSION)
                .finding("manifest", Found::Manifest, facts.manifest(&target.dataset))
                .with("split-rule", &declared.split)
                .with("dataset", &target.dataset)
                .with("split", target.split)
                .nested("outside", columns);
            let name = format!("{row} on {}", target.dataset);
            let (row, file) = (row.to_owned(), Box::new(file.clone()));
            self.scores(&row, true, &target, &inputs);
            let work = Work::Outside { row, file, target };
            self.add(Kind::Predict, name, inputs, work, Vec::new());
        }
    }

    /// Notes scores that a table needs.
    fn scores(&mut self, of: &str, outside: bool, target: &Target, inputs: &Inputs) {
        let (of, target) = (of.to_owned(), target.clone());
        let scores = Scores { of, outside, target, key: inputs.key(Kind::Predict.word()) };
        if self.scores.insert(scores.clone()) {
            self.plan.scores.push(scores);
        }
    }

    /// The faces of the data sets of an ensemble, and the landmarks of those of which pseudo-fakes
    /// are made.
    fn faces_of(&self, ensemble: &Ensemble) -> Vec<(Kind, String)> {
        let mut needs = Vec::new();
        for source in &ensemble.sources {
            let name = &source.dataset.value;
            needs.extend(self.plan.faces.get(name).map(|key| (Kind::Faces, key.clone())));
            let marks = self.plan.landmarks.get(name).filter(|_| source.pseudo_fake.is_some());
            needs.extend(marks.map(|key| (Kind::Landmarks, key.clone())));
        }
        needs
    }

    /// Adds a stage unless one with the same key is there, and gives the key. What it needs has
    /// been added before.
    fn add(
        &mut self,
        kind: Kind,
        name: String,
        inputs: Inputs,
        work: Work,
        needs: Vec<(Kind, String)>,
    ) -> String {
        let key = inputs.key(kind.word());
        if !self.stages.contains_key(&(kind, key.clone())) {
            let places = needs.iter().filter_map(|need| self.stages.get(need).copied());
            let needs: BTreeSet<usize> = places.collect();
            self.stages.insert((kind, key.clone()), self.plan.stages.len());
            let (key, needs) = (key.clone(), needs.into_iter().collect());
            self.plan.stages.push(Stage { kind, name, key, inputs, work, needs });
        }
        key
    }
}

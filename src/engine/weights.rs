//! Weights files against what is declared, before any work: only their headers are read.

use std::collections::{BTreeMap, BTreeSet};

use super::ensemble::class_names;
use super::world::{Missing, Sought, World};
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Project, Weights};
use proofmark_lang::span::Origin;
use proofmark_model::architecture::Architecture;
use proofmark_model::weights::{Expected, LoadReport, check};
use proofmark_plan::scope::experiments;
use proofmark_prepare::detect::Detector;

/// What an experiment's weights file is expected to hold. Owns what [`Expected`] points to.
pub(super) struct Declared {
    architecture: Architecture,
    missing: Vec<String>,
    key: Option<String>,
    head: Option<Vec<String>>,
    ready: bool,
}

impl Declared {
    /// By the declarations, for a network of so many classes.
    pub fn new(experiment: &Experiment, architecture: Architecture) -> Self {
        let init = &experiment.init;
        let key = match &init.weights {
            Weights::File(file) => file.key.clone(),
            Weights::Random(_) => None,
        };
        let outputs = init.head.as_ref().map(|head| &head.outputs);
        Self {
            architecture,
            missing: init.missing.clone(),
            key,
            head: outputs.cloned(),
            ready: experiment.ready().is_some(),
        }
    }

    /// What loading is told.
    pub fn expected(&self) -> Expected<'_> {
        Expected {
            architecture: &self.architecture,
            missing: &self.missing,
            key: self.key.as_deref(),
            head: self.head.as_deref(),
            whole: self.ready,
        }
    }
}

/// Adds to [`World::missing`] every file of weights that is here and is not what is declared, and
/// to the facts how files are read that earlier versions read otherwise.
///
/// # Errors
/// Classes that cannot be told from the data; a network that is larger than any.
pub fn look(project: &Project, world: &mut World) -> Result<(), Failure> {
    // What is wrong with a file is wrong for all that use it.
    let mut wrong: BTreeMap<String, Wrong> = BTreeMap::new();
    for experiment in experiments(project) {
        let name = &experiment.name;
        // Classes decide little of it.
        Architecture::new(&experiment.backbone, 2)
            .check()
            .map_err(|why| Failure::data(format!("experiment `{name}`: {why}")))
            .map_err(|failure| failure.at(experiment.backbone.at.name, "this network"))?;
        let Some(file) = world.weights.get(name) else { continue };
        let classes = match experiment.ready() {
            Some(head) => head.classes(),
            None => class_names(project, experiment, world)?,
        };
        let architecture = Architecture::new(&experiment.backbone, classes.len());
        let declared = Declared::new(experiment, architecture);
        match check(file, &declared.expected()) {
            Ok(report) => {
                tracing::info!(experiment = %name, file = %file.display(), "{}", report.summary());
                let read = otherwise(&report);
                world.facts.read.extend(read.map(|read| (name.clone(), read)));
            }
            Err(error) => {
                let wrong = wrong.entry(error.to_string()).or_default();
                wrong.experiments.push(name.clone());
                wrong.files.insert(at(experiment));
            }
        }
    }
    for (error, Wrong { experiments, files }) in wrong {
        let names: Vec<String> = experiments.iter().map(|name| format!("`{name}`")).collect();
        let why = Failure::data(format!("of experiment {}: {error}", names.join(", ")));
        let why = files.into_iter().fold(why, |why, at| why.at(at, "this file"));
        let of = experiments.into_iter().next().unwrap_or_default();
        world.missing.push(Missing { what: Sought::Weights, of, why });
    }
    for (dataset, file) in &world.detectors {
        if let Err(error) = Detector::check(file) {
            let why = Failure::data(format!("the face detector of `{dataset}`: {error}"));
            let declared = project.datasets.get(dataset);
            let at = declared.map_or(Origin::DEFAULT, |set| set.faces.at.weights);
            let why = why.at(at, "this file");
            world.missing.push(Missing { what: Sought::Weights, of: dataset.clone(), why });
        }
    }
    Ok(())
}

/// The experiments of which the same is wrong, and where their files are declared.
#[derive(Default)]
struct Wrong {
    experiments: Vec<String>,
    files: BTreeSet<Origin>,
}

/// Where the file is declared that an experiment begins with.
pub(super) fn at(experiment: &Experiment) -> Origin {
    match &experiment.init.weights {
        Weights::File(file) => file.at.path,
        Weights::Random(_) => Origin::DEFAULT,
    }
}

/// How a file is read, if not as before: an average rather than what it is an average of, the
/// last normalisation where the class token is pooled.
fn otherwise(report: &LoadReport) -> Option<String> {
    let average = (report.average && !report.others.is_empty()).then(|| report.prefix.clone());
    let norm = report.norm.then(|| "norm".to_owned());
    let parts: Vec<String> = average.into_iter().chain(norm).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

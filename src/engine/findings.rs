//! Gathers what the finished stages of a plan found, from the store and the world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::figure::figure;
use super::graph::Plan;
use super::kind::StageKind;
use super::stages::{calibrate, choose, outside, scores, separate};
use super::survey::survey_of;
use super::world::World;
use proofmark_base::provenance::Provenance;
use proofmark_base::store::{StageRecord, Store, contents};
use proofmark_base::work::Failure;
use proofmark_data::Video;
use proofmark_lang::model::{Column, Label, Project, Split};
use proofmark_model::weights::LoadReport;
use proofmark_plan::inputs::Inputs;
use proofmark_plan::scope::scored;
use proofmark_prepare::faces::Faces;
use proofmark_report::findings::{
    FailedVideo, Findings, Maker, ModelCost, Run, ScoreFile, SetAttribute, SetCoverage, SetDigests,
    SetFigure, SetSeparability, Took,
};
use proofmark_report::table::Coverage;
use proofmark_train::checkpoint::card;
use proofmark_train::journal::file::epochs;

/// What the tables of a project need. Scores that are not there yet are listed without a file.
///
/// # Errors
/// A result in the store that cannot be read.
pub fn gather(
    project: &Project,
    world: &World,
    plan: &Plan,
    store: &Store,
) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    // Those of the columns, and those that choose thresholds.
    let validated = plan.scores.iter().map(|s| (s.target.dataset.clone(), s.target.split));
    let splits: BTreeSet<(String, Split)> =
        project.tables.iter().flat_map(|table| scored(table)).chain(validated).collect();
    for (dataset, split) in splits {
        let key = plan.sets.faces.get(&dataset);
        if let Some(folder) = key.and_then(|key| store.find(StageKind::Faces.word(), key)) {
            let faces = Faces::open(&folder).map_err(Failure::data)?;
            findings.coverage.push(coverage(world, &faces, dataset, split));
        }
    }
    findings.attributes = attributes(project, world);
    for scores in &plan.scores {
        let folder = store.find(StageKind::Predict.word(), &scores.key);
        let outside = match &folder {
            Some(folder) if scores.outside => Some(outside::coverage(folder)?),
            _ => None,
        };
        let record = folder.as_deref().map(StageRecord::read).transpose()?.flatten();
        let took = record.map(|record| Took { seconds: record.seconds, with: record.made_with });
        findings.scores.push(ScoreFile {
            experiment: scores.of.clone(),
            target: scores.target.clone(),
            key: scores.key.clone(),
            file: folder.map(|folder| folder.join(scores::FILE)),
            outside,
            took,
        });
    }
    for separated in &plan.separated {
        let folder = store.find(StageKind::Separate.word(), &separated.key);
        findings.separability.push(SetSeparability {
            table: separated.table.clone(),
            experiment: separated.of.clone(),
            target: separated.target.clone(),
            key: separated.key.clone(),
            found: folder.map(|folder| separate::found(&folder)).transpose()?,
        });
    }
    // Several data sets, or experiments, may have one stage.
    for (dataset, key) in &plan.sets.faces {
        let digests = world.facts.datasets.get(dataset);
        findings.datasets.extend(digests.map(|digests| SetDigests {
            dataset: dataset.clone(),
            pixels: digests.pixels.clone(),
            manifest: digests.manifest.clone(),
            faces: key.clone(),
        }));
    }
    for (experiment, key) in &plan.calibrations {
        if let Some(folder) = store.find(StageKind::Calibrate.word(), key) {
            findings.calibrations.insert(experiment.clone(), calibrate::fitted(&folder)?);
        }
    }
    findings.makers = makers(plan, store)?;
    let models: BTreeMap<&str, &Inputs> = (plan.stages.iter())
        .filter(|stage| stage.nature().kind == StageKind::Train)
        .map(|stage| (stage.key.as_str(), &stage.inputs))
        .collect();
    for (experiment, key) in &plan.models {
        if let Some(inputs) = models.get(key.as_str()) {
            findings.runs.push(run(project, experiment, key, inputs, store)?);
            findings.costs.extend(cost(experiment, key, store)?);
        }
    }
    Ok(findings)
}

/// Adds what only reports show: statistics and figures of the data. `file` is what notes call
/// the experiment.
///
/// # Errors
/// As [`gather`]: a figure is left out where its data set is not prepared, and for no other reason.
pub fn describe(
    findings: &mut Findings,
    project: &Project,
    file: &Path,
    world: &mut World,
    store: &Store,
    events: &dyn proofmark_base::work::Events,
) -> Result<(), Failure> {
    // A path of this machine says nothing on others.
    let file = file.file_name().filter(|_| file.is_absolute()).map_or(file, Path::new);
    findings.statistics = survey_of(project, file, store, world, events)?.tables;
    let datasets: Vec<String> = findings.datasets.iter().map(|set| set.dataset.clone()).collect();
    for dataset in datasets {
        if let Some(figure) = figure(&project.datasets[&dataset], store, world, events)? {
            let svg = proofmark_report::figure::svg(&figure);
            findings.figures.push(SetFigure { dataset, svg });
        }
    }
    Ok(())
}

/// The attributes that tables tell apart by, each once.
fn attributes(project: &Project, world: &World) -> Vec<SetAttribute> {
    let columns = project.tables.iter().flat_map(|t| &t.scenarios).flat_map(|s| &s.columns);
    let named: BTreeSet<(&str, &str)> = columns
        .filter_map(|column| match column {
            Column::PerValue(of) => Some((of.dataset.as_str(), of.by.as_str())),
            Column::Dataset(_)
            | Column::PerManipulation(_)
            | Column::Average(_)
            | Column::Corrupted(_) => None,
        })
        .collect();
    let of = |(dataset, name): (&str, &str)| {
        let videos = world.scans.get(dataset)?.manifest.video_rows();
        let value = |video: Video| Some((video.key, video.attributes.get(name)?.clone()));
        let values = videos.into_iter().filter_map(value).collect();
        Some(SetAttribute { dataset: dataset.to_owned(), name: name.to_owned(), values })
    };
    named.into_iter().filter_map(of).collect()
}

fn run(
    project: &Project,
    experiment: &str,
    key: &str,
    inputs: &Inputs,
    store: &Store,
) -> Result<Run, Failure> {
    let mut run = Run {
        experiment: experiment.to_owned(),
        key: key.to_owned(),
        inputs: inputs.values.clone(),
        seed: project.experiments[experiment].recipe.seed,
        proofmark: None,
        load: None,
        epochs: Vec::new(),
        choice: None,
    };
    let Some(folder) = store.find(StageKind::Train.word(), key) else { return Ok(run) };
    if let Some(record) = StageRecord::read(&folder)? {
        run.proofmark = Some(record.proofmark);
    }
    let load = folder.join("load.json");
    if load.is_file() {
        let mut load: LoadReport = read(&load)?;
        // Where the file lies on this machine is nobody else's business.
        if let Some(name) = Path::new(&load.file).file_name() {
            load.file = name.to_string_lossy().into_owned();
        }
        run.load = Some(load);
    }
    let chosen = folder.join(choose::FILE);
    if project.experiments[experiment].choice.is_some() && chosen.is_file() {
        run.choice = Some(read(&chosen)?);
    }
    if project.experiments[experiment].ready().is_none() {
        run.epochs = epochs(&folder)?;
    }
    Ok(run)
}

/// What a face costs a model, if it is trained.
fn cost(experiment: &str, key: &str, store: &Store) -> Result<Option<ModelCost>, Failure> {
    let Some(folder) = store.find(StageKind::Train.word(), key) else { return Ok(None) };
    let file = folder.join("model.safetensors");
    if !file.is_file() {
        return Ok(None);
    }
    let network = card(&file)?.network;
    Ok(Some(ModelCost {
        experiment: experiment.to_owned(),
        image: network.image() as u64,
        parameters: network.scalars(),
        multiply_adds: network.multiply_adds(),
    }))
}

/// With what the finished stages were made, as far as their records say.
fn makers(plan: &Plan, store: &Store) -> Result<Vec<Maker>, Failure> {
    let mut makers: BTreeMap<Provenance, Vec<String>> = BTreeMap::new();
    for stage in &plan.stages {
        let Some(folder) = store.find(stage.word(), &stage.key) else { continue };
        let with = StageRecord::read(&folder)?.and_then(|record| record.made_with);
        if let Some(with) = with {
            // Equal results are to give equal packs, on whatever processor they were made.
            let with = if with.is_everywhere_the_same() { with.deciding() } else { with };
            makers.entry(with).or_default().push(stage.key.clone());
        }
    }
    Ok(makers.into_iter().map(|(with, keys)| Maker { with, keys }).collect())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = contents(path)?;
    serde_json::from_slice(&text).map_err(|e| Failure::data(format!("{}: {e}", path.display())))
}

/// Videos of a split with a usable face, of all of them, and the others.
fn coverage(world: &World, faces: &Faces, dataset: String, split: Split) -> SetCoverage {
    let scan = world.scans.get(&dataset);
    let videos = scan.map(|scan| scan.manifest.video_rows()).unwrap_or_default();
    let mut coverage = Coverage { usable: 0, total: 0 };
    let mut failed = Vec::new();
    for video in videos.into_iter().filter(|video| video.split == Some(split)) {
        coverage.total += 1;
        if faces.videos.get(&video.key).is_some_and(|v| v.faces > 0) {
            coverage.usable += 1;
            continue;
        }
        let fake = video.label == Label::Fake;
        failed.push(FailedVideo {
            video: video.key,
            fake,
            method: video.method.filter(|_| fake),
            family: video.family.filter(|_| fake),
        });
    }
    SetCoverage { dataset, split, coverage, failed }
}

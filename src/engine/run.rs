//! Carries a plan out: each stage is reused from the store or made into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;

use super::device::Devices;
use super::executor::{Executor, Local, Outcome, Task};
use super::faces::Made;
use super::sample::{self, Folders, MarkedFaces};
use super::world::World;
use super::{faces, landmarks, outside, predict, ready, stage, train};
use proofmark_base::store::{Claim, StageRecord, Store};
use proofmark_base::work::{Events, Failure};
use proofmark_data::survey::SetTable;
use proofmark_lang::model::{Ensemble, Experiment, Project};
use proofmark_model::architecture::Architecture;
use proofmark_plan::graph::{Kind, Plan, Stage, Work, experiments};
use proofmark_plan::inputs::Change;
use proofmark_prepare::faces::Faces;
use proofmark_prepare::outcomes::Outcomes;
use proofmark_prepare::store::{Part, remove_journals};

/// Parameters up to which a model leaves most of a core's time to others.
const SMALL_MODEL: usize = 10_000_000;

/// How many models to train at a time: one per core if all are small, else one.
pub fn default_jobs(project: &Project) -> usize {
    let parameters = |e: &&Experiment| -> usize {
        let specs = Architecture::new(&e.backbone, 2).parameters();
        specs.iter().map(|s| s.shape.iter().product::<usize>()).sum()
    };
    let largest = experiments(project).iter().map(parameters).max().unwrap_or(0);
    if largest <= SMALL_MODEL { rayon::current_num_threads() } else { 1 }
}

/// Whether a stage is to be run, and why.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Its result is in the store.
    Reuse,
    /// No stage of that name has run in this store.
    New,
    /// Its inputs differ from those of the last result of that name.
    Changed(Vec<Change>),
    /// Its inputs are those of the last result, which has been removed.
    Gone,
    /// An interrupted run left a state to go on from.
    Resume,
}

/// Whether each stage of a plan would run, and why.
pub fn reasons(plan: &Plan, store: &Store) -> Vec<Reason> {
    plan.stages.iter().map(|stage| reason(stage, store)).collect()
}

fn reason(stage: &Stage, store: &Store) -> Reason {
    let word = stage.kind.word();
    if store.find(word, &stage.key).is_some() {
        return Reason::Reuse;
    }
    if store.has_state(word, &stage.key) {
        return Reason::Resume;
    }
    match store.last(word, &stage.name) {
        None => Reason::New,
        Some(before) => {
            let changes = stage.inputs.changes(&before);
            if changes.is_empty() { Reason::Gone } else { Reason::Changed(changes) }
        }
    }
}

/// Up to which stage a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Until {
    /// Faces only.
    Prepare,
    /// What models train on.
    Sample,
    /// Models.
    Train,
    /// Scores.
    Evaluate,
}

impl Until {
    /// Whether stages of a kind are a part of it.
    pub fn includes(self, kind: Kind) -> bool {
        match kind {
            Kind::Faces | Kind::Landmarks => true,
            Kind::Sample => self >= Self::Sample,
            Kind::Train => self >= Self::Train,
            Kind::Predict => self >= Self::Evaluate,
        }
    }
}

/// Hears which stage runs.
pub trait Observer: Sync {
    /// Progress of the stage that begins now.
    fn begin(&self, stage: &Stage, number: usize, of: usize) -> Box<dyn Events>;
    /// The stage is in the store; `seconds` is none if it was there before.
    fn end(&self, stage: &Stage, seconds: Option<f64>);
    /// What an ensemble's sampling took, in the form of the paper's Table 1.
    fn sampled(&self, stage: &Stage, counts: &SetTable);
    /// The stage has failed, or was stopped.
    fn failed(&self, stage: &Stage, failure: &Failure);
    /// What became of a data set's videos.
    fn prepared(&self, stage: &Stage, summary: &str);
}

/// What became of a plan that was carried out, as far as it failed.
#[derive(Debug, Default)]
pub struct Ended {
    /// The stages that failed and why, in the plan's order.
    pub failed: Vec<(String, Failure)>,
    /// The stages that were not run, each with the failed stage that it needs.
    pub not_run: Vec<(String, String)>,
    /// How many stages were stopped, or not begun because all was stopped.
    pub stopped: usize,
}

impl Ended {
    /// Nothing, or the first failure.
    ///
    /// # Errors
    /// The first failure.
    pub fn whole(self) -> Result<(), Failure> {
        self.failed.into_iter().next().map_or(Ok(()), |(_, failure)| Err(failure))
    }
}

/// A plan being carried out.
pub struct Run<'a> {
    /// The declarations.
    pub project: &'a Project,
    /// Data and weights.
    pub world: &'a World,
    /// The plan.
    pub plan: &'a Plan,
    /// Where results are kept.
    pub store: &'a Store,
    /// What to compute on.
    pub devices: &'a Devices,
    /// Hears of progress.
    pub observer: &'a dyn Observer,
    /// Models trained and scored at a time.
    pub jobs: usize,
    /// Whether the first failure stops everything.
    pub fail_fast: bool,
    /// The share of the videos that are prepared.
    pub part: Part,
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

impl Run<'_> {
    /// Makes every stage that is not in the store and whose needs are met, `jobs` of those at a time
    /// that leave cores to others. A stage that fails ends those that need it.
    ///
    /// # Errors
    /// A stop without a failure, and threads that the system does not give.
    pub fn until(&self, until: Until) -> Result<Ended, Failure> {
        let included = |(_, stage): &(usize, &Stage)| until.includes(stage.kind);
        let stages: Vec<(usize, &Stage)> =
            self.plan.stages.iter().enumerate().filter(included).collect();
        let places: BTreeMap<usize, usize> =
            stages.iter().enumerate().map(|(i, (place, _))| (*place, i)).collect();
        let task = |(_, stage): &(usize, &Stage)| {
            // Whatever a stage needs is of an earlier kind, and so included.
            let needs = stage.needs.iter().filter_map(|need| places.get(need).copied());
            Task { needs: needs.collect(), shares: shares(stage) }
        };
        let tasks: Vec<Task> = stages.iter().map(task).collect();
        // Those that are in the store need no share of the cores.
        let is_open = |stage: &Stage| self.store.find(stage.kind.word(), &stage.key).is_none();
        let open = stages.iter().filter(|(_, stage)| shares(stage) && is_open(stage)).count();
        let jobs = self.jobs.min(open.max(1));
        let local = Local { jobs, fail_fast: self.fail_fast, stop: self.stop };
        let outcomes = local.carry_out(&tasks, &|i| {
            let make = || self.finish(stages[i].1, i + 1, stages.len());
            let made = stage::within(self.project, stages[i].1, make);
            if let Err(failure) = &made {
                self.observer.failed(stages[i].1, failure);
            }
            made
        })?;
        let name = |i: usize| format!("{} {}", stages[i].1.kind.word(), stages[i].1.name);
        let mut ended = Ended::default();
        for (i, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Done => {}
                Outcome::Failed(failure) => ended.failed.push((name(i), failure)),
                Outcome::NotRun { because } => ended.not_run.push((name(i), name(because))),
                Outcome::Stopped => ended.stopped += 1,
            }
        }
        match ended.failed.is_empty() && ended.stopped > 0 {
            true => Err(Failure::Interrupted),
            false => Ok(ended),
        }
    }

    fn finish(&self, stage: &Stage, number: usize, of: usize) -> Result<(), Failure> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        if self.part.is_share() && !self.share(stage, number, of)? {
            return Ok(());
        }
        self.stage(stage, number, of)?;
        Ok(self.store.remember(stage.kind.word(), &stage.name, &stage.inputs.values)?)
    }

    /// Makes a share of the faces. Returns whether with that all of them are there.
    fn share(&self, stage: &Stage, number: usize, of: usize) -> Result<bool, Failure> {
        let dataset = match &stage.work {
            Work::Faces { dataset } => dataset,
            // Those of faces that others still prepare are found when all are there.
            Work::Landmarks { dataset } => return Ok(self.face_folders().contains_key(dataset)),
            Work::Sample { .. }
            | Work::Train { .. }
            | Work::Ready { .. }
            | Work::Predict { .. }
            | Work::Outside { .. } => return Ok(true),
        };
        let (word, share) = (stage.kind.word(), self.part);
        let draft = match self.store.claim_share(word, &stage.key, &share.stem())? {
            Claim::Done(_) => return Ok(true),
            Claim::Make(draft) => draft,
            Claim::Busy => {
                return Err(Failure::run(format!(
                    "another process is preparing share {share} or all of `{dataset}`; let it end, \
                     or take another share"
                )));
            }
        };
        let events = self.observer.begin(stage, number, of);
        draft.notes.iter().for_each(|note| events.note(note));
        match self.faces(dataset, share, &draft.folder, events.as_ref())? {
            Made::Whole(_) => Ok(true),
            Made::Left(videos) => {
                let text = format!("share {share} is done; {videos} videos are left to others");
                self.observer.prepared(stage, &text);
                Ok(false)
            }
        }
    }

    fn faces(
        &self,
        dataset: &str,
        part: Part,
        folder: &std::path::Path,
        events: &dyn Events,
    ) -> Result<Made, Failure> {
        let (declared, scan) = (&self.project.datasets[dataset], self.scan(dataset)?);
        let weights = self.world.detectors.get(dataset).map(PathBuf::as_path);
        faces::make(declared, scan, weights, part, folder, events, self.stop)
    }

    fn stage(&self, stage: &Stage, number: usize, of: usize) -> Result<(), Failure> {
        let word = stage.kind.word();
        let claim = match self.store.claim(word, &stage.key, false)? {
            Claim::Busy => {
                let events = self.observer.begin(stage, number, of);
                events.note("another process is making this; waiting for it");
                self.store.claim(word, &stage.key, true)?
            }
            claim => claim,
        };
        let draft = match claim {
            Claim::Done(_) => {
                self.observer.end(stage, None);
                return Ok(());
            }
            Claim::Make(draft) => draft,
            Claim::Busy => {
                return Err(Failure::Internal("the store is busy after waiting".to_owned()));
            }
        };
        if !stage.kind.goes_on() {
            draft.clear()?;
        }
        let begun = Instant::now();
        let events = self.observer.begin(stage, number, of);
        draft.notes.iter().for_each(|note| events.note(note));
        self.make(stage, &draft.folder, events.as_ref())?;
        let record = StageRecord {
            stage: word.to_owned(),
            name: stage.name.clone(),
            key: stage.key.clone(),
            inputs: stage.inputs.values.clone(),
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: draft.seconds(),
            ..StageRecord::default()
        };
        let folder = draft.commit(&record)?;
        if stage.kind == Kind::Faces {
            remove_journals(&folder)?;
        }
        drop(events);
        self.observer.end(stage, Some(begun.elapsed().as_secs_f64()));
        Ok(())
    }

    fn make(
        &self,
        stage: &Stage,
        folder: &std::path::Path,
        events: &dyn Events,
    ) -> Result<(), Failure> {
        match &stage.work {
            Work::Faces { dataset } => {
                let videos = match self.faces(dataset, Part::WHOLE, folder, events)? {
                    Made::Whole(videos) => videos,
                    Made::Left(n) => {
                        return Err(Failure::Internal(format!("{n} videos were left out")));
                    }
                };
                self.observer.prepared(stage, &Outcomes::of(&videos).to_string());
            }
            Work::Landmarks { dataset } => {
                let folders = self.face_folders();
                let faces = folders.get(dataset).map(|folder| Faces::open(folder));
                let lost = || Failure::Internal(format!("`{dataset}` was not prepared"));
                let faces = faces.ok_or_else(lost)?.map_err(Failure::data)?;
                let declared = &self.project.datasets[dataset];
                let frames = self.scan(dataset)?.manifest.frame_rows();
                let given = self.world.landmarks.get(dataset);
                let given = given.map(|file| (file.as_path(), frames.as_slice()));
                let text = landmarks::make(declared, &faces, given, folder, events, self.stop)?;
                self.observer.prepared(stage, &text);
            }
            Work::Sample { experiment } => {
                let ensemble = &self.experiment(experiment)?.data;
                let faces = self.marked_faces(ensemble)?;
                let counts = sample::make(self.project, ensemble, self.world, &faces, folder)?;
                self.observer.sampled(stage, &counts);
            }
            Work::Train { experiment, sample } => {
                let experiment = self.experiment(experiment)?;
                let faces = self.marked_faces(&experiment.data)?;
                let sample = self.result(Kind::Sample, sample)?;
                let sets = sample::read(self.project, experiment, self.world, &sample, faces)?;
                let weights = self.world.weights.get(&experiment.name.value);
                let weights = weights.map(PathBuf::as_path);
                let device = self.devices.of(experiment)?;
                let cuts = train::cuts(self.project, &experiment.data, &self.world.facts);
                train::make(
                    experiment, stage, &sets, cuts, weights, folder, device, events, self.stop,
                )?;
            }
            Work::Ready { experiment } => {
                let experiment = self.experiment(experiment)?;
                let lost = || Failure::Internal("weights were not looked for".to_owned());
                let weights = self.world.weights.get(&experiment.name.value);
                let (weights, head) = weights.zip(experiment.ready()).ok_or_else(lost)?;
                ready::make(experiment, head, stage, weights, folder, events)?;
            }
            Work::Predict { experiment, model, target } => {
                let device = self.devices.of(self.experiment(experiment)?)?;
                let model = self.result(Kind::Train, model)?;
                let faces = self.face_folders();
                let dataset = &target.dataset;
                let faces = faces
                    .get(dataset)
                    .ok_or_else(|| Failure::Internal(format!("`{dataset}` was not prepared")))?;
                let faces = Faces::open(faces).map_err(Failure::data)?;
                let scan = self.scan(dataset)?;
                predict::make(&model, scan, faces, target, folder, device, events, self.stop)?;
            }
            Work::Outside { row, file, target } => {
                outside::make(row, file, self.scan(&target.dataset)?, target, folder)?;
            }
        }
        Ok(())
    }

    fn marked_faces(&self, ensemble: &Ensemble) -> Result<BTreeMap<String, MarkedFaces>, Failure> {
        marked_faces(self.project, self.plan, self.store, ensemble)
    }

    fn experiment(&self, name: &str) -> Result<&Experiment, Failure> {
        let experiment = self.project.experiments.get(name);
        experiment.ok_or_else(|| Failure::Internal(format!("no experiment `{name}`")))
    }

    fn scan(&self, dataset: &str) -> Result<&proofmark_data::Scan, Failure> {
        let scan = self.world.scans.get(dataset);
        scan.ok_or_else(|| Failure::Internal(format!("`{dataset}` was not looked at")))
    }

    fn result(&self, kind: Kind, key: &str) -> Result<PathBuf, Failure> {
        self.store
            .find(kind.word(), key)
            .ok_or_else(|| Failure::Internal(format!("{} {key} is not in the store", kind.word())))
    }

    /// Where the prepared faces of each data set lie.
    fn face_folders(&self) -> Folders {
        face_folders(self.plan, self.store)
    }
}

/// Where the prepared faces of each data set of a plan lie, as far as they are made.
pub fn face_folders(plan: &Plan, store: &Store) -> Folders {
    result_folders(Kind::Faces, &plan.faces, store)
}

/// The faces of an ensemble, with the landmarks that its pseudo-fakes need.
pub fn marked_faces(
    project: &Project,
    plan: &Plan,
    store: &Store,
    ensemble: &Ensemble,
) -> Result<BTreeMap<String, MarkedFaces>, Failure> {
    let marks = result_folders(Kind::Landmarks, &plan.landmarks, store);
    sample::open_faces(project, ensemble, &face_folders(plan, store), &marks)
}

/// Where the results of a kind lie, by data set.
fn result_folders(kind: Kind, keys: &BTreeMap<String, String>, store: &Store) -> Folders {
    let folder =
        |(dataset, key): (&String, &String)| Some((dataset.clone(), store.find(kind.word(), key)?));
    keys.iter().filter_map(folder).collect()
}

/// Whether a stage leaves cores to others. Faces, landmarks and samples are made by as many workers
/// as there are cores.
fn shares(stage: &Stage) -> bool {
    match stage.kind {
        Kind::Train | Kind::Predict => true,
        Kind::Faces | Kind::Landmarks | Kind::Sample => false,
    }
}

/// Names of the stages that are not in the store.
pub fn unfinished(plan: &Plan, store: &Store) -> BTreeSet<String> {
    let missing = plan.stages.iter().filter(|s| store.find(s.kind.word(), &s.key).is_none());
    missing.map(|s| format!("{} {}", s.kind.word(), s.name)).collect()
}

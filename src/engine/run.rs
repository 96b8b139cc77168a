//! Carries a plan out: each stage is reused from the store or made into it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::cost::Costs;
use super::device::Devices;
use super::executor::{Executor, Local, Outcome, Task};
use super::graph::{Making, Plan, Stage, Told, Until};
use super::memory;
use super::ranks::lead::Lead;
use super::results::Results;
use super::watched::watched;
use super::world::World;
use proofmark_base::store::{Claim, Draft, StageRecord, Store, StoreFailure};
use proofmark_base::work::{Events, Failure, Silent};
use proofmark_group::alone::Alone;
use proofmark_lang::model::{Experiment, Placed, Project};
use proofmark_model::architecture::Architecture;
use proofmark_model::spec::ParamSpec;
use proofmark_plan::scope::experiments;
use proofmark_prepare::store::Share;

/// Parameters up to which a model leaves most of a core's time to others.
const SMALL_MODEL: usize = 10_000_000;

/// How many models to train at a time: one per core if all are small, else one.
pub fn default_jobs(project: &Project) -> usize {
    let parameters = |e: &&Placed<Experiment>| -> usize {
        Architecture::new(&e.backbone, 2).parameters().iter().map(ParamSpec::count).sum()
    };
    let largest = experiments(project).iter().map(parameters).max().unwrap_or(0);
    if largest <= SMALL_MODEL { rayon::current_num_threads() } else { 1 }
}

/// Hears which stage runs.
pub trait Observer: Sync {
    /// Progress of the stage that begins now.
    fn begin(&self, stage: &Stage, number: usize, of: usize) -> Box<dyn Events>;
    /// The stage is in the store; `seconds` is none if it was there before.
    fn end(&self, stage: &Stage, seconds: Option<f64>);
    /// The stage has failed, or was stopped.
    fn failed(&self, stage: &Stage, failure: &Failure);
    /// What the stage tells of its result.
    fn told(&self, stage: &Stage, told: &Told);
}

impl Observer for Silent {
    fn begin(&self, _stage: &Stage, _number: usize, _of: usize) -> Box<dyn Events> {
        Box::new(Self)
    }
    fn end(&self, _stage: &Stage, _seconds: Option<f64>) {}
    fn failed(&self, _stage: &Stage, _failure: &Failure) {}
    fn told(&self, _stage: &Stage, _told: &Told) {}
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
    pub part: Share,
    /// The other processes that train, if there are any.
    pub lead: Option<&'a Lead<'a>>,
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

impl Run<'_> {
    /// Makes every stage that is not in the store and whose needs are met, `jobs` of those at a time
    /// that leave cores to others, as far as memory allows. A stage that fails ends those that need
    /// it.
    ///
    /// # Errors
    /// A stop without a failure, and threads that the system does not give.
    pub fn until(&self, until: Until) -> Result<Ended, Failure> {
        self.places(&self.plan.part(until))
    }

    /// The same of the stages at these places of the plan.
    ///
    /// # Errors
    /// As [`Run::until`].
    pub fn places(&self, places: &[usize]) -> Result<Ended, Failure> {
        let part = places.iter().copied();
        let stages: Vec<(usize, &Stage)> =
            part.map(|place| (place, &self.plan.stages[place])).collect();
        let tasks = self.tasks(&stages)?;
        // Those that are in the store need no share of the cores.
        let open = |stage: &Stage| stage.nature().shares_cores && !self.is_made(stage);
        let open = stages.iter().filter(|(_, stage)| open(stage)).count();
        let jobs = self.jobs.min(open.max(1));
        let memory = memory::available();
        let local = Local { jobs, memory, fail_fast: self.fail_fast, stop: self.stop };
        let outcomes = local.carry_out(&tasks, &|i| {
            let make = || self.finish(stages[i].1, i + 1, stages.len());
            let made = watched(stages[i].1, make);
            if let Err(failure) = &made {
                self.observer.failed(stages[i].1, failure);
            }
            made
        })?;
        let name = |i: usize| stages[i].1.title();
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

    /// The stages as the executor sees them.
    fn tasks(&self, stages: &[(usize, &Stage)]) -> Result<Vec<Task>, Failure> {
        let places: BTreeMap<usize, usize> =
            stages.iter().enumerate().map(|(i, (place, _))| (*place, i)).collect();
        let mut costs = Costs::new(self.project, self.world);
        let task = |(_, stage): &(usize, &Stage)| {
            // Whatever a stage needs is in the same part.
            let needs = stage.needs.iter().filter_map(|need| places.get(need).copied()).collect();
            let memory = match self.is_made(stage) {
                true => None,
                false => {
                    let cost = stage.work.cost(&mut costs)?;
                    let beside = cost.memory_beside_gpu.filter(|_| self.devices.are_gpus());
                    beside.or(cost.memory)
                }
            };
            let shares = stage.nature().shares_cores;
            Ok(Task { needs, shares, memory: memory.unwrap_or_default() })
        };
        stages.iter().map(task).collect()
    }

    fn is_made(&self, stage: &Stage) -> bool {
        self.store.find(stage.word(), &stage.key).is_some()
    }

    fn finish(&self, stage: &Stage, number: usize, of: usize) -> Result<(), Failure> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        if self.part.is_share() && !self.share(stage, number, of)? {
            return Ok(());
        }
        self.stage(stage, number, of)?;
        Ok(self.store.remember(stage.word(), &stage.name, &stage.inputs.values)?)
    }

    /// Makes a share of a stage that divides. Returns whether the stage can be made as a whole.
    fn share(&self, stage: &Stage, number: usize, of: usize) -> Result<bool, Failure> {
        if !stage.nature().divides {
            // What reads a result that others still make shares of is made when all are there.
            return Ok(stage.needs.iter().all(|need| self.is_made(&self.plan.stages[*need])));
        }
        let (word, share) = (stage.word(), self.part);
        let draft = match self.store.claim_share(word, &stage.key, &share.stem())? {
            Claim::Done => return Ok(true),
            Claim::Make(draft) => draft,
            Claim::Busy(holder) => {
                if holder.share.is_none() {
                    let events = self.observer.begin(stage, number, of);
                    let text = format!("another process is making this: {holder}; waiting for it");
                    events.note(&text);
                }
                // Who has the share may be gone.
                match self.store.wait_share(word, &stage.key, &share.stem(), self.stop)? {
                    Claim::Done => return Ok(true),
                    Claim::Make(draft) => draft,
                    Claim::Busy(_) if self.stop.load(Ordering::Relaxed) => {
                        return Err(Failure::Interrupted);
                    }
                    Claim::Busy(holder) => {
                        return Err(Failure::run(format!(
                            "another process is preparing share {share} of `{}`: {holder}; let it \
                             end, or take another share",
                            stage.name
                        )));
                    }
                }
            }
        };
        let events = self.observer.begin(stage, number, of);
        draft.notes.iter().for_each(|note| events.note(note));
        let making = self.making(stage, share, &draft, events.as_ref());
        match made(&making)? {
            Told::Left(videos) => {
                let text = format!("share {share} is done; {videos} videos are left to others");
                self.observer.told(stage, &Told::Line(text));
                Ok(false)
            }
            Told::Nothing | Told::Line(_) | Told::Sampled(_) => Ok(true),
        }
    }

    fn stage(&self, stage: &Stage, number: usize, of: usize) -> Result<(), Failure> {
        let word = stage.word();
        let mut claim = self.store.claim(word, &stage.key)?;
        loop {
            let draft = match claim {
                Claim::Done => {
                    self.observer.end(stage, None);
                    return Ok(());
                }
                Claim::Make(draft) => draft,
                Claim::Busy(holder) => {
                    let events = self.observer.begin(stage, number, of);
                    let text = format!("another process is making this: {holder}; waiting for it");
                    events.note(&text);
                    claim = self.store.wait(word, &stage.key, self.stop)?;
                    match claim {
                        // It is still busy, and this process was told to stop.
                        Claim::Busy(_) => return Err(Failure::Interrupted),
                        Claim::Done | Claim::Make(_) => continue,
                    }
                }
            };
            if !stage.nature().goes_on {
                draft.clear()?;
            }
            let begun = Instant::now();
            match self.draft(stage, draft, number, of) {
                // What was done is in good hands.
                Err(Failure::Store(taken @ StoreFailure::Taken { .. })) => {
                    self.observer.begin(stage, number, of).note(&taken.to_string());
                    claim = self.store.claim(word, &stage.key)?;
                }
                made => {
                    made?;
                    self.observer.end(stage, Some(begun.elapsed().as_secs_f64()));
                    return Ok(());
                }
            }
        }
    }

    /// Makes a result in its draft, and puts it in its place.
    fn draft(&self, stage: &Stage, draft: Draft, number: usize, of: usize) -> Result<(), Failure> {
        let events = self.observer.begin(stage, number, of);
        draft.notes.iter().for_each(|note| events.note(note));
        let uses_one = stage.work.experiment().is_some() && stage.nature().shares_cores;
        let devices = self.devices.of_stage(uses_one);
        let making = self.making(stage, Share::WHOLE, &draft, events.as_ref());
        let making = Making { devices: &devices, ..making };
        let made_with = stage.work.provenance(&making)?;
        let told = match self.lead.filter(|_| stage.work.takes_ranks()) {
            None => made(&making)?,
            Some(lead) => {
                lead.train(stage, &draft.folder, |group| made(&Making { group, ..making }))?
            }
        };
        self.observer.told(stage, &told);
        let record = StageRecord {
            stage: stage.word().to_owned(),
            name: stage.name.clone(),
            key: stage.key.clone(),
            inputs: stage.inputs.values.clone(),
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: draft.seconds(),
            made_with: Some(made_with),
            ..StageRecord::default()
        };
        let folder = draft.commit(&record)?;
        stage.work.published(&folder)
    }

    fn making<'a>(
        &'a self,
        stage: &'a Stage,
        part: Share,
        draft: &'a Draft,
        events: &'a dyn Events,
    ) -> Making<'a> {
        let Self { project, world, devices, stop, .. } = *self;
        let (results, folder) = (Results(self.store), draft.folder.as_path());
        let (draft, group) = (Some(draft), &Alone);
        Making { stage, project, world, results, devices, part, folder, draft, group, events, stop }
    }
}

/// Makes a stage. Where it fails because another process took it over meanwhile, it is that which is
/// told.
fn made(making: &Making<'_>) -> Result<Told, Failure> {
    let made = making.stage.work.make(making);
    if let (Err(_), Some(draft)) = (&made, making.draft) {
        draft.verify()?;
    }
    made
}

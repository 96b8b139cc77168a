//! Arrays that are ready, and how they are submitted, one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::order::Submitted;
use crate::engine::cluster::arrange::{After, Array};
use crate::engine::cluster::records::{Made, PREFIX, Record};
use crate::engine::cluster::script::{Ask, Script};
use crate::engine::cluster::slurm;
use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};

/// An array that is ready to be submitted.
pub struct Ready {
    /// Its record, without a job.
    pub record: Record,
    /// What it asks for.
    pub ask: Ask,
    /// What its tasks wait for, by places of arrays before it.
    pub(super) array: Option<Array>,
    /// Tasks in the queue that the tables wait for.
    pub(super) queued: BTreeSet<String>,
    pub(super) at_a_time: Option<u32>,
}

/// What is to be submitted of a plan.
pub struct Submission {
    /// The arrays, each after those that it waits for.
    pub ready: Vec<Ready>,
    /// What else there is to tell.
    pub told: Submitted,
    pub(super) command: Vec<String>,
    pub(super) logs: PathBuf,
    /// Held tasks.
    pub(super) held: Vec<String>,
}

impl Submission {
    /// The script of the array at a place, when the jobs of those before it are known.
    pub fn script(&self, place: usize, jobs: &[String]) -> String {
        self.of(place, jobs).text()
    }

    fn of<'s>(&'s self, place: usize, jobs: &[String]) -> Script<'s> {
        let ready = &self.ready[place];
        let dependency = match &ready.array {
            Some(array) => dependency(array, jobs),
            None => {
                let all = ready.queued.iter().chain(jobs).map(String::as_str);
                let all: Vec<&str> = all.collect();
                if all.is_empty() { String::new() } else { format!("afterany:{}", all.join(":")) }
            }
        };
        Script {
            name: &ready.record.name,
            numbers: ready.record.tasks.keys().copied().collect(),
            at_a_time: ready.at_a_time,
            ask: &ready.ask,
            dependency,
            logs: &self.logs,
            command: &self.command,
        }
    }

    /// Asks whether any node could run each kind of task.
    ///
    /// # Errors
    /// All that none could, with what Slurm says.
    pub fn is_possible(&self) -> Result<(), Failure> {
        let mut asked: BTreeSet<&Ask> = BTreeSet::new();
        let mut impossible = Vec::new();
        for (place, ready) in self.ready.iter().enumerate() {
            if !asked.insert(&ready.ask) {
                continue;
            }
            if let Some(why) = slurm::impossible(&self.of(place, &[]).to_test())?
                && !slurm::down()?.iter().any(|node| node.could_run(&ready.ask))
            {
                let what = ready.record.tasks.values().next();
                let what = match what {
                    Some(Made::Stage { kind, name, .. }) => format!("{kind} {name}"),
                    Some(Made::Report(_)) | None => "report".to_owned(),
                };
                impossible.push(format!("{what}: {why}"));
            }
        }
        match impossible.is_empty() {
            true => Ok(()),
            false => Err(Failure::run(format!(
                "no node of the cluster can run what the clusters file asks for; nothing was \
                 submitted\n  {}",
                impossible.join("\n  ")
            ))),
        }
    }

    /// Submits all of it.
    ///
    /// # Errors
    /// A controller that refuses, or does not answer. What was submitted stays: the same command goes
    /// on from there.
    pub fn submit(mut self, store: &Store, events: &dyn Events) -> Result<Submitted, Failure> {
        slurm::release(&self.held)?;
        let mut jobs: Vec<String> = Vec::new();
        events.begin("arrays", self.ready.len() as u64);
        for place in 0..self.ready.len() {
            let script = self.script(place, &jobs);
            let record = &mut self.ready[place].record;
            // Before it is submitted, so that whatever comes of it, its name is known.
            record.write(store.root())?;
            let job = submitted(&record.name, &script)?;
            record.job = Some(job.clone());
            record.write(store.root())?;
            let kind = record.name.trim_start_matches(PREFIX).split('-').next().unwrap_or_default();
            self.told.arrays.push((kind.to_owned(), job.clone(), record.tasks.len()));
            jobs.push(job);
            events.advance(1);
        }
        Ok(self.told)
    }
}

/// Submits a script under a name that no other job has. A controller that is busy may take a job and
/// not say so, so that the queue is asked before it is tried again.
fn submitted(name: &str, script: &str) -> Result<String, Failure> {
    let mut said = String::new();
    for _ in 0..2 {
        match slurm::submit(script)? {
            Ok(job) => return Ok(job),
            Err(why) => said = why,
        }
        if let Some(job) = slurm::queue()?.job(name) {
            return Ok(job.to_owned());
        }
        // What was refused once is refused again.
        if !said.contains("timed out") && !said.contains("did not end") {
            break;
        }
    }
    Err(Failure::run(format!(
        "sbatch did not take {name}: {said}; what was submitted before it stays, and the same command \
         submits the rest"
    )))
}

/// What an array waits for, as sbatch takes it.
fn dependency(array: &Array, jobs: &[String]) -> String {
    let mut tasks: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    let mut after: Vec<String> = Vec::new();
    for one in &array.after {
        match one {
            After::Array(place) => after.push(job(*place, jobs)),
            After::Task(place, number) => {
                tasks.entry(*place).or_default().insert(*number);
            }
            After::Queued(task) => after.push(task.clone()),
        }
    }
    for (place, numbers) in tasks {
        after.extend(numbers.iter().map(|number| format!("{}_{number}", job(place, jobs))));
    }
    let mut parts = Vec::new();
    if !after.is_empty() {
        parts.push(format!("afterok:{}", after.join(":")));
    }
    parts.extend(array.after_same_number.map(|place| format!("aftercorr:{}", job(place, jobs))));
    parts.join(",")
}

/// The job of an array before, or a word for it where none was submitted.
fn job(place: usize, jobs: &[String]) -> String {
    jobs.get(place).cloned().unwrap_or_else(|| format!("JOB{}", place + 1))
}

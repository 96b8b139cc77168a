//! `cluster`: its engine, and what its jobs ask for.

use std::collections::BTreeMap;

use super::job::{Job, JobKind};
use super::local::Local;
use super::slurm::Slurm;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::node::{Decode, Placed, choice, node, value_of_child};
use crate::schema::Preset::Whole;
use crate::schema::{Type, any_number, at_most_once, whole};
use crate::span::Origin;
use crate::value::time;

node! {
    /// Where stages are made: a machine room that runs Slurm, or the devices of this machine.
    /// `run FILE --on NAME` goes there.
    pub struct Cluster = "cluster" {
        arguments {
            /// Name by which `--on` means it.
            name: String = Type::Name.required(),
        }
        children {
            /// What makes stages.
            engine: Engine = [
                at_most_once(Slurm::SPEC).group("engine"),
                at_most_once(Local::SPEC).group("engine")
            ],
            /// What jobs ask for.
            jobs: Vec<Placed<Job>> = [any_number(Job::SPEC)],
            /// How often a job is begun again that was killed or lost. Mistakes in data, and trainings
            /// that diverge, are not tried again.
            retries: u32 = AtMostOnce (arguments "number", Type::Whole(0, 100).required().or(Whole(3)), "The number."),
            /// How long before its time is up a job is told to save what it has and to begin again.
            warn: u64 = AtMostOnce (arguments "time",
                Type::Time(limits::WARNING.0, limits::WARNING.1).required().or(Whole(300)), "How long."
            ),
            /// How much is submitted at a time; else what the cluster allows.
            limits: Option<Placed<Limits>> = [at_most_once(Limits::SPEC)],
        }
    }
    check = check;
}

choice! {
    /// What makes stages.
    #[serde(rename_all = "lowercase")]
    #[expect(clippy::large_enum_variant, reason = "a file has a few, read once")]
    pub enum Engine {
        /// Slurm.
        Slurm(Slurm),
        /// Devices of this machine.
        Local(Local),
    }
}

node! {
    /// How much is submitted at a time. What is left is submitted when the same command is said again.
    pub struct Limits = "limits" {
        properties {
            /// Most tasks of an array.
            array: Option<u32> = whole(&limits::QUEUE).optional(),
            /// Most jobs of Proofmark's in the queue.
            jobs: Option<u32> = whole(&limits::QUEUE).optional(),
            /// Most tasks of an array that run at a time.
            at_a_time: Option<u32> = whole(&limits::QUEUE).optional(),
        }
    }
    check = limits_something;
}

impl Cluster {
    /// What jobs of a kind ask for, of an experiment if they are of one: what is said of fewer jobs
    /// stands above what is said of more. Its partition is that of all jobs where none is said.
    ///
    /// Of a kind that there is not, it is what all jobs ask for.
    pub fn request(&self, kind: &str, experiment: Option<&str>) -> Job {
        let mut jobs: Vec<&Job> = self
            .jobs
            .iter()
            .map(|job| &**job)
            .filter(|job| job.is_about(kind, experiment))
            .collect();
        jobs.sort_by_key(|job| job.rank());
        let mut request = Job {
            kind: JobKind::of(kind),
            experiment: experiment.map(str::to_owned),
            cpus: None,
            memory: None,
            time: None,
            gpus: None,
            gpu: None,
            partition: match &self.engine {
                Engine::Slurm(slurm) => slurm.partition.clone(),
                Engine::Local(_) => None,
            },
            shares: None,
            ranks: None,
        };
        for job in jobs {
            let Job {
                kind: _,
                experiment: _,
                cpus,
                memory,
                time,
                gpus,
                gpu,
                partition,
                shares,
                ranks,
            } = job;
            request.cpus = cpus.or(request.cpus);
            request.memory = memory.or(request.memory);
            request.time = time.or(request.time);
            request.gpus = gpus.or(request.gpus);
            request.gpu = gpu.clone().or(request.gpu);
            request.partition = partition.clone().or(request.partition);
            request.shares = shares.or(request.shares);
            request.ranks = ranks.or(request.ranks);
        }
        request
    }
}

fn limits_something(
    node: Cursor<'_>,
    read: Option<Placed<Limits>>,
    sink: &mut Sink,
) -> Option<Placed<Limits>> {
    if node.node.properties.is_empty() {
        sink.report(
            Diagnostic::error(Code::MissingKey, "limits of nothing")
                .at(node.origin(), "needs `array=..`, `jobs=..` or `at-a-time=..`"),
        );
    }
    read
}

fn check(
    node: Cursor<'_>,
    read: Option<Placed<Cluster>>,
    sink: &mut Sink,
) -> Option<Placed<Cluster>> {
    let has = |name: &str| node.node.child(name).is_some();
    if has(Local::SPEC.name) && !has(Slurm::SPEC.name) {
        let of_jobs = |name: &str| ["job", "retries", "warn", "limits"].contains(&name);
        for child in node.node.children.iter().filter(|child| of_jobs(&child.name.value)) {
            sink.report(
                Diagnostic::error(
                    Code::Conflict,
                    format!("`{}` of this machine", child.name.value),
                )
                .text("`local` has no queue and no jobs: each device makes one stage at a time")
                .at(child.name.origin, "is of a cluster with `slurm`")
                .help("remove it"),
            );
        }
    }
    check_jobs(node, sink);
    read
}

/// What several jobs must fulfil together: those that are right, whatever is wrong with others.
fn check_jobs(node: Cursor<'_>, sink: &mut Sink) {
    let jobs = node.among(Cluster::FIELDS.jobs);
    // What is wrong with them was reported.
    let jobs = jobs.filter_map(|job| Job::decode(job, &mut Sink::default()));
    let warn = value_of_child::<u64>(node, Cluster::FIELDS.warn);
    let has_gpus = node.node.children.iter().any(|child| child.property("gpus").is_some());
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for job in jobs {
        let whose = job.whose();
        if let Some(first) = seen.get(&whose) {
            let title = format!("`{whose}` twice");
            sink.report(Diagnostic::duplicate_name(title, job.node, *first));
        }
        seen.entry(whose).or_insert(job.node);
        if let (Some(long), Some((warn, at))) = (job.time, warn)
            && long <= warn
        {
            let (warn, long) = (time(warn), time(long));
            let told = Diagnostic::error(Code::Contradiction, "a job that is told at once to end")
                .text(format!("it is told `{warn}` before its time is up, which is `{long}`"))
                .at(job.at.time, "no longer than that")
                .and(at, "how long before")
                .help("give it more time, or write a shorter `warn`");
            sink.report(told);
        }
        if job.gpu.is_some() && !has_gpus {
            sink.report(
                Diagnostic::warning(Code::NoEffect, "a model of GPU, and no GPUs")
                    .text("no `job` of the cluster asks for GPUs")
                    .at(job.at.gpu, "changes nothing")
                    .help("write how many, as in `gpus=1`"),
            );
        }
    }
}

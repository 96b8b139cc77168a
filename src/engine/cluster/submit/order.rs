//! What a cluster is asked for, what there is before, and what was submitted.

use std::path::PathBuf;

use crate::engine::cluster::queue::Queue;
use crate::engine::cluster::records::{Record, Report};
use crate::engine::cluster::script::Ask;
use crate::engine::cluster::slurm::{self, Limits};
use crate::engine::graph::Stage;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;

/// What a cluster is asked for.
pub struct Order<'a> {
    /// Name of the cluster.
    pub cluster: &'a str,
    /// What a stage asks for.
    pub ask: &'a dyn Fn(&Stage) -> Ask,
    /// How tables are written at the end, and what they ask for; none where none are.
    pub report: Option<(Report, Ask)>,
    /// Shares in which a stage is made that divides.
    pub shares: &'a dyn Fn(&Stage) -> u32,
    /// How often a task is tried that was killed or lost.
    pub retries: u32,
    /// Largest array, if less than Slurm allows.
    pub largest: Option<usize>,
    /// Most tasks in the queue.
    pub most: Option<usize>,
    /// Most tasks of an array that run at a time.
    pub at_a_time: Option<u32>,
    /// The program and its first arguments, before the name of an array.
    pub command: Vec<String>,
    /// The experiment file, as an absolute path.
    pub entry: PathBuf,
    /// Name of the submitted plan.
    pub run: String,
    /// Folder of the logs.
    pub logs: PathBuf,
}

/// What was submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Arrays: kind, job, and number of tasks.
    pub arrays: Vec<(String, String, usize)>,
    /// Stages that are in the store.
    pub done: usize,
    /// Stages that are in the queue already.
    pub queued: usize,
    /// Tasks that wait for a place in the queue: said again, they are submitted.
    pub left: usize,
    /// Tasks that were held, and are not any more.
    pub released: usize,
}

/// What there is before a submission.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What was submitted before.
    pub records: Vec<Record>,
    /// The queue.
    pub queue: Queue,
    /// What the controller allows.
    pub limits: Limits,
}

impl Found {
    /// What a store and the controller say.
    ///
    /// # Errors
    /// A controller that does not answer; a record that is damaged.
    pub fn look(store: &Store) -> Result<Self, Failure> {
        let records = Record::all(store.root())?;
        Ok(Self { records, queue: slurm::queue()?, limits: slurm::limits()? })
    }
}

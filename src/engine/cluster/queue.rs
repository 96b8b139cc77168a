//! The queue as Slurm lists it: one line for each task of each job.

use std::collections::BTreeMap;

/// What is asked of each task: name, id of its array or job, number in the array, state, reason, node.
pub const FORMAT: &str = "%j|%F|%K|%T|%r|%N";

/// A task of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// `ID` or `ID_NUMBER`.
    pub id: String,
    /// Its state.
    pub state: TaskState,
    /// The state in Slurm's own word.
    pub word: String,
    /// Why it waits, as Slurm says it; `None` where it does not.
    pub reason: String,
    /// Where it runs, or ran.
    pub node: String,
}

impl Task {
    /// Whether Slurm holds it, which happens to jobs that were running when a controller died, and
    /// not a person who may have meant it.
    pub fn is_held_by_slurm(&self) -> bool {
        self.state == TaskState::Held && !self.reason.starts_with("JobHeld")
    }

    /// Whether it waits for a job that has failed.
    pub fn waits_for_what_failed(&self) -> bool {
        self.state == TaskState::Never && self.reason == FAILED_BEFORE
    }
}

/// The reason of a job that waits for one that has failed.
pub const FAILED_BEFORE: &str = "DependencyNeverSatisfied";

/// What may still become of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for its turn, or for others.
    Waits,
    /// It waits, and no event of Slurm's will ever begin it.
    Held,
    /// It waits for what will never be.
    Never,
    /// It runs, or is just being begun or ended.
    Runs,
    /// It ended well.
    Ended,
    /// It ended otherwise: the word says how.
    Failed,
}

impl TaskState {
    /// That of a task with this word and reason of Slurm's.
    fn of(word: &str, reason: &str) -> Self {
        match word {
            "PENDING" | "REQUEUED" | "REQUEUE_FED" => Self::waiting(reason),
            "REQUEUE_HOLD" | "SPECIAL_EXIT" => Self::Held,
            "COMPLETED" => Self::Ended,
            "BOOT_FAIL" | "CANCELLED" | "DEADLINE" | "FAILED" | "NODE_FAIL" | "OUT_OF_MEMORY"
            | "TIMEOUT" | "REVOKED" => Self::Failed,
            // RUNNING, CONFIGURING, COMPLETING, SUSPENDED, STOPPED, PREEMPTED on its way back into
            // the queue, and whatever else a newer Slurm says: it is in the queue.
            _ => Self::Runs,
        }
    }

    fn waiting(reason: &str) -> Self {
        // The longer reasons are sentences: `launch failed requeued held`.
        match reason {
            FAILED_BEFORE => Self::Never,
            "PartitionConfig" | "BadConstraints" | "AccountNotAllowed" | "PartitionNodeLimit"
            | "PartitionTimeLimit" | "InvalidAccount" | "InvalidQOS" => Self::Never,
            "JobHeldUser" | "JobHeldAdmin" | "JobHoldMaxRequeue" => Self::Held,
            held if held.contains("held") => Self::Held,
            _ => Self::Waits,
        }
    }

    /// Whether it is still in the queue, or runs.
    pub fn is_open(self) -> bool {
        match self {
            Self::Waits | Self::Held | Self::Never | Self::Runs => true,
            Self::Ended | Self::Failed => false,
        }
    }
}

/// The tasks of a queue, by the name of their job and their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue(BTreeMap<String, BTreeMap<u32, Task>>);

impl Queue {
    /// What `squeue` printed in [`FORMAT`]. Jobs of other programs are left out.
    pub fn read(text: &str) -> Self {
        let mut queue = Self::default();
        for line in text.lines().filter(|line| line.starts_with(super::records::PREFIX)) {
            let cells: Vec<&str> = line.splitn(6, '|').collect();
            let [name, job, number, word, reason, node] = cells[..] else { continue };
            let index: Option<u32> = number.parse().ok();
            let id = index.map_or_else(|| job.to_owned(), |index| format!("{job}_{index}"));
            let task = Task {
                id,
                state: TaskState::of(word, reason),
                word: word.to_owned(),
                reason: reason.to_owned(),
                node: node.to_owned(),
            };
            let tasks = queue.0.entry(name.to_owned()).or_default();
            // A name is given once; where a job is there twice all the same, the open one counts.
            let place = tasks.entry(index.unwrap_or_default()).or_insert_with(|| task.clone());
            if !place.state.is_open() {
                *place = task;
            }
        }
        queue
    }

    /// Adds jobs of other names.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether anything of the job of this name has not ended.
    pub fn has_open(&self, name: &str) -> bool {
        let tasks = self.0.get(name).into_iter().flat_map(BTreeMap::values);
        tasks.into_iter().any(|task| task.state.is_open())
    }

    /// A task of the job of this name.
    pub fn task(&self, name: &str, number: u32) -> Option<&Task> {
        self.0.get(name)?.get(&number)
    }

    /// Id of the job of this name.
    pub fn job(&self, name: &str) -> Option<&str> {
        let id = &self.0.get(name)?.values().next()?.id;
        Some(id.split('_').next().unwrap_or(id))
    }

    /// How many tasks have not ended.
    pub fn open(&self) -> usize {
        let tasks = self.0.values().flat_map(BTreeMap::values);
        tasks.filter(|task| task.state.is_open()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_read_by_name() {
        let queue = Queue::read(
            "proofmark-train-1a|17|0|RUNNING|None|n1\n\
             proofmark-train-1a|17|3|PENDING|launch failed requeued held|\n\
             other|18|N/A|RUNNING|None|n2\n\
             proofmark-report-2b|19|N/A|PENDING|DependencyNeverSatisfied|\n\
             proofmark-faces-3c|20|0|CANCELLED|Dependency|n1\n\
             broken line\n",
        );
        assert_eq!(queue.task("proofmark-train-1a", 0).unwrap().state, TaskState::Runs);
        let held = queue.task("proofmark-train-1a", 3).unwrap();
        assert_eq!((held.state, held.id.as_str()), (TaskState::Held, "17_3"));
        let report = queue.task("proofmark-report-2b", 0).unwrap();
        assert_eq!((report.state, report.id.as_str()), (TaskState::Never, "19"));
        assert!(held.is_held_by_slurm() && report.waits_for_what_failed());
        let mine = Queue::read("proofmark-train-1a|17|0|PENDING|JobHeldUser|\n");
        let mine = mine.task("proofmark-train-1a", 0).unwrap();
        assert!(mine.state == TaskState::Held && !mine.is_held_by_slurm());
        assert_eq!(queue.job("proofmark-train-1a"), Some("17"));
        assert_eq!(queue.task("other", 0), None);
        assert_eq!(queue.open(), 3);
    }
}

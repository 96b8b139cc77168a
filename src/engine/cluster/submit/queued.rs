//! What of a plan is in the queue.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::cluster::queue::Queue;
use crate::engine::cluster::records::{Made, Record};
use crate::engine::graph::Plan;
use proofmark_prepare::store::Share;

/// Where a stage is made that is in the queue.
#[derive(Default)]
pub(super) struct Queued {
    /// Its tasks: what each makes, and where it is in the queue.
    pub(super) tasks: BTreeMap<Option<Share>, String>,
}

/// Which tasks are in the queue, by what they make.
pub(super) fn in_the_queue<'r>(
    records: &'r [Record],
    queue: &Queue,
) -> BTreeMap<(&'r str, &'r str), Queued> {
    let mut made: BTreeMap<(&str, &str), Queued> = BTreeMap::new();
    for record in records {
        for (number, what) in &record.tasks {
            let Some(task) = queue.task(&record.name, *number) else { continue };
            // What waits for a failed job is submitted anew, with that.
            if !task.state.is_open() || task.waits_for_what_failed() {
                continue;
            }
            if let Made::Stage { kind, key, .. } = what {
                let place = made.entry((kind, key)).or_default();
                place.tasks.insert(what.part(), task.id.clone());
            }
        }
    }
    made
}

/// Tasks of a plan, and of the tables at its end, that Slurm holds.
pub(super) fn held(records: &[Record], queue: &Queue, plan: &Plan, run: &str) -> Vec<String> {
    let keys: BTreeSet<(&str, &str)> =
        plan.stages.iter().map(|stage| (stage.word(), stage.key.as_str())).collect();
    let is_ours = |record: &Record, made: &Made| match made {
        Made::Stage { kind, key, .. } => keys.contains(&(kind.as_str(), key.as_str())),
        Made::Report(_) => record.run == run,
    };
    let tasks = records.iter().flat_map(|record| {
        let ours = record.tasks.iter().filter(move |(_, made)| is_ours(record, made));
        ours.filter_map(|(number, _)| queue.task(&record.name, *number))
    });
    tasks.filter(|task| task.is_held_by_slurm()).map(|task| task.id.clone()).collect()
}

//! What is to be submitted: the arrays for which there is a place in the queue, and their records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::order::{Found, Order, Submitted};
use super::queued::{held, in_the_queue};
use super::submission::{Ready, Submission};
use super::units::Units;
use crate::engine::cluster::arrange::{Array, arrange};
use crate::engine::cluster::attempts::now;
use crate::engine::cluster::records::{Made, PREFIX, Record};
use crate::engine::cluster::script::Ask;
use crate::engine::graph::Plan;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;

/// What is to be submitted of the stages at some places of a plan.
///
/// # Errors
/// A path that Slurm cannot print to.
pub fn prepare(
    (plan, places): (&Plan, &[usize]),
    store: &Store,
    found: &Found,
    order: &Order<'_>,
) -> Result<Submission, Failure> {
    slurm_can_print_to(&order.logs)?;
    let Found { records, queue, limits } = found;
    let units = Units::of((plan, places), store, &in_the_queue(records, queue), order);
    let held = held(records, queue, plan, &order.run);
    // The numbers of an array's tasks are below Slurm's limit.
    let largest = order.largest.unwrap_or(usize::MAX).min(limits.array.saturating_sub(1));
    let (mut ready, left) = that_fit(arrange(&units.units, largest), &units, found, order);
    ready.extend(tables(&ready, &units, found, order));
    let told = Submitted {
        done: units.done,
        queued: units.queued,
        released: held.len(),
        left,
        ..Submitted::default()
    };
    let (command, logs) = (order.command.clone(), order.logs.clone());
    Ok(Submission { ready, told, command, logs, held })
}

fn slurm_can_print_to(logs: &Path) -> Result<(), Failure> {
    let odd = |c: char| c == '%' || c.is_control();
    if !logs.to_string_lossy().contains(odd) {
        return Ok(());
    }
    Err(Failure::run(format!(
        "Slurm cannot print into {}: its path has a `%` or a line break; choose another store with \
         --store",
        logs.display()
    )))
}

/// The arrays for which there is a place in the queue, and how many tasks are left.
fn that_fit(
    arrays: Vec<Array>,
    units: &Units,
    Found { queue, limits, .. }: &Found,
    order: &Order<'_>,
) -> (Vec<Ready>, usize) {
    let most = order.most.unwrap_or(usize::MAX).min(limits.jobs);
    // One is for the tables.
    let mut free = most.saturating_sub(queue.open() + 1);
    let (mut ready, mut left): (Vec<Ready>, usize) = (Vec::new(), 0);
    for array in arrays {
        // Those before an array come with it, so that what follows a left one is left, too.
        if left > 0 || array.tasks.len() > free {
            left += array.tasks.len();
            continue;
        }
        free -= array.tasks.len();
        let tasks = array.tasks.iter().map(|(number, unit)| (*number, units.makes[*unit].clone()));
        let ask = units.ask(array.group).clone();
        ready.push(Ready {
            record: record(array.kind.word(), tasks.collect(), &ask, order),
            ask,
            array: Some(array),
            queued: BTreeSet::new(),
            at_a_time: order.at_a_time,
        });
    }
    (ready, left)
}

/// The task that writes the tables at the end, if there is something that it waits for.
fn tables(
    ready: &[Ready],
    units: &Units,
    Found { records, queue, .. }: &Found,
    order: &Order<'_>,
) -> Option<Ready> {
    let reported = records.iter().any(|record| {
        let is_open = queue.task(&record.name, 0).is_some_and(|task| task.state.is_open());
        let reports = matches!(record.tasks.get(&0), Some(Made::Report(_)));
        record.run == order.run && is_open && reports
    });
    let wanted = !ready.is_empty() || (!units.waited_for.is_empty() && !reported);
    let (report, ask) = order.report.clone().filter(|_| wanted)?;
    let tasks = BTreeMap::from([(0, Made::Report(report))]);
    Some(Ready {
        record: record("report", tasks, &ask, order),
        ask,
        array: None,
        queued: units.waited_for.clone(),
        at_a_time: None,
    })
}

/// The record of an array that is not submitted yet.
fn record(kind: &str, tasks: BTreeMap<u32, Made>, ask: &Ask, order: &Order<'_>) -> Record {
    Record {
        name: name(kind, &order.run, &tasks),
        run: order.run.clone(),
        entry: order.entry.clone(),
        cluster: order.cluster.to_owned(),
        job: None,
        submitted: now(),
        logs: order.logs.clone(),
        memory: ask.memory,
        retries: order.retries,
        tasks,
    }
}

/// A name that no other job has.
fn name(kind: &str, run: &str, tasks: &BTreeMap<u32, Made>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(
        format!("{run} {tasks:?} {:?} {}", std::time::SystemTime::now(), std::process::id())
            .as_bytes(),
    );
    format!("{PREFIX}{kind}-{}", &hasher.finalize().to_hex()[..10])
}

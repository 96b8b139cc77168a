//! Submits what is not in the store and not in the queue, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::arrange::{After, Array, Awaited, Unit, arrange};
use super::attempts::now;
use super::queue::Queue;
use super::records::{Made, PREFIX, Record, Report};
use super::script::{Ask, Script, ranges};
use super::slurm::{self, Limits};
use crate::engine::graph::{Plan, Stage};
use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_prepare::store::Share;

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

/// An array that is ready to be submitted.
pub struct Ready {
    /// Its record, without a job.
    pub record: Record,
    /// What it asks for.
    pub ask: Ask,
    /// What its tasks wait for, by places of arrays before it.
    array: Option<Array>,
    /// Tasks in the queue that the tables wait for.
    queued: BTreeSet<String>,
    at_a_time: Option<u32>,
}

/// What is to be submitted of a plan.
pub struct Submission {
    /// The arrays, each after those that it waits for.
    pub ready: Vec<Ready>,
    /// What else there is to tell.
    pub told: Submitted,
    command: Vec<String>,
    logs: PathBuf,
    /// Held tasks.
    held: Vec<String>,
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

/// Where a stage is made that is in the queue.
#[derive(Default)]
struct Queued {
    /// Its tasks: what each makes, and where it is in the queue.
    tasks: BTreeMap<Option<Share>, String>,
}

/// Which tasks are in the queue, by what they make.
fn in_the_queue<'r>(records: &'r [Record], queue: &Queue) -> BTreeMap<(&'r str, &'r str), Queued> {
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
fn held(records: &[Record], queue: &Queue, plan: &Plan, run: &str) -> Vec<String> {
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

/// What is to be submitted of the stages at some places of a plan.
///
/// # Errors
/// A path that Slurm cannot print to.
pub fn prepare(
    (plan, places): (&Plan, &[usize]),
    store: &Store,
    Found { records, queue, limits }: &Found,
    order: &Order<'_>,
) -> Result<Submission, Failure> {
    let logs = order.logs.clone();
    let odd = |c: char| c == '%' || c.is_control();
    if logs.to_string_lossy().contains(odd) {
        return Err(Failure::run(format!(
            "Slurm cannot print into {}: its path has a `%` or a line break; choose another store \
             with --store",
            logs.display()
        )));
    }
    let in_queue = in_the_queue(records, queue);
    let held = held(records, queue, plan, &order.run);
    let mut told = Submitted { released: held.len(), ..Submitted::default() };
    let mut units: Vec<Unit> = Vec::new();
    // What each unit makes, and what it asks for.
    let mut makes: Vec<(Made, usize)> = Vec::new();
    let mut asks: Vec<(Ask, usize)> = Vec::new();
    // What those wait for that read the result of a stage; none where it is there.
    let mut awaited: BTreeMap<usize, Awaited> = BTreeMap::new();
    let mut waited_for: BTreeSet<String> = BTreeSet::new();
    for &place in places {
        let stage = &plan.stages[place];
        if store.find(stage.word(), &stage.key).is_some() {
            told.done += 1;
            continue;
        }
        let queued = in_queue.get(&(stage.word(), stage.key.as_str()));
        if let Some(task) = queued.and_then(|queued| queued.tasks.get(&None)) {
            told.queued += 1;
            awaited.insert(place, Awaited::Queued(task.clone()));
            waited_for.insert(task.clone());
            continue;
        }
        let ask = (order.ask)(stage);
        let needs: Vec<Awaited> =
            stage.needs.iter().filter_map(|need| awaited.get(need).cloned()).collect();
        let made = |share: Option<Share>| Made::Stage {
            kind: stage.word().to_owned(),
            key: stage.key.clone(),
            name: stage.name.clone(),
            share: share.map(|share| share.to_string()),
        };
        let group = |asks: &mut Vec<(Ask, usize)>, of: usize| -> usize {
            let wanted = (ask.clone(), of);
            asks.iter().position(|other| *other == wanted).unwrap_or_else(|| {
                asks.push(wanted);
                asks.len() - 1
            })
        };
        let kind = stage.nature().kind;
        let mut needs = needs;
        let shares = if stage.nature().divides { (order.shares)(stage) } else { 1 };
        if shares > 1 {
            // Shares of one stage are an array of their own; what puts them together sees all of them.
            let group = group(&mut asks, place + 1);
            for share in Share::all(shares) {
                if let Some(task) = queued.and_then(|queued| queued.tasks.get(&Some(share))) {
                    needs.push(Awaited::Queued(task.clone()));
                    waited_for.insert(task.clone());
                    continue;
                }
                needs.push(Awaited::Unit(units.len()));
                units.push(Unit { kind, group, needs: Vec::new() });
                makes.push((made(Some(share)), group));
            }
        }
        let group = group(&mut asks, 0);
        awaited.insert(place, Awaited::Unit(units.len()));
        units.push(Unit { kind, group, needs });
        makes.push((made(None), group));
    }
    let largest = order.largest.unwrap_or(usize::MAX).min(limits.array.saturating_sub(1));
    let arrays = arrange(&units, largest);
    let most = order.most.unwrap_or(usize::MAX).min(limits.jobs);
    let mut free = most.saturating_sub(queue.open() + 1);
    let record = |kind: &str, tasks: BTreeMap<u32, Made>, ask: &Ask| Record {
        name: name(kind, &order.run, &tasks),
        run: order.run.clone(),
        entry: order.entry.clone(),
        cluster: order.cluster.to_owned(),
        job: None,
        submitted: now(),
        logs: logs.clone(),
        memory: ask.memory,
        retries: order.retries,
        tasks,
    };
    let mut ready: Vec<Ready> = Vec::new();
    for array in arrays {
        // Those before an array come with it, so that what follows a left one is left, too.
        if told.left > 0 || array.tasks.len() > free {
            told.left += array.tasks.len();
            continue;
        }
        free -= array.tasks.len();
        let tasks = array.tasks.iter().map(|(number, unit)| (*number, makes[*unit].0.clone()));
        let ask = asks[array.group].0.clone();
        let record = record(array.kind.word(), tasks.collect(), &ask);
        let at_a_time = order.at_a_time;
        ready.push(Ready { record, ask, array: Some(array), queued: BTreeSet::new(), at_a_time });
    }
    let reported = records.iter().any(|record| {
        let is_open = queue.task(&record.name, 0).is_some_and(|task| task.state.is_open());
        let reports = matches!(record.tasks.get(&0), Some(Made::Report(_)));
        record.run == order.run && is_open && reports
    });
    let wanted = !ready.is_empty() || (!waited_for.is_empty() && !reported);
    if let Some((report, ask)) = order.report.clone().filter(|_| wanted) {
        let record = record("report", BTreeMap::from([(0, Made::Report(report))]), &ask);
        ready.push(Ready { record, ask, array: None, queued: waited_for, at_a_time: None });
    }
    Ok(Submission { ready, told, command: order.command.clone(), logs, held })
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

/// A line for people about an array.
pub fn words(record: &Record) -> String {
    let numbers: BTreeSet<u32> = record.tasks.keys().copied().collect();
    let first = record.tasks.values().next();
    let kind = match first {
        Some(Made::Stage { kind, .. }) => kind.as_str(),
        Some(Made::Report(_)) | None => "report",
    };
    let s = if record.tasks.len() == 1 { "" } else { "s" };
    format!("{kind}: {} task{s} ({})", record.tasks.len(), ranges(&numbers))
}

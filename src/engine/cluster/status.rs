//! What became of a plan that was submitted: the store first, then the queue in one call, then the
//! records of tries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::attempts::{self, Attempt, End, Progress};
use super::queue::{Queue, Task, TaskState};
use super::records::{Made, Record};
use super::snapshot::Snapshot;
use crate::engine::graph::Plan;
use proofmark_base::store::{StageRecord, Store};
use proofmark_base::work::Failure;

/// Version of the JSON: raised whenever an entry changes its meaning or goes.
pub const VERSION: u32 = 1;
/// Lines of a log that are shown of what failed.
const LINES: usize = 5;
/// Bytes at the end of a log in which they are looked for.
const TAIL: u64 = 8 << 10;

/// What became of a plan.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Always `proofmark-status`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// Name of the submitted plan.
    pub run: String,
    /// The cluster.
    pub cluster: String,
    /// Each stage, in the plan's order, then the tables.
    pub stages: Vec<Line>,
}

/// What became of a stage.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its kind, or `report`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// Its key; none of the tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What became of it.
    pub state: State,
    /// Why, in words, where the state does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Shares that are done and shares in all, of a stage that is made in shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<(usize, usize)>,
    /// The task of its last job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Where it runs, or ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Number of its last try, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<usize>,
    /// How far its last try is, where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Seconds that it took, or has run for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The file that it printed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
    /// The last lines of that, of what failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<String>,
    /// The exit code of what failed by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The result is in the store.
    Done,
    /// It runs.
    Running,
    /// It is in the queue.
    Waiting,
    /// It is in the queue, and begins only if somebody does something.
    Held,
    /// It will never run: its job was refused, or what it needs failed.
    Never,
    /// It failed.
    Failed,
    /// It was killed or lost, and is not in the queue.
    Killed,
    /// It was stopped, and is not in the queue.
    Stopped,
    /// It was not submitted.
    NotSubmitted,
}

impl State {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Never => "will not run",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::NotSubmitted => "not submitted",
        }
    }

    /// Whether something still happens to it by itself.
    pub fn goes_on(self) -> bool {
        match self {
            Self::Running | Self::Waiting => true,
            Self::Done
            | Self::Held
            | Self::Never
            | Self::Failed
            | Self::Killed
            | Self::Stopped
            | Self::NotSubmitted => false,
        }
    }
}

impl Status {
    /// How many stages are in each state.
    pub fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.stages {
            *counts.entry(line.state).or_default() += 1;
        }
        counts
    }

    /// Whether something still happens by itself.
    pub fn goes_on(&self) -> bool {
        self.stages.iter().any(|line| line.state.goes_on())
    }
}

/// The records of a store about one experiment file, the last submission last.
///
/// # Errors
/// A file that was never submitted; a record that cannot be read.
pub fn records_of(store: &Path, entry: &Path) -> Result<(Vec<Record>, String), Failure> {
    let entry = std::path::absolute(entry).map_err(|e| Failure::read(entry, &e))?;
    let all = Record::all(store)?;
    let last = all.iter().rev().find(|record| record.entry == entry);
    let run = last.map(|record| record.run.clone()).ok_or_else(|| {
        Failure::data(format!(
            "{} was not submitted from the store {}; `proofmark run {} --on CLUSTER` submits it",
            entry.display(),
            store.display(),
            entry.display()
        ))
    })?;
    // Another file, or an earlier version of this one, may have submitted a stage that is also of it.
    Ok((all, run))
}

/// What is known of a stage: its records and its task in the queue.
struct Known<'a> {
    record: &'a Record,
    number: u32,
    made: &'a Made,
    task: Option<&'a Task>,
}

/// What became of the plan that was submitted last.
///
/// # Errors
/// A store that cannot be read.
pub fn look(
    store: &Store,
    records: &[Record],
    run: &str,
    plan: &Plan,
    queue: &Queue,
) -> Result<Status, Failure> {
    let mut known: BTreeMap<(&str, &str), Vec<Known<'_>>> = BTreeMap::new();
    let mut report = None;
    for record in records {
        for (number, made) in &record.tasks {
            let task = queue.task(&record.name, *number);
            let one = Known { record, number: *number, made, task };
            match made {
                Made::Stage { kind, key, .. } => known.entry((kind, key)).or_default().push(one),
                Made::Report(_) if record.run == run => report = Some(one),
                Made::Report(_) => {}
            }
        }
    }
    let mut stages: Vec<Line> = Vec::with_capacity(plan.stages.len() + 1);
    for stage in &plan.stages {
        let tasks = known.get(&(stage.word(), stage.key.as_str())).map_or(&[][..], Vec::as_slice);
        let folder = store.find(stage.word(), &stage.key);
        let mut line = line(store.root(), tasks);
        (line.kind, line.name) = (stage.word().to_owned(), stage.name.clone());
        line.key = Some(stage.key.clone());
        if let Some(folder) = folder {
            // What is in the store is done, whatever became of its jobs.
            line = Line { state: State::Done, why: None, last_lines: Vec::new(), ..line };
            (line.exit, line.progress) = (None, None);
            line.seconds = StageRecord::read(&folder).ok().flatten().map(|record| record.seconds);
        } else if !line.state.goes_on() && line.state != State::Failed {
            let failed =
                stage.needs.iter().map(|need| &stages[*need]).find(|need| {
                    matches!(need.state, State::Failed | State::Killed | State::Never)
                });
            if let Some(failed) = failed {
                line.why = Some(format!("needs {} {}", failed.kind, failed.name));
                line.state = State::Never;
                line.last_lines.clear();
            }
        }
        stages.push(line);
    }
    let newest = records.iter().rev().find(|record| record.run == run);
    if let Some(report) = report {
        let mut line = line(store.root(), &[report]);
        (line.kind, line.name) = ("report".to_owned(), "tables".to_owned());
        stages.push(line);
    }
    let cluster = newest.map(|record| record.cluster.clone()).unwrap_or_default();
    let (format, version, run) = ("proofmark-status", VERSION, run.to_owned());
    Ok(Status { format, version, run, cluster, stages })
}

/// What the tasks of a stage say of it, the last that says something.
fn line(store: &Path, tasks: &[Known<'_>]) -> Line {
    let mut line = Line {
        kind: String::new(),
        name: String::new(),
        key: None,
        state: State::NotSubmitted,
        why: None,
        shares: None,
        task: None,
        node: None,
        attempt: None,
        progress: None,
        seconds: None,
        log: None,
        last_lines: Vec::new(),
        exit: None,
    };
    let Some(last) = tasks.last() else { return line };
    // The last submission made it in shares, or not.
    let of = tasks.iter().filter(|task| task.record.name == last.record.name);
    let mut alike: Vec<&Known<'_>> = of.collect();
    let shared = tasks.iter().rev().find(|task| task.made.part().is_some());
    if let Some(shared) = shared {
        alike.extend(tasks.iter().filter(|task| task.record.name == shared.record.name));
        let shares = tasks.iter().filter(|task| task.record.name == shared.record.name);
        let states: Vec<bool> =
            shares.map(|task| of_task(store, task).state == State::Done).collect();
        line.shares = Some((states.iter().filter(|done| **done).count(), states.len()));
    }
    let states = alike.iter().map(|task| of_task(store, task));
    // What fails counts before what runs, and that before what waits.
    let rank = |state: State| match state {
        State::Failed | State::Killed => 0,
        State::Never => 1,
        State::Held => 2,
        State::Running => 3,
        State::Waiting => 4,
        State::Stopped => 5,
        State::NotSubmitted => 6,
        State::Done => 7,
    };
    let told = states.min_by_key(|told| rank(told.state));
    let shares = line.shares;
    told.map_or(line, |told| Line { shares, ..told })
}

/// What a task says of its stage.
fn of_task(store: &Path, known: &Known<'_>) -> Line {
    let Known { record, number, made, task } = known;
    let tries = attempts::of(store, made, &record.run);
    let own = |attempt: &&Attempt| match (task, &record.job) {
        (Some(task), _) => attempt.task == task.id,
        (None, Some(job)) => attempt.task.split('_').next() == Some(job),
        (None, None) => false,
    };
    let attempt = tries.iter().rev().find(own);
    let (state, why) = state(record, *task, attempt);
    let is_bad = matches!(state, State::Failed | State::Killed);
    let log = record.log(*number);
    let log = log.is_file().then_some(log);
    let running = state == State::Running;
    Line {
        kind: String::new(),
        name: String::new(),
        key: None,
        state,
        why,
        shares: None,
        task: task.map(|task| task.id.clone()).or_else(|| Some(attempt?.task.clone())),
        node: attempt.map(|attempt| attempt.node.clone()),
        attempt: (!tries.is_empty()).then_some(tries.len()),
        progress: attempt.filter(|_| running).map(|attempt| attempt.progress.clone()),
        seconds: attempt
            .filter(|_| running)
            .map(|one| attempts::now().saturating_sub(one.begun) as f64),
        last_lines: if is_bad { log.as_deref().map(tail).unwrap_or_default() } else { Vec::new() },
        log,
        exit: attempt.and_then(|attempt| match &attempt.end {
            Some(End::Failed { exit, .. }) if is_bad => Some(*exit),
            Some(End::Failed { .. } | End::Done | End::Stopped | End::Killed { .. }) | None => None,
        }),
    }
}

/// What became of a task, and why.
fn state(
    record: &Record,
    task: Option<&Task>,
    attempt: Option<&Attempt>,
) -> (State, Option<String>) {
    let open = task.filter(|task| task.state.is_open());
    if let Some(task) = open {
        let reason = (!matches!(task.reason.as_str(), "None" | "")).then(|| task.reason.clone());
        return match task.state {
            TaskState::Runs => (State::Running, None),
            TaskState::Held => {
                (State::Held, Some(format!("{}; the same `run` releases it", task.reason)))
            }
            TaskState::Never => (State::Never, Some(never(&task.reason))),
            TaskState::Waits | TaskState::Ended | TaskState::Failed => (State::Waiting, reason),
        };
    }
    let word = task.map(|task| task.word.as_str());
    match (attempt.map(|attempt| (&attempt.end, attempt)), word) {
        (Some((Some(End::Done), _)), _) => (State::Done, None),
        (Some((Some(End::Failed { why, .. }), _)), _) => (State::Failed, Some(first_line(why))),
        (Some((Some(End::Killed { state }), attempt)), _) => {
            (State::Killed, Some(killed(state, record, attempt)))
        }
        (Some((None, attempt)), word) => {
            (State::Killed, Some(killed(word.unwrap_or("KILLED"), record, attempt)))
        }
        (Some((Some(End::Stopped), attempt)), Some("TIMEOUT")) => {
            (State::Killed, Some(killed("TIMEOUT", record, attempt)))
        }
        (Some((Some(End::Stopped), _)), _) => (State::Stopped, None),
        (None, Some("CANCELLED")) => (State::Stopped, Some("cancelled".to_owned())),
        (None, Some("COMPLETED")) => (State::Done, None),
        (None, Some(word)) => {
            (State::Killed, Some(format!("Slurm says {word}, and nothing was begun")))
        }
        // Forgotten by the controller, and never begun.
        (None, None) => (State::NotSubmitted, Some("its job is gone".to_owned())),
    }
}

/// That a job will never run, and what to do.
fn never(reason: &str) -> String {
    match reason {
        "DependencyNeverSatisfied" => "what it needs has failed".to_owned(),
        _ => format!(
            "no node of the cluster can run it ({reason}): ask for less in the user's clusters file, \
             `proofmark cancel`, then `run` again"
        ),
    }
}

/// How a try was killed, and what to ask for.
fn killed(state: &str, record: &Record, attempt: &Attempt) -> String {
    let mega = |bytes: u64| match bytes >> 30 {
        0 => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    };
    // Where no control group says so, Slurm calls it a failure like any other, in the log alone.
    let took_more =
        record.memory.is_some_and(|asked| attempt.peak.is_some_and(|peak| peak > asked));
    let says_so = || tail(&attempt.log).iter().any(|line| line.contains("exceeded memory limit"));
    let is_over = matches!(state, "FAILED" | "KILLED") && (took_more || says_so());
    match if is_over { "OUT_OF_MEMORY" } else { state } {
        "OUT_OF_MEMORY" => {
            let peak =
                attempt.peak.map_or(String::new(), |peak| format!(" took {} and", mega(peak)));
            let asked = record.memory.map_or("its memory".to_owned(), mega);
            let more = record.memory.map_or(String::new(), |asked| {
                format!(": ask for `memory=(GiB){}`", (asked * 2).div_ceil(1 << 30))
            });
            format!("out of memory: it{peak} had asked for {asked}{more}")
        }
        "TIMEOUT" => "the time limit was too short to go on in: ask for more `time`".to_owned(),
        "NODE_FAIL" => "its node failed".to_owned(),
        "KILLED" => format!("it was killed without a word on {}", attempt.node),
        other => format!("Slurm says {other}"),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The last lines of a log.
pub fn tail(path: &Path) -> Vec<String> {
    use std::io::{Read, Seek, SeekFrom};
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(LINES);
    lines[from..].iter().map(|line| (*line).to_owned()).collect()
}

/// Writes down how the tries ended that could not do it themselves, as long as the queue knows.
///
/// # Errors
/// A store that cannot be written to.
pub fn close_killed(store: &Path, records: &[Record], queue: &Queue) -> Result<(), Failure> {
    for record in records {
        for (number, made) in &record.tasks {
            let Some(task) = queue.task(&record.name, *number) else { continue };
            if task.state != TaskState::Failed {
                continue;
            }
            let tries = attempts::of(store, made, &record.run);
            for attempt in tries.into_iter().filter(|a| a.task == task.id && a.end.is_none()) {
                let end = End::Killed { state: task.word.clone() };
                attempts::close(store, made, &record.run, attempt, end)?;
            }
        }
    }
    Ok(())
}

/// The plan of a submission, for [`look`].
///
/// # Errors
/// A plan that cannot be read.
pub fn plan_of(store: &Path, run: &str) -> Result<Plan, Failure> {
    let snapshot = Snapshot::read(store, run)?;
    snapshot.plan()
}

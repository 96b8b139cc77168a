//! What became of a plan that was submitted: the store first, then the queue in one call, then the
//! records of tries.

use std::collections::BTreeMap;
use std::path::Path;

use super::attempts::{self, Attempt, End};
use super::queue::{FAILED_BEFORE, Queue, Task, TaskState};
use super::records::{Made, Record};
use super::snapshot::Snapshot;
use super::standing::{Line, State, Status, VERSION};
use crate::engine::graph::{Plan, Stage, Until};
use proofmark_base::store::{Holder, StageRecord, Store};
use proofmark_base::work::Failure;

/// Lines of a log that are shown of what failed.
const LINES: usize = 5;
/// Bytes at the end of a log in which they are looked for.
const TAIL: u64 = 8 << 10;

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
    (plan, until): (&Plan, Until),
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
        let blank = Line::new(stage.word(), &stage.name, Some(&stage.key));
        if let Some(folder) = store.find(stage.word(), &stage.key) {
            // What is in the store is done, whatever became of its jobs, whose tries are not read.
            let seconds = StageRecord::read(&folder).ok().flatten().map(|record| record.seconds);
            let log = tasks.last().map(|last| last.record.log(last.number));
            let log = log.filter(|log| log.is_file());
            stages.push(Line { state: State::Done, seconds, log, ..blank });
            continue;
        }
        let mut line = line(store.root(), tasks, blank);
        if line.state == State::Done {
            // Its job ended well: either this machine does not see the result yet, or it was removed.
            line.state = match store.find_fresh(stage.word(), &stage.key) {
                Some(_) => State::Done,
                None => State::NotSubmitted,
            };
            line.why = (line.state != State::Done).then(|| "its result was removed".to_owned());
        }
        if let Some(holder) = held(store, stage, &line) {
            line.state = State::Running;
            line.why = Some(format!("made by {holder}"));
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
    // What nobody asked for is not told as not submitted.
    let mut asked = plan.asked(until).into_iter();
    stages.retain(|_| asked.next().unwrap_or(true));
    let newest = records.iter().rev().find(|record| record.run == run);
    if let Some(report) = report {
        stages.push(line(store.root(), &[report], Line::new("report", "tables", None)));
    }
    let cluster = newest.map(|record| record.cluster.clone()).unwrap_or_default();
    let (format, version, run) = ("proofmark-status", VERSION, run.to_owned());
    Ok(Status { format, version, run, cluster, stages })
}

/// Who makes a stage that no job does, such as a run on another machine.
fn held(store: &Store, stage: &Stage, line: &Line) -> Option<Holder> {
    if line.state == State::Running {
        return None;
    }
    store.holder(stage.word(), &stage.key)
}

/// What the tasks of a stage say of it, the last that says something.
fn line(store: &Path, tasks: &[Known<'_>], blank: Line) -> Line {
    // The last task that makes the whole, and those of the last submission in shares, if there was one.
    let whole = tasks.iter().rev().find(|task| task.made.part().is_none());
    let shared = tasks.iter().rev().find(|task| task.made.part().is_some());
    let shared: Vec<Line> = shared.map_or(Vec::new(), |shared| {
        let of = tasks.iter().filter(|task| task.record.name == shared.record.name);
        of.map(|task| of_task(store, task, &blank)).collect()
    });
    let done = shared.iter().filter(|line| line.state == State::Done).count();
    let shares = (!shared.is_empty()).then_some((done, shared.len()));
    let whole = whole.map(|task| of_task(store, task, &blank));
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
    let told = whole.into_iter().chain(shared).min_by_key(|told| rank(told.state));
    Line { shares, ..told.unwrap_or(blank) }
}

/// What a task says of its stage.
fn of_task(store: &Path, known: &Known<'_>, blank: &Line) -> Line {
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
        state,
        why,
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
        ..blank.clone()
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
                let who = match task.is_held_by_slurm() {
                    true => "the same `run` releases it".to_owned(),
                    false => format!("`scontrol release {}` lets it go", task.id),
                };
                (State::Held, Some(format!("{}; {who}", task.reason)))
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
        FAILED_BEFORE => "what it needs has failed".to_owned(),
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

/// The plan of a submission and up to where it is carried out, for [`look`].
///
/// # Errors
/// A plan that cannot be read.
pub fn plan_of(store: &Path, run: &str) -> Result<(Plan, Until), Failure> {
    let snapshot = Snapshot::read(store, run)?;
    Ok((snapshot.plan()?, snapshot.until()))
}

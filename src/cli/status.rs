//! `status`, `logs` and `cancel`: what became of what was submitted to a cluster.

use std::path::Path;
use std::time::Duration;

use super::args::{CancelArgs, Format, LogsArgs, StatusArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::duration;
use super::project::{Stop, counted, ended};
use crate::engine::cluster::records::Record;
use crate::engine::cluster::slurm;
use crate::engine::cluster::standing::{Line, State, Status};
use crate::engine::cluster::status::{close_killed, look, plan_of, records_of};
use crate::engine::graph::{Plan, Until};
use proofmark_base::store::Store;
use proofmark_base::work::Failure;
use proofmark_lang::Sources;

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(10);

/// What was submitted of a file, to be looked at now and then.
pub struct Watched {
    store: Store,
    records: Vec<Record>,
    run: String,
    plan: (Plan, Until),
}

impl Watched {
    /// What was submitted last of an experiment file.
    ///
    /// # Errors
    /// A file that was not submitted.
    pub fn of(store: &Path, file: &Path) -> Result<Self, Failure> {
        let store = Store::open(store)?;
        let (records, run) = records_of(store.root(), file)?;
        let plan = plan_of(store.root(), &run)?;
        Ok(Self { store, records, run, plan })
    }

    /// How it stands now. What the queue says of jobs that were killed is kept.
    ///
    /// # Errors
    /// A store that cannot be read; a controller that does not answer.
    pub fn look(&self) -> Result<Status, Failure> {
        let queue = slurm::queue()?;
        close_killed(self.store.root(), &self.records, &queue)?;
        let (plan, until) = &self.plan;
        look(&self.store, &self.records, &self.run, (plan, *until), &queue)
    }
}

/// Says what became of what was submitted.
pub fn status(args: &StatusArgs, printer: Printer) -> Exit {
    let verb = || -> Result<Exit, Stop> {
        let watched = Watched::of(&args.store.store, &args.file)?;
        loop {
            let status = watched.look()?;
            match args.format {
                Format::Json => {
                    let text = serde_json::to_string_pretty(&status);
                    let text = text.map_err(|e| Failure::Internal(e.to_string()))?;
                    printer.data(&(text + "\n"));
                }
                Format::Text => printer.text(&text(&status, args.all)),
            }
            if !args.watch || !status.goes_on() {
                return Ok(exit(&status));
            }
            std::thread::sleep(LOOK);
        }
    };
    ended(verb(), &Sources::default(), printer)
}

/// How a command ends that tells of this: with an error if something failed, or nothing happens any
/// more although not all is done.
pub fn exit(status: &Status) -> Exit {
    let counts = status.counts();
    let has = |state: State| counts.contains_key(&state);
    match () {
        () if has(State::Failed) || has(State::Killed) || has(State::Never) => Exit::Failed,
        () if !status.goes_on() && counts.keys().any(|state| *state != State::Done) => {
            Exit::Interrupted
        }
        () => Exit::Ok,
    }
}

/// How many stages are in each state.
pub fn counts(status: &Status) -> String {
    let counts = status.counts();
    let words = counts.iter().map(|(state, n)| format!("{n} {}", state.words()));
    format!("{}: {}", status.cluster, words.collect::<Vec<_>>().join(", "))
}

/// All of it for people; what is done only where that is asked for.
pub fn text(status: &Status, all: bool) -> String {
    let mut text = counts(status) + "\n";
    let shown = |line: &&Line| all || line.state != State::Done;
    for line in status.stages.iter().filter(shown) {
        text += &format!("  {:<13} {}\n", line.state.words(), about(line));
        if matches!(line.state, State::Failed | State::Killed) {
            for last in &line.last_lines {
                text += &format!("                | {last}\n");
            }
            if let Some(log) = &line.log {
                text += &format!("                log: {}\n", log.display());
            }
        }
    }
    text
}

/// A stage, where it is, and why.
fn about(line: &Line) -> String {
    let mut text = format!("{} {}", line.kind, line.name);
    if let Some((done, of)) = line.shares {
        text += &format!(", {done} of {of} shares");
    }
    if line.state != State::Done {
        if let Some(task) = &line.task {
            text += &format!(", {task}");
        }
        if let Some(node) = &line.node {
            text += &format!(" on {node}");
        }
        if let Some(attempt) = line.attempt.filter(|attempt| *attempt > 1) {
            text += &format!(", try {attempt}");
        }
    }
    if let Some(progress) = line.progress.as_ref().filter(|progress| progress.total > 0) {
        text += &format!(", {}/{} {}", progress.done, progress.total, progress.unit);
        if !progress.status.is_empty() {
            text += &format!(" ({})", progress.status);
        }
        let left = progress.total.saturating_sub(progress.done) as f64;
        if let Some(seconds) = line.seconds.filter(|_| progress.own > 0 && left > 0.0) {
            let yet = seconds / progress.own as f64 * left;
            text += &format!(", about {} left", duration(yet));
        }
    } else if let Some(seconds) = line.seconds {
        text += &format!(", {}", duration(seconds));
    }
    if let Some(why) = &line.why {
        text += &format!(": {why}");
    }
    text
}

/// Prints what jobs printed.
pub fn logs(args: &LogsArgs, printer: Printer) -> Exit {
    let verb = || -> Result<Exit, Stop> {
        let status = Watched::of(&args.store.store, &args.file)?.look()?;
        let wanted = |line: &&Line| match &args.stage {
            Some(stage) => {
                *stage == line.name
                    || *stage == format!("{} {}", line.kind, line.name)
                    || *stage == line.kind
                    || line
                        .key
                        .as_ref()
                        .is_some_and(|key| stage.len() >= 8 && key.starts_with(stage))
            }
            None => matches!(line.state, State::Failed | State::Killed),
        };
        let lines: Vec<&Line> = status.stages.iter().filter(wanted).collect();
        if lines.is_empty() {
            let text = match &args.stage {
                Some(stage) => {
                    return Err(Failure::data(format!(
                        "there is no stage `{stage}`; `proofmark status {} --all` lists all",
                        args.file.display()
                    ))
                    .into());
                }
                None => "nothing has failed",
            };
            printer.line(text);
        }
        for line in lines {
            printer.line(&format!("== {} {}", line.kind, line.name));
            match &line.log {
                Some(log) => {
                    printer.line(&log.display().to_string());
                    let bytes = std::fs::read(log).map_err(|e| Failure::read(log, &e))?;
                    printer.text(&String::from_utf8_lossy(&bytes));
                }
                None => printer.line("no log: it has not begun, or was made elsewhere"),
            }
        }
        Ok(Exit::Ok)
    };
    ended(verb(), &Sources::default(), printer)
}

/// Takes what was submitted of a file out of the queue.
pub fn cancel(args: &CancelArgs, printer: Printer) -> Exit {
    let verb = || -> Result<Exit, Stop> {
        let watched = Watched::of(&args.store.store, &args.file)?;
        let entry = watched.records.iter().find(|record| record.run == watched.run);
        let entry = entry.map(|record| record.entry.clone());
        let queue = slurm::queue()?;
        let of_file = watched.records.iter().filter(|record| Some(&record.entry) == entry.as_ref());
        let tasks = of_file.flat_map(|record| {
            record.tasks.keys().filter_map(|number| queue.task(&record.name, *number))
        });
        let open: Vec<String> =
            tasks.filter(|task| task.state.is_open()).map(|task| task.id.clone()).collect();
        slurm::cancel(&open)?;
        printer.line(&format!(
            "{} cancelled; what they have done is kept, and the same `run` goes on from there",
            counted(open.len(), "task")
        ));
        Ok(Exit::Ok)
    };
    ended(verb(), &Sources::default(), printer)
}

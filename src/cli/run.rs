//! `run`, and its parts `prepare`, `train` and `evaluate`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::args::{PrepareArgs, ReportArgs, RunArgs};
use super::exit::Exit;
use super::lines::Lines;
use super::output::Printer;
use super::progress::duration;
use super::project::{Stop, counted, ended, session, with};
use super::reports::reports;
use super::run_progress::RunProgress;
use super::{claims, clusters, on, ranks};
use crate::engine::asked::Asked;
use crate::engine::graph::Until;
use crate::engine::ranks::lead::Leader;
use crate::engine::run::Ended;
use crate::engine::session::{Extras, How, Purpose};
use proofmark_base::width::Width;
use proofmark_base::work::Failure;
use proofmark_lang::clusters::Engine;
use proofmark_lang::model::DeviceChoice;
use proofmark_lang::{Loaded, Sources};
use proofmark_prepare::store::Share;

/// Carries a file out up to a stage.
pub fn run(args: &RunArgs, until: Until, printer: Printer) -> Exit {
    start(args, Task { until, part: Share::WHOLE, page: None }, printer)
}

/// Prepares the faces, or a share of them.
pub fn prepare(args: &PrepareArgs, printer: Printer) -> Exit {
    let part = args.shard.unwrap_or(Share::WHOLE);
    start(&args.run, Task { until: Until::Prepare, part, page: None }, printer)
}

/// Carries a file out, then prints and writes its tables.
pub fn report(args: &ReportArgs, printer: Printer) -> Exit {
    let page = Some(Extras { faces: args.faces, speed: args.speed });
    start(&args.run, Task { until: Until::Evaluate, part: Share::WHOLE, page }, printer)
}

/// What is to be done with a file.
#[derive(Clone, Copy)]
struct Task {
    until: Until,
    part: Share,
    /// How reports are written; none where none are.
    page: Option<Extras>,
}

fn start(args: &RunArgs, task: Task, printer: Printer) -> Exit {
    match begun(args.device) {
        Err(stop) => ended(Err(stop), &Sources::default(), printer),
        Ok((leader, stop)) => with(&args.file, printer, |loaded| {
            carry_out(args, (loaded, leader.as_ref()), task, &stop, printer)
        }),
    }
}

fn carry_out(
    args: &RunArgs,
    (loaded, leader): (&Loaded, Option<&Leader>),
    Task { until, part, page }: Task,
    stop: &AtomicBool,
    printer: Printer,
) -> Result<Exit, Stop> {
    let begun = Instant::now();
    // What is wrong with the clusters file is told before anything else is done.
    let on = &args.cluster;
    let cluster = on.on.as_ref().map(|name| clusters::find(name, on, printer)).transpose()?;
    let mut session = session(loaded, &args.store.store, Purpose::Running(stop), printer)?;
    let devices: Vec<DeviceChoice> = match cluster.as_ref().map(|of| (of, &of.engine)) {
        Some((cluster, Engine::Slurm(slurm))) => {
            let task = on::Task { args, until, page, stop };
            return on::submit(&task, &mut session, (cluster, slurm), printer);
        }
        Some((cluster, Engine::Local(local))) => {
            clusters::devices((cluster, local), (on, args.device), &args.file)?
        }
        None => cards(args.device, leader, printer),
    };
    let (jobs, device) = (args.jobs, args.device);
    let leader = leader.filter(|_| until > Until::Sample);
    let lead =
        leader.map(|leader| ranks::lead(leader, &session, &args.file, &devices)).transpose()?;
    let (fail_fast, lead) = (args.fail_fast, lead.as_ref());
    let how = How { jobs, fail_fast, part, device, devices: &devices, lead };
    if let Some(slowness) = Width::slowness() {
        printer.line(slowness);
    }
    let observer = Lines::new(printer, &loaded.sources, RunProgress::of(&session, until, how)?);
    let ended = session.run(until, how, &observer, stop)?;
    drop(observer);
    // What was stopped is to go on; tables come at its end.
    let checks = match page.filter(|_| ended.stopped == 0) {
        Some(page) => reports(&mut session, &args.reports, page, printer)?,
        None => Vec::new(),
    };
    if let Some(exit) = failures(&ended, printer) {
        return Ok(exit);
    }
    printer.line(&format!("done in {}", duration(begun.elapsed().as_secs_f64())));
    Ok(claims::exit(&checks))
}

/// Says how many stages failed, which were not run because of them, and how the command ends. None
/// if none failed.
pub(super) fn failures(ended: &Ended, printer: Printer) -> Option<Exit> {
    let exits: Vec<Exit> = ended.failed.iter().map(|(_, failure)| failure.into()).collect();
    let exit = *exits.first()?;
    let mut text = format!("{} failed", counted(ended.failed.len(), "stage"));
    if ended.stopped > 0 {
        text += &format!(", which stopped {} more", ended.stopped);
    }
    if !ended.not_run.is_empty() {
        text += &format!("; not run, because they need what failed: {}", ended.not_run.len());
        for (stage, because) in ended.not_run.iter().take(NOT_RUN) {
            text += &format!("\n  {stage} (needs {because})");
        }
        if ended.not_run.len() > NOT_RUN {
            text += &format!("\n  and {} more", ended.not_run.len() - NOT_RUN);
        }
    }
    printer.always(&text);
    Some(if exits.iter().all(|other| *other == exit) { exit } else { Exit::Failed })
}

/// Stages that were not run which are listed before the rest is counted.
const NOT_RUN: usize = 10;

/// All GPUs of this machine, where they are asked for and are several. Of several processes each has one of its own.
pub(super) fn cards(
    asked: Option<Asked>,
    leader: Option<&Leader>,
    printer: Printer,
) -> Vec<DeviceChoice> {
    let cards = asked.filter(|_| leader.is_none()).map(Asked::several).unwrap_or_default();
    if !cards.is_empty() {
        printer.line(&format!("{} GPUs, each with a model at a time", cards.len()));
    }
    cards
}

/// What several processes and signals make of a verb that trains: the other processes, if there are any and
/// this is the first, and a flag that is set to stop.
///
/// # Errors
/// As [`ranks::leader`].
pub(super) fn begun(device: Option<Asked>) -> Result<(Option<Leader>, Arc<AtomicBool>), Stop> {
    let stop = stop_on_signal()?;
    // Of several processes, the others do no more than train.
    Ok((ranks::leader(device, &stop)?, stop))
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
pub(super) fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    })
    .map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(stop)
}

//! `run`, and its parts `prepare`, `train` and `evaluate`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::args::{PrepareArgs, RunArgs};
use super::claims;
use super::exit::Exit;
use super::lines::{Lines, whole};
use super::output::Printer;
use super::progress::{StageProgress, bars, duration};
use super::project::{Purpose, checked, failed, planned, print_missing};
use crate::engine::device::Devices;
use crate::engine::findings::{describe, gather};
use crate::engine::page::content;
use crate::engine::run::{Run, Until, default_jobs};
use crate::engine::tables;
use crate::lang::Loaded;
use crate::prepare::store::Part;
use crate::report::terminal;
use crate::work::{Failure, Silent};

/// Carries a file out up to a stage.
pub fn run(args: &RunArgs, until: Until, printer: Printer) -> Exit {
    start(args, Task { until, part: Part::WHOLE, report: false }, printer)
}

/// Prepares the faces, or a share of them.
pub fn prepare(args: &PrepareArgs, printer: Printer) -> Exit {
    let part = args.shard.unwrap_or(Part::WHOLE);
    start(&args.run, Task { until: Until::Prepare, part, report: false }, printer)
}

/// Carries a file out, then prints and writes its tables.
pub fn report(args: &RunArgs, printer: Printer) -> Exit {
    start(args, Task { until: Until::Evaluate, part: Part::WHOLE, report: true }, printer)
}

/// What is to be done with a file.
#[derive(Clone, Copy)]
struct Task {
    until: Until,
    part: Part,
    report: bool,
}

fn start(args: &RunArgs, task: Task, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match carry_out(args, &loaded, task, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn carry_out(
    args: &RunArgs,
    loaded: &Loaded,
    Task { until, part, report }: Task,
    printer: Printer,
) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let stop = stop_on_signal()?;
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let mut planned = planned(loaded, &args.store.store, &looking, Purpose::Running(printer))?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let devices = match until {
        Until::Prepare | Until::Sample => Devices::default(),
        Until::Train | Until::Evaluate => Devices::open(args.device, &loaded.project)?,
    };
    let jobs = args.jobs.unwrap_or_else(|| default_jobs(&loaded.project));
    let observer = Lines::new(printer, whole(loaded, &planned, until, jobs)?);
    Run {
        project: &loaded.project,
        world: &planned.world,
        plan: &planned.plan,
        store: &planned.store,
        devices: &devices,
        observer: &observer,
        jobs,
        part,
        stop: &stop,
    }
    .until(until)?;
    let mut checks = Vec::new();
    if report {
        let project = &loaded.project;
        let mut findings = gather(project, &planned.world, &planned.plan, &planned.store)?;
        let (world, store) = (&mut planned.world, &planned.store);
        describe(&mut findings, project, &args.file, world, store, &Silent)?;
        for table in &project.tables {
            let evidence = tables::evidence(&findings, table)?;
            let data = tables::make(project, table, &evidence)?;
            printer.text(&terminal::render(&data, printer.out));
            let content = content(loaded, table, &evidence, (&data, &findings))?;
            let files = tables::write(&content, &args.reports, &tables::stem(project, &data.name))?;
            let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            printer.line(&format!("written: {}", names.join(", ")));
            checks.extend(claims::checks(loaded, table, &data));
        }
    }
    printer.line(&format!("done in {}", duration(begun.elapsed().as_secs_f64())));
    Ok(claims::exit(&checks))
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

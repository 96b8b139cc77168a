//! `run`, and its parts `prepare`, `train` and `evaluate`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::args::RunArgs;
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars, duration};
use super::project::{checked, failed, planned, print_missing};
use indicatif::MultiProgress;

use crate::data::statistics::Statistics;
use crate::engine::device::Devices;
use crate::engine::run::{Observer, Run, Until, default_jobs};
use crate::engine::tables;
use crate::lang::Loaded;
use crate::plan::graph::Stage;
use crate::report::terminal;
use crate::work::{Events, Failure};

/// Carries a file out up to a stage; `report` prints and writes its tables, too.
pub fn run(args: &RunArgs, until: Until, report: bool, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match carry_out(args, &loaded, until, report, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn carry_out(
    args: &RunArgs,
    loaded: &Loaded,
    until: Until,
    report: bool,
    printer: Printer,
) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let stop = stop_on_signal()?;
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let planned = planned(loaded, &args.store.store, Some((&looking, printer)))?;
    looking.finish();
    let Some(planned) = planned else { return Ok(Exit::Invalid) };
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let devices = match until {
        Until::Prepare => Devices::default(),
        Until::Train | Until::Evaluate => Devices::open(args.device, &loaded.project)?,
    };
    let observer = Lines { printer, bars: bars(printer) };
    Run {
        project: &loaded.project,
        world: &planned.world,
        plan: &planned.plan,
        store: &planned.store,
        devices: &devices,
        observer: &observer,
        jobs: args.jobs.unwrap_or_else(|| default_jobs(&loaded.project)),
        stop: &stop,
    }
    .until(until)?;
    if report {
        for table in &loaded.project.tables {
            let data = tables::make(
                &loaded.project,
                table,
                &planned.world,
                &planned.plan,
                &planned.store,
            )?;
            printer.data(&terminal::render(&data, false));
            let files = tables::write(&data, &args.reports)?;
            let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            printer.line(&format!("written: {}", names.join(", ")));
        }
    }
    printer.line(&format!("done in {}", duration(begun.elapsed().as_secs_f64())));
    Ok(Exit::Ok)
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
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

/// Tells about stages in lines on stderr, above the bars of those that run.
struct Lines {
    printer: Printer,
    bars: MultiProgress,
}

impl Lines {
    fn line(&self, text: &str) {
        self.bars.suspend(|| self.printer.line(text));
    }
}

impl Observer for Lines {
    fn begin(&self, stage: &Stage, number: usize, of: usize) -> Box<dyn Events> {
        self.line(&format!("[{number}/{of}] {} {}", stage.kind.word(), stage.name));
        Box::new(StageProgress::new(self.printer, stage.name.clone(), self.bars.clone()))
    }

    fn end(&self, stage: &Stage, seconds: Option<f64>) {
        if let Some(seconds) = seconds {
            let (word, name) = (stage.kind.word(), &stage.name);
            self.line(&format!("  {word} {name} done in {}", duration(seconds)));
        }
    }

    fn sampled(&self, _stage: &Stage, counts: &Statistics) {
        self.line(counts.text().trim_end());
    }

    fn prepared(&self, _stage: &Stage, summary: &str) {
        self.line(&format!("  {summary}"));
    }
}

//! `run`, and its parts `prepare`, `train` and `evaluate`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::args::{PrepareArgs, RunArgs};
use super::claims;
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars, duration};
use super::project::{Planned, checked, failed, planned, print_missing};
use super::size::{Known, size};
use super::whole::Whole;
use crate::data::survey::SetTable;
use crate::engine::device::Devices;
use crate::engine::findings::{describe, gather};
use crate::engine::page::content;
use crate::engine::run::{Observer, Run, Until, default_jobs};
use crate::engine::tables;
use crate::lang::Loaded;
use crate::plan::graph::Stage;
use crate::prepare::store::Part;
use crate::report::{statistics, terminal};
use crate::work::{Events, Failure, Silent};

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
    let mut planned = planned(loaded, &args.store.store, &looking, Some(printer))?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let devices = match until {
        Until::Prepare => Devices::default(),
        Until::Train | Until::Evaluate => Devices::open(args.device, &loaded.project)?,
    };
    let jobs = args.jobs.unwrap_or_else(|| default_jobs(&loaded.project));
    let bars = bars(printer);
    let whole = Mutex::new(State::new(whole(loaded, &planned, until, jobs)?, &bars));
    let observer = Lines { printer, bars, whole };
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
            printer.data(&terminal::render(&data, printer.out));
            let content = content(loaded, table, &evidence, (&data, &findings))?;
            let files = tables::write(&content, &args.reports)?;
            let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            printer.line(&format!("written: {}", names.join(", ")));
            checks.extend(claims::checks(loaded, table, &data));
        }
    }
    printer.line(&format!("done in {}", duration(begun.elapsed().as_secs_f64())));
    Ok(claims::exit(&checks))
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

/// What is known of the whole run before it begins.
fn whole(loaded: &Loaded, planned: &Planned, until: Until, jobs: usize) -> Result<Whole, Failure> {
    let mut whole = Whole::new(jobs);
    let mut known = Known::default();
    for stage in planned.plan.stages.iter().filter(|stage| until.includes(stage.kind)) {
        if planned.store.find(stage.kind.word(), &stage.key).is_some() {
            whole.add(stage, None);
            continue;
        }
        let size = size(stage, loaded, planned, &mut known)?;
        if size.operations.is_some() {
            whole.expect(stage.kind, 1.0 / known.speed(size.width));
        }
        whole.add(stage, Some(size.amount()));
    }
    Ok(whole)
}

/// The whole run as far as it has come, and the line that shows it on a terminal.
struct State {
    whole: Whole,
    running: usize,
    bar: ProgressBar,
}

impl State {
    fn new(whole: Whole, bars: &MultiProgress) -> Self {
        let style = ProgressStyle::with_template("{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = bars.add(ProgressBar::new_spinner().with_style(style));
        Self { whole, running: 0, bar }
    }

    /// Draws the line anew.
    fn show(&self) {
        let (done, of) = (self.whole.done(), self.whole.stages());
        let words = self.whole.words(self.running);
        let words = if words.is_empty() { words } else { format!("; {words}") };
        self.bar.set_message(format!("{done} of {of} stages done{words}"));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Tells about stages in lines on stderr, above the bars of those that run and the line of the
/// whole.
struct Lines {
    printer: Printer,
    bars: MultiProgress,
    whole: Mutex<State>,
}

impl Lines {
    fn line(&self, text: &str) {
        self.bars.suspend(|| self.printer.line(text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Lines {
    fn begin(&self, stage: &Stage, number: usize, of: usize) -> Box<dyn Events> {
        let words = {
            let mut state = self.state();
            state.running += 1;
            state.show();
            state.whole.words(state.running)
        };
        // A terminal has its own line for what is next.
        let words = match words.is_empty() || self.printer.live {
            true => String::new(),
            false => format!("; {words}"),
        };
        self.line(&format!("[{number}/{of}] {} {}{words}", stage.kind.word(), stage.name));
        Box::new(StageProgress::new(self.printer, stage.name.clone(), self.bars.clone()))
    }

    fn end(&self, stage: &Stage, seconds: Option<f64>) {
        {
            let mut state = self.state();
            // What was in the store never began.
            state.running -= usize::from(seconds.is_some()).min(state.running);
            state.whole.end(stage, seconds);
            state.show();
        }
        if let Some(seconds) = seconds {
            let (word, name) = (stage.kind.word(), &stage.name);
            self.line(&format!("  {word} {name} done in {}", duration(seconds)));
        }
    }

    fn sampled(&self, _stage: &Stage, counts: &SetTable) {
        self.line(statistics::text::table(counts, self.printer.err).trim_end());
    }

    fn prepared(&self, _stage: &Stage, summary: &str) {
        self.line(&format!("  {summary}"));
    }
}

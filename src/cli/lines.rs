//! What a run tells of its stages, and of itself as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::{Printer, disk_hint};
use super::progress::{StageProgress, bars, duration};
use super::project::Planned;
use super::size::{Known, size};
use super::told::words;
use super::whole::Whole;
use crate::engine::run::{Observer, Until};
use proofmark_base::work::{Events, Failure};
use proofmark_data::survey::SetTable;
use proofmark_lang::{Loaded, Sources};
use proofmark_plan::graph::Stage;
use proofmark_report::statistics;

/// What is known of the whole run before it begins.
pub fn whole(
    loaded: &Loaded,
    planned: &Planned,
    until: Until,
    jobs: usize,
) -> Result<Whole, Failure> {
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
pub struct Lines<'a> {
    printer: Printer,
    sources: &'a Sources,
    bars: MultiProgress,
    whole: Mutex<State>,
}

impl<'a> Lines<'a> {
    /// Lines about the stages of a run of the project that these sources declare.
    pub fn new(printer: Printer, sources: &'a Sources, whole: Whole) -> Self {
        let bars = bars(printer);
        let whole = Mutex::new(State::new(whole, &bars));
        Self { printer, sources, bars, whole }
    }

    fn line(&self, text: &str) {
        self.bars.suspend(|| self.printer.line(text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Lines<'_> {
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

    fn failed(&self, stage: &Stage, failure: &Failure) {
        {
            let mut state = self.state();
            state.running = state.running.saturating_sub(1);
            state.show();
        }
        // That all was stopped is told once, at the end.
        if !matches!(failure, Failure::Interrupted) {
            let why = words(failure, self.sources, self.printer);
            let text = format!("{} {} failed: {why}", stage.kind.word(), stage.name);
            let hint = disk_hint(&text);
            self.bars.suspend(|| self.printer.error(&text, hint.as_deref()));
        }
    }

    fn prepared(&self, _stage: &Stage, summary: &str) {
        self.line(&format!("  {summary}"));
    }
}

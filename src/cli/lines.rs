//! What a run tells of its stages, and of itself as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::{Printer, disk_hint};
use super::progress::{StageProgress, bars, duration};
use super::run_progress::RunProgress;
use super::told::words;
use crate::engine::graph::{Stage, Told};
use crate::engine::run::Observer;
use proofmark_base::work::{Events, Failure};
use proofmark_lang::Sources;
use proofmark_report::statistics;

/// The whole run as far as it has come, and the line that shows it on a terminal.
struct State {
    whole: RunProgress,
    bar: ProgressBar,
}

impl State {
    fn new(whole: RunProgress, bars: &MultiProgress) -> Self {
        let style = ProgressStyle::with_template("{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = bars.add(ProgressBar::new_spinner().with_style(style));
        Self { whole, bar }
    }

    /// Draws the line anew.
    fn show(&self) {
        let words = self.whole.words();
        let words = if words.is_empty() { words } else { format!("; {words}") };
        self.bar.set_message(self.whole.counts() + &words);
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
    pub fn new(printer: Printer, sources: &'a Sources, whole: RunProgress) -> Self {
        let bars = bars(printer);
        let whole = Mutex::new(State::new(whole, &bars));
        Self { printer, sources, bars, whole }
    }

    /// A line of its own.
    pub fn line(&self, text: &str) {
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
            state.whole.begin(stage);
            state.show();
            state.whole.words()
        };
        // A terminal has its own line for what is next.
        let words = match words.is_empty() || self.printer.live {
            true => String::new(),
            false => format!("; {words}"),
        };
        self.line(&format!("[{number}/{of}] {}{words}", stage.title()));
        Box::new(StageProgress::new(self.printer, stage.name.clone(), self.bars.clone()))
    }

    fn end(&self, stage: &Stage, seconds: Option<f64>) {
        {
            let mut state = self.state();
            state.whole.end(stage, seconds);
            state.show();
        }
        if let Some(seconds) = seconds {
            self.line(&format!("  {} done in {}", stage.title(), duration(seconds)));
        }
    }

    fn failed(&self, stage: &Stage, failure: &Failure) {
        {
            let mut state = self.state();
            state.whole.fail(stage);
            state.show();
        }
        // That all was stopped is told once, at the end.
        if !matches!(failure, Failure::Interrupted) {
            let why = words(failure, self.sources, self.printer);
            let text = format!("{} failed: {why}", stage.title());
            self.bars.suspend(|| self.printer.error(&text, disk_hint(&text).as_deref()));
        }
    }

    fn told(&self, _stage: &Stage, told: &Told) {
        match told {
            Told::Nothing => {}
            Told::Line(text) => self.line(&format!("  {text}")),
            Told::Sampled(counts) => {
                self.line(statistics::text::table(counts, self.printer.err).trim_end());
            }
            Told::Left(videos) => self.line(&format!("  {videos} videos are left to others")),
        }
    }
}

//! Progress: a bar on a terminal, a line now and then without one.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Printer;
use super::verbose::above;
use proofmark_base::work::Events;

/// Time between lines when there is no terminal.
const QUIET_INTERVAL: Duration = Duration::from_secs(30);

/// Room for the bars of stages that run at the same time.
pub fn bars(printer: Printer) -> MultiProgress {
    let bars = MultiProgress::with_draw_target(match printer.live {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    });
    above(&bars);
    bars
}

/// Draws the progress of one stage.
pub struct StageProgress {
    printer: Printer,
    bars: MultiProgress,
    label: String,
    /// Whether notes stand without the label.
    plain: bool,
    state: Mutex<State>,
}

struct State {
    bar: ProgressBar,
    unit: &'static str,
    status: String,
    total: u64,
    done: u64,
    /// Work that was done before this process began: it says nothing about speed.
    skipped: Option<u64>,
    begun: Instant,
    told: Instant,
}

impl StageProgress {
    /// Progress of looking at data, whose notes say themselves what they are of.
    pub fn of_data(printer: Printer) -> Self {
        let mut progress = Self::new(printer, "data".to_owned(), bars(printer));
        progress.plain = true;
        progress
    }

    /// Progress of the stage called `label`.
    pub fn new(printer: Printer, label: String, bars: MultiProgress) -> Self {
        let now = Instant::now();
        let bar = ProgressBar::hidden();
        let state = State {
            bar,
            unit: "",
            status: String::new(),
            total: 0,
            done: 0,
            skipped: None,
            begun: now,
            told: now,
        };
        Self { printer, bars, label, plain: false, state: Mutex::new(state) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.state().bar.finish_and_clear();
    }
}

impl Events for StageProgress {
    fn begin(&self, unit: &'static str, total: u64) {
        let mut state = self.state();
        state.bar.finish_and_clear();
        (state.unit, state.total, state.done, state.skipped) = (unit, total, 0, None);
        state.status.clear();
        (state.begun, state.told) = (Instant::now(), Instant::now());
        if self.printer.live {
            let style = ProgressStyle::with_template(&format!(
                "  {{prefix}} [{{bar:30}}] {{human_pos}}/{{human_len}} {unit}, {{per_sec}}, \
                 {{eta}} left  {{wide_msg}}"
            ))
            .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total)
                .with_style(style.progress_chars("=> "))
                .with_prefix(self.label.clone());
            state.bar = self.bars.add(bar);
        }
    }

    fn advance(&self, done: u64) {
        let mut state = self.state();
        state.done += done;
        state.bar.inc(done);
        if self.printer.live || state.told.elapsed() < QUIET_INTERVAL {
            return;
        }
        state.told = Instant::now();
        let skipped = state.skipped.unwrap_or(0);
        let seconds = state.begun.elapsed().as_secs_f64();
        let rate = (state.done - skipped) as f64 / seconds;
        let left = (state.total.saturating_sub(state.done)) as f64 / rate.max(1e-9);
        let status = if state.status.is_empty() { "" } else { "; " };
        self.printer.line(&format!(
            "  {}: {} of {} {}, {rate:.1} a second, {} left{status}{}",
            self.label,
            state.done,
            state.total,
            state.unit,
            duration(left),
            state.status
        ));
    }

    fn status(&self, text: &str) {
        let mut state = self.state();
        text.clone_into(&mut state.status);
        state.bar.set_message(text.to_owned());
    }

    fn resume(&self, done: u64) {
        let mut state = self.state();
        state.done += done;
        state.skipped = Some(done);
        state.bar.set_position(done);
        state.bar.reset_eta();
    }

    fn note(&self, text: &str) {
        let line = match self.plain {
            true => text.to_owned(),
            false => format!("  {}: {text}", self.label),
        };
        self.bars.suspend(|| self.printer.line(&line));
    }
}

impl Drop for StageProgress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Seconds in words: `12 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(seconds: f64) -> String {
    let s = seconds.round().max(0.0) as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(duration(0.4), "0 s");
        assert_eq!(duration(59.6), "1 min 00 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
        assert_eq!(duration(-3.0), "0 s");
    }
}

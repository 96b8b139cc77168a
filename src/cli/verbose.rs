//! `-v`: what is decided and why, one line each on stderr, above the bars of what runs.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::prelude::*;

use super::output::Printer;
use proofmark_text::show::shown;

/// The bars that are on the screen, if any are.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// From now on lines stand above these bars.
pub fn above(bars: &MultiProgress) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = Some(bars.clone());
}

/// Tells what the rooms of Proofmark decide from now on: with one `-v` what concerns a stage, with
/// two what concerns a file.
pub fn begin(verbose: u8, printer: Printer) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // Times would make no two runs alike; what took long is told with its seconds.
    let lines = layer().with_ansi(false).with_target(false).with_level(false).without_time();
    // Libraries have a word for much that nobody asked about.
    let ours = filter_fn(|about| about.target().starts_with("proofmark"));
    let lines = lines.with_writer(Lines(printer)).with_filter(ours);
    // Only a second call would fail, and there is none.
    let _ = tracing_subscriber::registry().with(lines.with_filter(level)).try_init();
}

/// Gives every event a writer of its own.
struct Lines(Printer);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.0, Vec::new())
    }
}

/// An event, which is printed when all of it is there.
struct Line(Printer, Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.1);
        // A name with the end of a line in it makes no line of its own.
        let print = || self.0.always(&format!("· {}", shown(text.trim_end())));
        let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

//! The only place that prints: data on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// Whether only errors and data are printed.
    pub quiet: bool,
    /// Whether stderr shows colours.
    pub color: bool,
    /// Whether stderr is a terminal that shows progress.
    pub live: bool,
}

impl Printer {
    /// From the process's surroundings: `NO_COLOR` and terminals.
    pub fn new(quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self { quiet, color: terminal && !plain, live: terminal && !quiet }
    }

    /// Data: to stdout as it is. A reader that has gone away is no error.
    pub fn data(&self, text: &str) {
        let mut out = io::stdout().lock();
        // Nothing sensible is left to do when stdout is closed.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// A line about the work, unless `--quiet`.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// A message that is always shown.
    pub fn always(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// An error with an optional hint.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        let label = if self.color { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        self.always(&format!("{label} {text}"));
        if let Some(hint) = hint {
            self.always(&format!("\nhint: {hint}"));
        }
    }
}

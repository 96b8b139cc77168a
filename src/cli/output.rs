//! The only place that prints: data on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};

use console::Term;

use crate::report::lines::Screen;

/// Lines of fewer characters than this hold no number beside its row.
const NARROWEST: usize = 60;

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// Whether only errors and data are printed.
    pub quiet: bool,
    /// What stdout is.
    pub out: Screen,
    /// What stderr is.
    pub err: Screen,
    /// Whether stderr is a terminal that shows progress.
    pub live: bool,
}

impl Printer {
    /// From the process's surroundings: `NO_COLOR`, terminals and their widths.
    pub fn new(quiet: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let screen = |terminal: bool, size: Option<(u16, u16)>| match (terminal, size) {
            (false, _) => Screen::PLAIN,
            (true, size) => Screen {
                width: size
                    .map_or(Screen::PLAIN.width, |(_, columns)| columns.into())
                    .max(NARROWEST),
                color: !plain,
            },
        };
        let terminal = io::stderr().is_terminal();
        Self {
            quiet,
            out: screen(io::stdout().is_terminal(), Term::stdout().size_checked()),
            err: screen(terminal, Term::stderr().size_checked()),
            live: terminal && !quiet,
        }
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
        let label = if self.err.color { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        self.always(&format!("{label} {text}"));
        if let Some(hint) = hint {
            self.always(&format!("\nhint: {hint}"));
        }
    }
}

//! What verbs begin with, a checked file and its session, and how they end.

use std::path::Path;

use super::exit::Exit;
use super::output::Printer;
use super::progress::StageProgress;
use super::told::{failed, print_missing};
use crate::engine::session::{Purpose, Session};
use proofmark_base::work::Failure;
use proofmark_lang::render::{Style, text};
use proofmark_lang::{Diagnostic, DiskFiles, Loaded, Severity, Sources, load};

/// Loads a file and prints what is wrong with it. None if that stops everything.
pub fn checked(file: &Path, printer: Printer) -> Option<Loaded> {
    let loaded = load(file, &DiskFiles);
    print(&loaded, printer);
    (!loaded.has_errors()).then_some(loaded)
}

/// Prints the diagnostics of a file to stderr, with a count; with `--quiet` errors alone.
pub fn print(loaded: &Loaded, printer: Printer) {
    let shown = |d: &&Diagnostic| !printer.quiet || d.severity == Severity::Error;
    let shown: Vec<Diagnostic> = loaded.diagnostics.iter().filter(shown).cloned().collect();
    if shown.is_empty() {
        return;
    }
    let style = Style { width: printer.err.width, color: printer.err.color };
    printer.always(text(&shown, &loaded.sources, style).trim_end());
    printer.always(&format!("\n{}", count(loaded)));
}

/// `1 table`, `2 tables`.
pub fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// How many errors and warnings there are.
fn count(loaded: &Loaded) -> String {
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let warnings = loaded.diagnostics.len() - errors;
    let mut text = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| counted(n, word))
        .collect::<Vec<_>>()
        .join(" and ");
    if loaded.omitted > 0 {
        text += &format!(", and {} more that are not shown", loaded.omitted);
    }
    text
}

/// How a verb ends before it is done.
pub enum Stop {
    /// With what was printed.
    Exit(Exit),
    /// With a failure that is still to be printed.
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(failure: E) -> Self {
        Self::Failure(failure.into())
    }
}

/// Does with a file what a verb does, if it has no errors.
pub fn with(
    file: &Path,
    printer: Printer,
    verb: impl FnOnce(&Loaded) -> Result<Exit, Stop>,
) -> Exit {
    match checked(file, printer) {
        None => Exit::Invalid,
        Some(loaded) => ended(verb(&loaded), &loaded.sources, printer),
    }
}

/// How a verb ends. `sources` are those of the project, if it is of one.
pub fn ended(verb: Result<Exit, Stop>, sources: &Sources, printer: Printer) -> Exit {
    match verb {
        Ok(exit) | Err(Stop::Exit(exit)) => exit,
        Err(Stop::Failure(failure)) => failed(&failure, sources, printer),
    }
}

/// Looks at the world of a file. What is missing is printed and ends the verb.
pub fn session<'a>(
    loaded: &'a Loaded,
    store: &Path,
    purpose: Purpose<'_>,
    printer: Printer,
) -> Result<Session<'a>, Stop> {
    let session = look(loaded, store, purpose, printer)?;
    if session.world().missing.is_empty() {
        return Ok(session);
    }
    print_missing(session.world(), &loaded.sources, printer);
    Err(Stop::Exit(Exit::Data))
}

/// Looks at the world of a file, whatever is missing in it.
pub fn look<'a>(
    loaded: &'a Loaded,
    store: &Path,
    purpose: Purpose<'_>,
    printer: Printer,
) -> Result<Session<'a>, Failure> {
    let looking = StageProgress::of_data(printer);
    let session = Session::open(loaded, store, purpose, &looking);
    looking.finish();
    session
}

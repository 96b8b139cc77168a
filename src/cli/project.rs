//! What several verbs begin with: a checked project, a store.

use std::path::Path;

use super::output::Printer;
pub use super::told::{failed, print_missing};
use crate::engine::world::{World, look};
use crate::engine::{enough, leaks, weights};
use proofmark_lang::render::{Style, text};

use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_lang::{Diagnostic, DiskFiles, Loaded, Severity, load};
use proofmark_plan::graph::{Plan, plan};

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

/// A project together with the world it is planned in.
pub struct Planned {
    /// The store.
    pub store: Store,
    /// Data and weights.
    pub world: World,
    /// The stages.
    pub plan: Plan,
}

/// What a plan is made for.
#[derive(Clone, Copy)]
pub enum Purpose {
    /// To show what there is of it.
    Results,
    /// To say what would run.
    Saying(Printer),
    /// To carry it out.
    Running(Printer),
}

/// Looks at the world and plans. What is to run must have enough data; its weights are
/// downloaded, once the data are there. Data that are missing are listed in the world.
///
/// # Errors
/// Data that are not enough or on both sides of a division; a store that cannot be used.
pub fn planned(
    loaded: &Loaded,
    store: &Path,
    events: &dyn Events,
    purpose: Purpose,
) -> Result<Planned, Failure> {
    let store = Store::open(store)?;
    let mut world = look(&loaded.project, &store, events)?;
    if world.missing.is_empty() {
        let notes = leaks::look(&loaded.project, &world)?;
        world.notes.extend(notes);
        let enough = || enough::look(&loaded.project, &world);
        let download = match purpose {
            Purpose::Results => false,
            Purpose::Saying(printer) => {
                print_notes(&world, printer);
                enough()?;
                false
            }
            Purpose::Running(printer) => {
                print_notes(&world, printer);
                enough()?;
                true
            }
        };
        world.find_weights(&loaded.project, &store, download, events)?;
        weights::look(&loaded.project, &mut world)?;
    }
    let plan = plan(&loaded.project, &world.facts);
    Ok(Planned { store, world, plan })
}

/// Prints what was found of the data sets and noticed in them.
pub fn print_notes(world: &World, printer: Printer) {
    for scan in world.scans.values() {
        let report = &scan.report;
        for note in report.summary().into_iter().chain(report.notes()) {
            printer.line(&format!("data set {}: {note}", report.dataset));
        }
    }
    world.notes.iter().for_each(|note| printer.line(note));
}

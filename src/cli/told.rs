//! What went wrong, as it is told: in words, and at the lines of the declarations it is about.

use std::collections::BTreeMap;

use super::exit::Exit;
use super::output::{Printer, disk_hint};
use crate::engine::world::{Sought, World};
use proofmark_base::work::Failure;
use proofmark_lang::Sources;
use proofmark_lang::render::{Style, drawing};

/// A failure in words, with the lines of the declarations that it is about below the first line.
pub fn words(failure: &Failure, sources: &Sources, printer: Printer) -> String {
    let text = failure.to_string();
    let style = Style { width: printer.err.width, color: printer.err.color };
    let marks = failure.marks().iter().map(|mark| (mark.origin, mark.text.as_str()));
    let drawn = drawing(marks, sources, style);
    if drawn.is_empty() {
        return text;
    }
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first}\n{drawn}{rest}"),
        None => format!("{text}\n{}", drawn.trim_end()),
    }
}

/// Prints a failure and gives its exit code. `sources` are those of the project, if it is one that
/// failed.
pub fn failed(failure: &Failure, sources: &Sources, printer: Printer) -> Exit {
    if let Failure::Interrupted = failure {
        printer.always(&failure.to_string());
        return Exit::Interrupted;
    }
    let hint = disk_hint(&failure.to_string());
    printer.error(&words(failure, sources, printer), hint.as_deref());
    // Whatever could not be kept: nothing is wrong with the data.
    if hint.is_some() { Exit::Failed } else { Exit::from(failure) }
}

/// Prints what was looked for and is not there.
pub fn print_missing(world: &World, sources: &Sources, printer: Printer) {
    let mut counts: BTreeMap<Sought, usize> = BTreeMap::new();
    for missing in &world.missing {
        printer.error(&words(&missing.why, sources, printer), None);
        *counts.entry(missing.what).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(what, n)| what.counted(n)).collect();
    printer.always(&format!("\n{} cannot be read; nothing was run", counts.join(" and ")));
}

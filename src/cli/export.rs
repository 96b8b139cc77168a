//! `export`: keys of videos, and scores, as CSV.

use std::path::Path;

use super::args::{ExportArgs, ExportWhat};
use super::exit::Exit;
use super::output::Printer;
use super::project::{Stop, look, with};
use super::told::print_missing;
use crate::engine::export::{Wanted, keys, predictions};
use crate::engine::session::Purpose;
use proofmark_base::store::write_whole;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;

/// Prints or writes what is asked for; runs nothing.
pub fn export(args: &ExportArgs, printer: Printer) -> Exit {
    let (ExportWhat::Keys(of) | ExportWhat::Predictions { of, .. }) = &args.what;
    with(&of.file, printer, |loaded| made(args, loaded, printer))
}

fn made(args: &ExportArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let (ExportWhat::Keys(of) | ExportWhat::Predictions { of, .. }) = &args.what;
    let session = look(loaded, &of.store.store, Purpose::Results, printer)?;
    let world = session.world();
    let mut wanted = Wanted {
        dataset: of.dataset.as_deref(),
        split: of.split.map(Into::into),
        experiment: None,
    };
    let text = match &args.what {
        // Keys of the data sets that are there need no others, and no weights.
        ExportWhat::Keys(_) if world.scans.is_empty() => None,
        ExportWhat::Keys(_) => Some(keys(&loaded.project, world, &wanted)?),
        ExportWhat::Predictions { .. } if !world.missing.is_empty() => None,
        ExportWhat::Predictions { experiment, .. } => {
            wanted.experiment = experiment.as_deref();
            Some(predictions(session.plan(), session.store(), &wanted)?)
        }
    };
    let Some(text) = text else {
        print_missing(world, &loaded.sources, printer);
        return Ok(Exit::Data);
    };
    give(of.out.as_deref(), &text, printer)?;
    Ok(Exit::Ok)
}

fn give(out: Option<&Path>, text: &str, printer: Printer) -> Result<(), Failure> {
    match out {
        None => printer.data(text),
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            let rows = text.lines().count().saturating_sub(1);
            printer.line(&format!("written: {} ({rows} rows)", path.display()));
        }
    }
    Ok(())
}

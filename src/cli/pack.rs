//! `pack` and `replay`: results without the data, and the tables from them again.

use super::args::{PackArgs, ReplayArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{Purpose, checked, failed, planned, print, print_missing};
use crate::engine::findings::{describe, gather};
use crate::engine::pack::{self, Pack, Rebuilt, Replayed, rebuild};
use crate::engine::page::content;
use crate::engine::run::unfinished;
use crate::engine::tables;
use proofmark_base::work::Failure;
use proofmark_lang::{Loaded, Sources};
use proofmark_report::table::TableData;
use proofmark_report::terminal;

/// Packs the results of a file.
pub fn pack(args: &PackArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match make(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, &loaded.sources, printer),
    }
}

fn make(args: &PackArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Failure> {
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let mut planned = planned(loaded, &args.store.store, &looking, Purpose::Results)?;
    if !planned.world.missing.is_empty() {
        looking.finish();
        print_missing(&planned.world, &loaded.sources, printer);
        return Ok(Exit::Data);
    }
    let unfinished = unfinished(&planned.plan, &planned.store);
    if !unfinished.is_empty() {
        return Err(Failure::data(format!(
            "{} of {} stages have not run, so that there is nothing whole to pack; `proofmark run \
             {}` runs them",
            unfinished.len(),
            planned.plan.stages.len(),
            args.file.display()
        )));
    }
    let project = &loaded.project;
    let mut findings = gather(project, &planned.world, &planned.plan, &planned.store)?;
    let (world, store) = (&mut planned.world, &planned.store);
    describe(&mut findings, project, &args.file, world, store, &looking)?;
    looking.finish();
    let built = project
        .tables
        .iter()
        .map(|table| tables::make(project, table, &tables::evidence(&findings, table)?));
    let built = built.collect::<Result<Vec<_>, Failure>>()?;
    let to = match &args.out {
        Some(path) => path.clone(),
        None => {
            let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
            args.reports.join(format!("{stem}.tar.zst"))
        }
    };
    let summary = pack::write(&to, &args.file, loaded, &planned.plan, &findings, &built)?;
    printer.line(&format!(
        "packed: {}, {} files, {:.1} MB before compression",
        to.display(),
        summary.files,
        summary.bytes as f64 / 1e6
    ));
    Ok(Exit::Ok)
}

/// Rebuilds the tables of a pack, prints them, and says whether they are as packed.
pub fn replay(args: &ReplayArgs, printer: Printer) -> Exit {
    let pack = match Pack::open(&args.pack) {
        Ok(pack) => pack,
        Err(failure) => return failed(&failure, &Sources::default(), printer),
    };
    match tell(args, &pack, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&pack.named(failure), &pack.loaded.sources, printer),
    }
}

fn tell(args: &ReplayArgs, pack: &Pack, printer: Printer) -> Result<Exit, Failure> {
    if pack.loaded.has_errors() {
        print(&pack.loaded, printer);
        return Ok(Exit::Invalid);
    }
    let (mut exit, version) = (Exit::Ok, env!("CARGO_PKG_VERSION"));
    let by = format!("packed by Proofmark {}, this is {version}", pack.card.proofmark);
    let Replayed { rebuilt, left } = rebuild(pack)?;
    for (table, rebuilt) in pack.loaded.project.tables.iter().zip(rebuilt) {
        printer.text(&terminal::render(&rebuilt.table, printer.out));
        let Rebuilt { table: TableData { name, .. }, same, other, new, differences } = &rebuilt;
        if other.is_empty() && new.is_empty() {
            printer.line(&format!("{name}: rebuilt bit for bit ({})", same.join(", ")));
        } else {
            exit = Exit::Differs;
        }
        if !other.is_empty() {
            printer.always(&format!("{name}: not as packed ({}); {by}", other.join(", ")));
            differences.iter().for_each(|line| printer.always(&format!("  {line}")));
        }
        if !new.is_empty() {
            printer.always(&format!("{name}: rebuilt, but not packed ({})", new.join(", ")));
        }
        if let Some(folder) = &args.reports {
            let evidence = tables::evidence(&pack.findings, table)?;
            let found = (&rebuilt.table, &pack.findings);
            let stem = tables::stem(&pack.loaded.project, name);
            tables::write(&content(&pack.loaded, table, &evidence, found)?, folder, &stem)?;
        }
    }
    for (name, formats) in left {
        exit = Exit::Differs;
        printer.always(&format!(
            "{name}: packed ({}), but not rebuilt, since the packed experiment makes nothing of \
             that name; its numbers are unproven",
            formats.join(", ")
        ));
    }
    Ok(exit)
}

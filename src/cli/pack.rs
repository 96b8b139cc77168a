//! `pack` and `replay`: results without the data, and the tables from them again.

use super::args::{PackArgs, ReplayArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::StageProgress;
use super::project::{Stop, ended, print, session, with};
use super::told::failed;
use crate::engine::pack::{self, Pack, Rebuilt, Replayed, rebuild};
use crate::engine::session::Purpose;
use crate::engine::tables;
use proofmark_base::work::Failure;
use proofmark_lang::{Loaded, Sources};
use proofmark_report::terminal;

/// Packs the results of a file.
pub fn pack(args: &PackArgs, printer: Printer) -> Exit {
    with(&args.file, printer, |loaded| make(args, loaded, printer))
}

fn make(args: &PackArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let mut session = session(loaded, &args.store.store, Purpose::Results, printer)?;
    let unfinished = session.unfinished().len();
    if unfinished > 0 {
        return Err(Stop::Failure(Failure::data(format!(
            "{unfinished} of {} stages have not run, so that there is nothing whole to pack; \
             `proofmark run {}` runs them",
            session.plan().stages.len(),
            args.file.display()
        ))));
    }
    let mut findings = session.findings()?;
    let describing = StageProgress::of_data(printer);
    session.describe(&mut findings, &describing)?;
    describing.finish();
    let built = session.tables(&findings).map(|built| Ok(built?.data));
    let built = built.collect::<Result<Vec<_>, Failure>>()?;
    let to = match &args.out {
        Some(path) => path.clone(),
        None => {
            let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
            args.reports.join(format!("{stem}.tar.zst"))
        }
    };
    let summary = pack::write(&to, &args.file, loaded, session.plan(), &findings, &built)?;
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
    let told = tell(args, &pack, printer).map_err(|failure| Stop::Failure(pack.named(failure)));
    ended(told, &pack.loaded.sources, printer)
}

fn tell(args: &ReplayArgs, pack: &Pack, printer: Printer) -> Result<Exit, Failure> {
    if pack.loaded.has_errors() {
        print(&pack.loaded, printer);
        return Ok(Exit::Invalid);
    }
    let (mut exit, version) = (Exit::Ok, env!("CARGO_PKG_VERSION"));
    let by = format!("packed by Proofmark {}, this is {version}", pack.card.proofmark);
    let Replayed { rebuilt, left } = rebuild(pack)?;
    for rebuilt in rebuilt {
        printer.text(&terminal::render(&rebuilt.built.data, printer.out));
        let Rebuilt { built, same, other, new, differences } = &rebuilt;
        let name = &built.data.name;
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
            let stem = tables::stem(&pack.loaded.project, name);
            tables::write(&built.content(&pack.loaded, &pack.findings)?, folder, &stem)?;
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

//! `gc`: removes from the store what no plan of the named files needs.

use std::collections::BTreeSet;

use super::args::GcArgs;
use super::exit::Exit;
use super::ls::{line, size};
use super::output::Printer;
use super::project::{Stop, checked, ended, look};
use super::told::{failed, print_missing};
use crate::engine::session::Purpose;
use proofmark_base::store::{Held, Store};
use proofmark_lang::Sources;

/// Says what would be removed; removes it only if that is asked for.
pub fn gc(args: &GcArgs, printer: Printer) -> Exit {
    ended(carry_out(args, printer), &Sources::default(), printer)
}

fn carry_out(args: &GcArgs, printer: Printer) -> Result<Exit, Stop> {
    let mut needed: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for file in &args.files {
        let Some(loaded) = checked(file, printer) else { return Ok(Exit::Invalid) };
        let session = match look(&loaded, &args.store.store, Purpose::Results, printer) {
            Ok(session) => session,
            Err(failure) => return Ok(failed(&failure, &loaded.sources, printer)),
        };
        if !session.world().missing.is_empty() {
            print_missing(session.world(), &loaded.sources, printer);
            printer.always(&format!(
                "what {} needs cannot be told without its data; nothing was removed",
                file.display()
            ));
            return Ok(Exit::Data);
        }
        let stages = session.plan().stages.iter();
        needed.extend(stages.map(|stage| (stage.word(), stage.key.clone())));
    }
    let store = Store::open(&args.store.store)?;
    let (results, drafts) = (store.results()?, store.drafts()?);
    let used =
        |held: &Held| needed.iter().any(|(stage, key)| *stage == held.stage && *key == held.key);
    let unused: Vec<&Held> =
        results.iter().chain(&drafts).filter(|held| !used(held) && !held.locked).collect();
    let bytes = size(unused.iter().map(|held| held.bytes).sum());
    let kept = results.len() + drafts.len() - unused.len();
    unused.iter().for_each(|held| printer.text(&line(held)));
    if unused.is_empty() {
        printer.always(&format!("nothing to remove; all {kept} results are needed"));
        return Ok(Exit::Ok);
    }
    if !args.delete {
        printer.always(&format!(
            "{} results, {bytes}, are needed by none of the files; `--delete` removes them ({kept} \
             stay)",
            unused.len()
        ));
        return Ok(Exit::Ok);
    }
    // A process that makes something reads results that others need no more.
    let mut quiet = match store.quiet(|holder| {
        printer.always(&format!("{holder} made something; looking whether it still runs"));
    })? {
        Ok(quiet) => quiet,
        Err(busy) => {
            printer.error(
                &format!(
                    "{busy} results are being made by other processes, which may read any other"
                ),
                Some("run it again when they have ended; nothing was removed"),
            );
            return Ok(Exit::Failed);
        }
    };
    let mut removed = 0;
    for held in &unused {
        match store.remove(held, Some(&mut quiet))? {
            true => removed += 1,
            false => printer.always(&format!("{} {} is in use and stays", held.stage, held.key)),
        }
    }
    printer.always(&format!("{removed} results removed, {bytes}; {kept} stay"));
    Ok(Exit::Ok)
}

//! `gc`: removes from the store what no plan of the named files needs, and what submissions to
//! clusters have left there.

use std::collections::BTreeSet;

use super::args::GcArgs;
use super::exit::Exit;
use super::ls::{line, row, size};
use super::output::Printer;
use super::project::{Stop, checked, counted, ended, look};
use super::told::{failed, print_missing};
use crate::engine::cluster::leftovers::{Kind, Leftover, Leftovers};
use crate::engine::cluster::slurm;
use crate::engine::session::Purpose;
use proofmark_base::store::{Held, Store};
use proofmark_base::work::Failure;
use proofmark_lang::Sources;

/// Says what would be removed; removes it only if that is asked for.
pub fn gc(args: &GcArgs, printer: Printer) -> Exit {
    ended(carry_out(args, printer), &Sources::default(), printer)
}

fn carry_out(args: &GcArgs, printer: Printer) -> Result<Exit, Stop> {
    let needed = needed(args, printer)?;
    let store = Store::open(&args.store.store)?;
    let (results, drafts) = (store.results()?, store.drafts()?);
    let used =
        |held: &Held| needed.iter().any(|(stage, key)| *stage == held.stage && *key == held.key);
    let unused: Vec<&Held> =
        results.iter().chain(&drafts).filter(|held| !used(held) && !held.locked).collect();
    let kept = results.len() + drafts.len() - unused.len();
    let mut left = submitted(&store, printer)?;
    if results.iter().chain(&drafts).any(|held| held.locked) {
        // Processes that train together read it, and no array tells of it.
        left.retain(|left| left.kind != Kind::Plan);
    }
    unused.iter().for_each(|held| printer.text(&line(held)));
    left.iter().for_each(|left| printer.text(&leftover(left)));
    if unused.is_empty() && left.is_empty() {
        printer.always(&format!("nothing to remove; all {kept} results are needed"));
        return Ok(Exit::Ok);
    }
    match args.delete {
        true => remove(&store, (&unused, kept), &left, printer),
        false => {
            tell((&unused, kept), &left, printer);
            Ok(Exit::Ok)
        }
    }
}

/// Kinds and keys of the stages of the named files.
fn needed(args: &GcArgs, printer: Printer) -> Result<BTreeSet<(&'static str, String)>, Stop> {
    let mut needed = BTreeSet::new();
    for file in &args.files {
        let Some(loaded) = checked(file, printer) else { return Err(Stop::Exit(Exit::Invalid)) };
        let session = match look(&loaded, &args.store.store, Purpose::Results, printer) {
            Ok(session) => session,
            Err(failure) => return Err(Stop::Exit(failed(&failure, &loaded.sources, printer))),
        };
        if !session.world().missing.is_empty() {
            print_missing(session.world(), &loaded.sources, printer);
            printer.always(&format!(
                "what {} needs cannot be told without its data; nothing was removed",
                file.display()
            ));
            return Err(Stop::Exit(Exit::Data));
        }
        let stages = session.plan().stages.iter();
        needed.extend(stages.map(|stage| (stage.word(), stage.key.clone())));
    }
    Ok(needed)
}

/// What submissions have left that nobody needs.
fn submitted(store: &Store, printer: Printer) -> Result<Vec<Leftover>, Failure> {
    let Leftovers { unneeded, unasked } = Leftovers::look(store, slurm::queue_of)?;
    if let Some(failure) = unasked {
        printer.always(&format!(
            "what was submitted to clusters stays, as far as it may be in the queue: {failure}"
        ));
    }
    Ok(unneeded)
}

/// What a submission left, in one line.
fn leftover(left: &Leftover) -> String {
    let kind = match left.kind {
        Kind::Plan => "plan",
        Kind::Array => "array",
        Kind::Tries => "tries",
    };
    row(kind, left.name.as_deref().unwrap_or("?"), (left.bytes, left.age), &left.key)
}

/// How much submissions have left, in words.
fn amount(left: &[Leftover]) -> String {
    let of = |kind: Kind| left.iter().filter(|left| left.kind == kind).count();
    let (plans, arrays, tries) = (of(Kind::Plan), of(Kind::Array), of(Kind::Tries));
    let (plans, arrays) = (counted(plans, "submitted plan"), counted(arrays, "array"));
    let bytes = size(left.iter().map(|left| left.bytes).sum());
    format!("{plans}, {arrays} and the tries at {}, {bytes}", counted(tries, "stage"))
}

/// Says what would be removed.
fn tell((unused, kept): (&[&Held], usize), left: &[Leftover], printer: Printer) {
    let bytes = size(unused.iter().map(|held| held.bytes).sum());
    match unused.len() {
        0 => printer.always(&format!("all {kept} results are needed")),
        n => printer.always(&format!(
            "{n} results, {bytes}, are needed by none of the files; `--delete` removes them ({kept} \
             stay)"
        )),
    }
    if !left.is_empty() {
        printer.always(&format!("{}, are needed no more; `--delete` removes them", amount(left)));
    }
}

/// Removes what nobody needs.
fn remove(
    store: &Store,
    (unused, kept): (&[&Held], usize),
    left: &[Leftover],
    printer: Printer,
) -> Result<Exit, Stop> {
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
    // Who submits may need again what was needed no more.
    let alone = match left.is_empty() {
        true => None,
        false => Some(store.exclusive("submission")?.map_err(|holder| {
            Failure::run(format!(
                "{holder} is submitting from this store; run it again when it has ended; nothing was \
                 removed"
            ))
        })?),
    };
    // What was submitted before that is seen now.
    let left = if alone.is_some() { submitted(store, printer)? } else { Vec::new() };
    let mut removed = 0;
    for held in unused {
        match store.remove(held, Some(&mut quiet))? {
            true => removed += 1,
            false => printer.always(&format!("{} {} is in use and stays", held.stage, held.key)),
        }
    }
    left.iter().try_for_each(Leftover::remove)?;
    let bytes = size(unused.iter().map(|held| held.bytes).sum());
    printer.always(&format!("{removed} results removed, {bytes}; {kept} stay"));
    if !left.is_empty() {
        printer.always(&format!("{} removed", amount(&left)));
    }
    Ok(Exit::Ok)
}

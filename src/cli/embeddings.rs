//! `embeddings`: what models make of faces before their classifier, as Parquet.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::args::EmbeddingsArgs;
use super::exit::Exit;
use super::lines::Lines;
use super::on::{Errand, Stands, hand_over};
use super::output::Printer;
use super::project::{Stop, ended, session, with};
use super::run::{begun, cards, failures};
use super::run_progress::RunProgress;
use super::{clusters, on, ranks};
use crate::engine::graph::{Until, WantedEmbeddings};
use crate::engine::kind::StageKind;
use crate::engine::ranks::lead::Leader;
use crate::engine::results::Results;
use crate::engine::session::{How, Purpose, Session};
use crate::engine::stages::embed::FILE;
use proofmark_base::work::Failure;
use proofmark_lang::clusters::{Cluster, Engine, Slurm};
use proofmark_lang::{Loaded, Sources};
use proofmark_text::names::Names;

/// Makes the embeddings that are asked for, with what they need, and writes a file for each experiment
/// and data set.
pub fn embeddings(args: &EmbeddingsArgs, printer: Printer) -> Exit {
    match begun(args.device) {
        Err(stop) => ended(Err(stop), &Sources::default(), printer),
        Ok((leader, stop)) => with(&args.file, printer, |loaded| {
            made(args, (loaded, leader.as_ref()), &stop, printer)
        }),
    }
}

fn made(
    args: &EmbeddingsArgs,
    (loaded, leader): (&Loaded, Option<&Leader>),
    stop: &AtomicBool,
    printer: Printer,
) -> Result<Exit, Stop> {
    if let Some(text) = unknown(args, loaded) {
        printer.error(&text, None);
        return Ok(Exit::Usage);
    }
    // What is wrong with the clusters file is told before anything else is done.
    let on = &args.cluster;
    let cluster = on.on.as_ref().map(|name| clusters::find(name, on, printer)).transpose()?;
    let mut session = session(loaded, &args.store.store, Purpose::Running(stop), printer)?;
    session.add_embeddings(WantedEmbeddings {
        experiment: args.experiment.clone(),
        dataset: args.dataset.clone(),
        split: args.split.map(Into::into),
        ..WantedEmbeddings::default()
    });
    if session.plan().embeddings.is_empty() {
        printer.error(
            "there are no such faces: no table scores them, or the split has no videos; `--split` takes \
             a split of the data sets that tables score and models train on",
            None,
        );
        return Ok(Exit::Usage);
    }
    let devices = match cluster.as_ref().map(|cluster| (cluster, &cluster.engine)) {
        Some((cluster, Engine::Slurm(slurm))) => {
            return elsewhere(args, &mut session, (cluster, slurm), stop, printer);
        }
        Some((cluster, Engine::Local(local))) => {
            clusters::devices((cluster, local), (on, args.device), &args.file)?
        }
        None => cards(args.device, leader, printer),
    };
    let (jobs, device) = (args.jobs, args.device);
    let lead =
        leader.map(|leader| ranks::lead(leader, &session, &args.file, &devices)).transpose()?;
    let lead = lead.as_ref();
    let how = How { jobs, device, devices: &devices, lead, ..How::default() };
    let observer =
        Lines::new(printer, &loaded.sources, RunProgress::of(&session, Until::Embed, how)?);
    let done = session.run(Until::Embed, how, &observer, stop)?;
    drop(observer);
    give_all(args, &session, printer)?;
    Ok(failures(&done, printer).unwrap_or(Exit::Ok))
}

/// Has a cluster make them; those that are all there, now or in the end, are written.
fn elsewhere(
    args: &EmbeddingsArgs,
    session: &mut Session<'_>,
    cluster: (&Cluster, &Slurm),
    stop: &AtomicBool,
    printer: Printer,
) -> Result<Exit, Stop> {
    let on = &args.cluster;
    let errand = Errand {
        file: &args.file,
        store: &args.store.store,
        on,
        device: args.device,
        until: Until::Embed,
        tables: None,
        stop,
    };
    let exit = match hand_over(&errand, session, cluster, printer)? {
        Stands::Left if on.dry_run => return Ok(Exit::Ok),
        Stands::Left => {
            printer.line("when all is done, the same command writes the files");
            return Ok(Exit::Ok);
        }
        Stands::Done => Exit::Ok,
        Stands::Ended(status) => on::ended(&status, printer),
    };
    give_all(args, session, printer)?;
    Ok(exit)
}

/// Writes the files of all that was made.
fn give_all(args: &EmbeddingsArgs, session: &Session<'_>, printer: Printer) -> Result<(), Failure> {
    let results = Results(session.store());
    let mut names = Names::default();
    for (target, experiment, key) in &session.plan().embeddings {
        let stem = names.of(&[experiment, &target.dataset, target.split.word()]);
        // What failed is told elsewhere.
        let Ok(folder) = results.folder(StageKind::Embed, key) else { continue };
        give(&folder.join(FILE), &args.out, &stem, printer)?;
    }
    Ok(())
}

/// What is said of a name that the file does not have.
fn unknown(args: &EmbeddingsArgs, loaded: &Loaded) -> Option<String> {
    let project = &loaded.project;
    let lacks = |what: &str, name: &str, known: Vec<&String>| {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        (!known.contains(&name))
            .then(|| format!("there is no {what} `{name}`; there are: {}", known.join(", ")))
    };
    let experiment = args.experiment.as_ref();
    let experiment =
        experiment.and_then(|name| lacks("experiment", name, project.experiments.keys().collect()));
    let dataset = args.dataset.as_ref();
    experiment.or_else(|| {
        dataset.and_then(|name| lacks("data set", name, project.datasets.keys().collect()))
    })
}

/// Copies a file, so that a reader sees all of it or nothing.
fn give(from: &Path, folder: &Path, stem: &str, printer: Printer) -> Result<(), Failure> {
    let (to, part) = (folder.join(format!("{stem}.parquet")), folder.join(format!(".{stem}.part")));
    fs::create_dir_all(folder).map_err(|e| Failure::write(folder, &e))?;
    fs::copy(from, &part).map_err(|e| Failure::write(&part, &e))?;
    fs::rename(&part, &to).map_err(|e| Failure::write(&to, &e))?;
    printer.line(&format!("written: {}", to.display()));
    Ok(())
}

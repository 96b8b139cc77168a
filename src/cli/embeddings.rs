//! `embeddings`: what models make of faces before their classifier, as Parquet.

use std::fs;
use std::path::Path;

use super::args::EmbeddingsArgs;
use super::exit::Exit;
use super::lines::Lines;
use super::output::Printer;
use super::project::{Stop, session, with};
use super::run::{failures, stop_on_signal};
use super::run_progress::RunProgress;
use crate::engine::graph::{Until, WantedEmbeddings};
use crate::engine::kind::StageKind;
use crate::engine::results::Results;
use crate::engine::session::{How, Purpose};
use crate::engine::stages::embed::FILE;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_text::names::Names;

/// Makes the embeddings that are asked for, with what they need, and writes a file for each experiment
/// and data set.
pub fn embeddings(args: &EmbeddingsArgs, printer: Printer) -> Exit {
    with(&args.file, printer, |loaded| made(args, loaded, printer))
}

fn made(args: &EmbeddingsArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    if let Some(text) = unknown(args, loaded) {
        printer.error(&text, None);
        return Ok(Exit::Usage);
    }
    let stop = stop_on_signal()?;
    let mut session = session(loaded, &args.store.store, Purpose::Running(&stop), printer)?;
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
    let how = How { jobs: args.jobs, device: args.device, ..How::default() };
    let observer =
        Lines::new(printer, &loaded.sources, RunProgress::of(&session, Until::Embed, how)?);
    let ended = session.run(Until::Embed, how, &observer, &stop)?;
    drop(observer);
    let results = Results(session.store());
    let mut names = Names::default();
    for (target, experiment, key) in &session.plan().embeddings {
        let stem = names.of(&[experiment, &target.dataset, target.split.word()]);
        // What failed is told below.
        let Ok(folder) = results.folder(StageKind::Embed, key) else { continue };
        give(&folder.join(FILE), &args.out, &stem, printer)?;
    }
    Ok(failures(&ended, printer).unwrap_or(Exit::Ok))
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

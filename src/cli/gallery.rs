//! `gallery`: pseudo-fakes to look at.

use std::io::Cursor;

use super::args::GalleryArgs;
use super::exit::Exit;
use super::lines::Lines;
use super::output::Printer;
use super::project::{Stop, session, with};
use super::run::stop_on_signal;
use super::run_progress::RunProgress;
use crate::engine::gallery::{Sheet, sheet};
use crate::engine::graph::Until;
use crate::engine::session::{How, Purpose};
use proofmark_base::store::write_whole;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_lang::model::{Experiment, Placed, Project, RandomWeights};

/// Writes a contact sheet.
pub fn gallery(args: &GalleryArgs, printer: Printer) -> Exit {
    with(&args.file, printer, |loaded| draw(args, loaded, printer))
}

/// The experiment without the tables that show it and the weights that it begins with, neither
/// of which a sheet needs.
fn alone(project: &Project, experiment: &Placed<Experiment>) -> Project {
    let mut experiment = experiment.clone();
    experiment.init.weights = RandomWeights { std: None, seed: 0 }.into();
    let experiments = [(experiment.name.clone(), experiment)].into();
    Project { experiments, tables: Vec::new(), ..project.clone() }
}

fn draw(args: &GalleryArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let project = &loaded.project;
    let blended = || project.experiments.values().filter(|e| e.data.pseudo_fakes().count() > 0);
    let experiment = match &args.experiment {
        Some(name) => project.experiments.get(name),
        None => blended().next(),
    };
    let Some(experiment) = experiment else {
        let names: Vec<&str> = blended().map(|e| e.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = match &args.experiment {
            Some(name) => {
                format!("there is no experiment `{name}`; with pseudo-fakes are: {names}")
            }
            None => "no experiment of the file trains on pseudo-fakes".to_owned(),
        };
        printer.error(&text, None);
        return Ok(Exit::Usage);
    };
    let stop = stop_on_signal()?;
    let project = alone(project, experiment);
    let loaded = &Loaded { project, ..loaded.clone() };
    let session = session(loaded, &args.store.store, Purpose::Looking(&stop), printer)?;
    let observer = Lines::new(printer, &loaded.sources, RunProgress::new(1));
    let how = How { fail_fast: true, ..How::default() };
    session.run(Until::Sample, how, &observer, &stop)?.whole()?;
    drop(observer);
    let form = Sheet { columns: args.columns, rows: args.rows, epoch: args.epoch - 1 };
    let picture = sheet(&session, experiment, form)?;
    let mut png = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
        .map_err(|e| Failure::Internal(e.to_string()))?;
    write_whole(&args.out, &png)?;
    printer.line(&format!("written: {}", args.out.display()));
    Ok(Exit::Ok)
}

//! `gallery`: pseudo-fakes to look at.

use std::io::Cursor;

use super::args::GalleryArgs;
use super::exit::Exit;
use super::lines::Lines;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{checked, failed, print_missing};
use super::run::stop_on_signal;
use super::whole::Whole;
use crate::engine::device::Devices;
use crate::engine::gallery::{Sheet, sheet};
use crate::engine::run::{Run, Until};
use crate::engine::world::look;
use proofmark_base::store::{Store, write_whole};
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_lang::model::{Experiment, Project, Weights};
use proofmark_lang::span::Spanned;
use proofmark_plan::graph::plan;
use proofmark_prepare::store::Part;

/// Writes a contact sheet.
pub fn gallery(args: &GalleryArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match draw(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, &loaded.sources, printer),
    }
}

/// The experiment without the tables that show it and the weights that it begins with, neither
/// of which a sheet needs.
fn alone(project: &Project, experiment: &Experiment) -> Project {
    let mut experiment = experiment.clone();
    experiment.init.weights =
        Weights::Random { std: None, seed: Spanned::default_of(u64::default()) };
    let experiments = [(experiment.name.value.clone(), experiment)].into();
    Project { experiments, tables: Vec::new(), ..project.clone() }
}

fn draw(args: &GalleryArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Failure> {
    let project = &loaded.project;
    let blended = || project.experiments.values().filter(|e| e.data.pseudo_fakes().count() > 0);
    let experiment = match &args.experiment {
        Some(name) => project.experiments.get(name),
        None => blended().next(),
    };
    let Some(experiment) = experiment else {
        let names: Vec<&str> = blended().map(|e| e.name.value.as_str()).collect();
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
    let project = &alone(project, experiment);
    let store = Store::open(&args.store.store)?;
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let mut world = look(project, &store, &looking)?;
    world.find_weights(project, &store, true, &looking)?;
    looking.finish();
    if !world.missing.is_empty() {
        print_missing(&world, &loaded.sources, printer);
        return Ok(Exit::Data);
    }
    let plan = plan(project, &world.facts);
    Run {
        project,
        world: &world,
        plan: &plan,
        store: &store,
        devices: &Devices::default(),
        observer: &Lines::new(printer, &loaded.sources, Whole::new(1)),
        jobs: 1,
        fail_fast: true,
        part: Part::WHOLE,
        stop: &stop,
    }
    .until(Until::Sample)?
    .whole()?;
    let form = Sheet { columns: args.columns, rows: args.rows, epoch: args.epoch - 1 };
    let picture = sheet(project, &world, &plan, &store, experiment, form)?;
    let mut png = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
        .map_err(|e| Failure::Internal(e.to_string()))?;
    write_whole(&args.out, &png)?;
    printer.line(&format!("written: {}", args.out.display()));
    Ok(Exit::Ok)
}

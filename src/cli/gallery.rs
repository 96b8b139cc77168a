//! `gallery`: pseudo-fakes to look at.

use std::io::Cursor;

use super::args::GalleryArgs;
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{checked, failed, planned, print_missing};
use crate::engine::gallery::{Sheet, sheet};
use crate::lang::Loaded;
use crate::store::write_whole;
use crate::work::Failure;

/// Writes a contact sheet.
pub fn gallery(args: &GalleryArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match draw(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
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
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let planned = planned(loaded, &args.store.store, &looking, None)?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let form = Sheet { columns: args.columns, rows: args.rows, epoch: args.epoch - 1 };
    let picture = sheet(project, &planned.world, &planned.plan, &planned.store, experiment, form)?;
    let mut png = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
        .map_err(|e| Failure::Internal(e.to_string()))?;
    write_whole(&args.out, &png)?;
    printer.line(&format!("written: {}", args.out.display()));
    Ok(Exit::Ok)
}

//! `data`: what there is of a file's data sets, as tables or as a figure.

use super::args::{DataArgs, StatisticsFormat};
use super::exit::Exit;
use super::output::Printer;
use super::progress::StageProgress;
use super::project::{Stop, with};
use crate::engine::world::look_at;
use crate::engine::{figure, survey};
use proofmark_base::store::{Store, write_whole};
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_report::figure::svg;
use proofmark_report::statistics::{csv, json, latex, markdown, text};

/// Prints the statistics of a file's data sets.
pub fn data(args: &DataArgs, printer: Printer) -> Exit {
    with(&args.file, printer, |loaded| match &args.figure {
        None => tables(args, loaded, printer),
        Some(dataset) => draw(args, loaded, dataset, printer),
    })
}

fn tables(args: &DataArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let looking = StageProgress::of_data(printer);
    let store = Store::open(&args.store.store)?;
    let (survey, world) = survey::survey(&loaded.project, &args.file, &store, &looking)?;
    looking.finish();
    let text = match args.format {
        StatisticsFormat::Text => text::render(&survey, printer.out),
        StatisticsFormat::Markdown => markdown::render(&survey),
        StatisticsFormat::Latex => latex::render(&survey),
        StatisticsFormat::Csv => csv::render(&survey),
        StatisticsFormat::Json => json::render(&survey),
    };
    give(args, &text, printer)?;
    if !world.scans.is_empty() {
        return Ok(Exit::Ok);
    }
    let text = match world.missing.is_empty() {
        true => "the file has no data sets",
        false => "none of the data sets was found",
    };
    printer.error(text, None);
    Ok(Exit::Data)
}

fn draw(args: &DataArgs, loaded: &Loaded, name: &str, printer: Printer) -> Result<Exit, Stop> {
    let sets = &loaded.project.datasets;
    let Some(dataset) = sets.get(name) else {
        let names: Vec<&str> = sets.keys().map(String::as_str).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        printer.error(&format!("there is no data set `{name}`; declared are: {names}"), None);
        return Ok(Exit::Usage);
    };
    let looking = StageProgress::of_data(printer);
    let store = Store::open(&args.store.store)?;
    let mut world = look_at(&[dataset], &store, &looking)?;
    let figure = figure::figure(dataset, &store, &mut world, &looking)?;
    looking.finish();
    let figure = figure.ok_or_else(|| {
        Failure::data(format!(
            "the faces of `{name}` are not all prepared; `proofmark prepare {}` does it",
            args.file.display()
        ))
    })?;
    give(args, &svg(&figure), printer)?;
    Ok(Exit::Ok)
}

/// Prints to stdout, or writes the file that is asked for.
fn give(args: &DataArgs, text: &str, printer: Printer) -> Result<(), Failure> {
    match &args.out {
        None if args.figure.is_none() && args.format == StatisticsFormat::Text => {
            printer.text(text)
        }
        None => printer.data(text),
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            printer.line(&format!("written: {}", path.display()));
        }
    }
    Ok(())
}

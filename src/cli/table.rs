//! `table`: tables from finished results.

use super::args::{TableArgs, TableFormat};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{checked, failed, planned, print_missing};
use crate::engine::run::unfinished;
use crate::engine::tables;
use crate::lang::Loaded;
use crate::report::table::TableData;
use crate::report::{csv, html, json, latex, markdown, terminal};
use crate::work::Failure;

/// Prints the tables of a file.
pub fn table(args: &TableArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn print(args: &TableArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Failure> {
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let planned = planned(loaded, &args.store.store, &looking, None)?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, printer);
        return Ok(Exit::Data);
    }
    let unfinished = unfinished(&planned.plan, &planned.store);
    if !unfinished.is_empty() {
        printer.always(&format!(
            "{} of {} stages have not run, their cells are n/a; `proofmark run {}` runs them",
            unfinished.len(),
            planned.plan.stages.len(),
            args.file.display()
        ));
    }
    for table in &loaded.project.tables {
        let data =
            tables::make(&loaded.project, table, &planned.world, &planned.plan, &planned.store)?;
        printer.data(&render(&data, args.format));
    }
    Ok(Exit::Ok)
}

fn render(table: &TableData, format: TableFormat) -> String {
    match format {
        TableFormat::Text => terminal::render(table, false),
        TableFormat::Markdown => markdown::render(table),
        TableFormat::Latex => latex::render(table),
        TableFormat::Csv => csv::render(table),
        TableFormat::Json => json::render(table),
        TableFormat::Html => html::render(table),
    }
}

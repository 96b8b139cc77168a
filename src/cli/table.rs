//! `table`: tables from finished results.

use std::path::Path;

use super::args::{TableArgs, TableFormat};
use super::claims;
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::{Purpose, checked, failed, planned, print_missing};
use crate::engine::findings::{describe, gather};
use crate::engine::page::content;
use crate::engine::run::unfinished;
use crate::engine::{tables, wrong};
use proofmark_base::store::write_whole;
use proofmark_base::work::{Failure, Silent};
use proofmark_lang::Loaded;
use proofmark_report::checks::{Check, annotations, junit};
use proofmark_report::compare::{compare, redrawn};
use proofmark_report::page::figures::Figures;
use proofmark_report::table::{TableData, Verdict};
use proofmark_report::{csv, json, latex, markdown, page, terminal};

/// Prints the tables of a file.
pub fn table(args: &TableArgs, printer: Printer) -> Exit {
    if args.faces && args.format != TableFormat::Html {
        printer.error("`--faces` puts faces on a page; add `--format html`", None);
        return Exit::Usage;
    }
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(args, &loaded, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, &loaded.sources, printer),
    }
}

fn print(args: &TableArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Failure> {
    let looking = StageProgress::new(printer, "data".to_owned(), bars(printer));
    let mut planned = planned(loaded, &args.store.store, &looking, Purpose::Results)?;
    looking.finish();
    if !planned.world.missing.is_empty() {
        print_missing(&planned.world, &loaded.sources, printer);
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
    let mut findings = gather(&loaded.project, &planned.world, &planned.plan, &planned.store)?;
    if args.format == TableFormat::Html {
        let (world, store) = (&mut planned.world, &planned.store);
        describe(&mut findings, &loaded.project, &args.file, world, store, &Silent)?;
    }
    let mut checks = Vec::new();
    let mut compared = Vec::new();
    for table in &loaded.project.tables {
        let evidence = tables::evidence(&findings, table)?;
        let data = tables::make(&loaded.project, table, &evidence)?;
        if args.check {
            let name = format!("{}.csv", tables::stem(&loaded.project, &data.name));
            let check = committed(&args.reports.join(name), &data, table.tolerance.value)?;
            printer.text(&format!("{}: {}\n", data.name, check.detail));
            compared.push(check);
        } else {
            match args.format {
                TableFormat::Text => printer.text(&terminal::render(&data, printer.out)),
                TableFormat::Markdown => printer.data(&markdown::render(&data)),
                TableFormat::Latex => printer.data(&latex::render(&data)),
                TableFormat::Csv => printer.data(&csv::render(&data)),
                TableFormat::Json => printer.data(&json::render(&data)),
                TableFormat::Html => {
                    let mut content = content(loaded, table, &evidence, (&data, &findings))?;
                    if args.faces {
                        wrong::add(&mut content, &planned.plan, &planned.store)?;
                    }
                    printer.data(&page::render::render(&content, &Figures::of(&content)));
                }
            }
        }
        checks.extend(claims::checks(loaded, table, &data));
    }
    let all: Vec<Check> = compared.iter().chain(&checks).cloned().collect();
    if let Some(path) = &args.junit {
        write_whole(path, junit(&all).as_bytes())?;
    }
    if args.github {
        printer.text(&annotations(&all));
    }
    Ok(match compared.iter().any(|check| check.verdict == Verdict::Fail) {
        true => Exit::Differs,
        false => claims::exit(&checks),
    })
}

/// A table beside the committed one.
fn committed(path: &Path, table: &TableData, tolerance: f64) -> Result<Check, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::data(format!(
            "there is no committed table {} to compare with ({e}); `proofmark run --reports {}` \
             writes it",
            path.display(),
            path.parent().unwrap_or(path).display()
        ))
    })?;
    let now = csv::render(table);
    let differences = compare(&text, &now, tolerance)
        .map_err(|why| Failure::data(format!("{}: {why}", path.display())))?;
    let lines: Vec<String> = differences.iter().map(|d| format!("\n  {d}")).collect();
    let same = lines.is_empty();
    let redrawn = match redrawn(&text, &now) {
        0 => String::new(),
        n => format!(
            "; the intervals of {n} equal numbers were drawn otherwise (other draws, seed or level, \
             or another version)"
        ),
    };
    Ok(Check {
        table: table.name.clone(),
        name: format!("as committed in {}", path.display()),
        verdict: if same { Verdict::Pass } else { Verdict::Fail },
        detail: match same {
            true => format!("as committed in {}{redrawn}", path.display()),
            false => {
                format!(
                    "{} differences from {}{redrawn}{}",
                    lines.len(),
                    path.display(),
                    lines.concat()
                )
            }
        },
        place: Some((path.display().to_string(), 1)),
    })
}

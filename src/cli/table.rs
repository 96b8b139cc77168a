//! `table`: tables from finished results.

use std::path::Path;

use super::args::{TableArgs, TableFormat};
use super::claims;
use super::exit::Exit;
use super::output::Printer;
use super::project::{Stop, session, with};
use crate::engine::session::{Extras, Purpose};
use crate::engine::tables::{self, Built};
use proofmark_base::store::write_whole;
use proofmark_base::work::{Failure, Silent};
use proofmark_lang::Loaded;
use proofmark_report::checks::{Check, annotations, junit};
use proofmark_report::compare::{compare, redrawn};
use proofmark_report::page::figures::Figures;
use proofmark_report::table::Verdict;
use proofmark_report::{csv, json, latex, markdown, page, terminal};

/// Prints the tables of a file.
pub fn table(args: &TableArgs, printer: Printer) -> Exit {
    let extras = [(args.faces, "`--faces` puts faces"), (args.speed, "`--speed` puts times")];
    for (asked, what) in extras {
        if asked && args.format != TableFormat::Html {
            printer.error(&format!("{what} on a page; add `--format html`"), None);
            return Exit::Usage;
        }
    }
    with(&args.file, printer, |loaded| print(args, loaded, printer))
}

fn print(args: &TableArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let mut session = session(loaded, &args.store.store, Purpose::Results, printer)?;
    let unfinished = session.unfinished().len();
    if unfinished > 0 {
        printer.always(&format!(
            "{unfinished} of {} stages have not run, their cells are n/a; `proofmark run {}` runs \
             them",
            session.plan().stages.len(),
            args.file.display()
        ));
    }
    let mut findings = session.findings()?;
    if args.format == TableFormat::Html {
        session.describe(&mut findings, &Silent)?;
    }
    let mut checks = Vec::new();
    let mut compared = Vec::new();
    for built in session.tables(&findings) {
        let built = built?;
        let (table, data) = (built.declared, &built.data);
        if args.check {
            let name = format!("{}.csv", tables::stem(&loaded.project, &data.name));
            let check = committed(&args.reports.join(name), &built)?;
            printer.text(&format!("{}: {}\n", data.name, check.detail));
            compared.push(check);
        } else {
            match args.format {
                TableFormat::Text => printer.text(&terminal::render(data, printer.out)),
                TableFormat::Markdown => printer.data(&markdown::render(data)),
                TableFormat::Latex => printer.data(&latex::render(data)),
                TableFormat::Csv => printer.data(&csv::render(data)),
                TableFormat::Json => printer.data(&json::render(data)),
                TableFormat::Html => {
                    let extras = Extras { faces: args.faces, speed: args.speed };
                    let content = session.page(&built, &findings, extras)?;
                    printer.data(&page::render::render(&content, &Figures::of(&content)));
                }
            }
        }
        checks.extend(claims::checks(loaded, table, data));
    }
    let all: Vec<Check> = compared.iter().chain(&checks).cloned().collect();
    if let Some(path) = &args.junit {
        write_whole(path, junit(&all).as_bytes())?;
    }
    if args.github {
        printer.text(&annotations(&all));
    }
    Ok(match compared.iter().any(|check| check.verdict == Verdict::Contradicted) {
        true => Exit::Differs,
        false => claims::exit(&checks),
    })
}

/// A table beside the committed one.
fn committed(path: &Path, built: &Built<'_>) -> Result<Check, Failure> {
    let (table, tolerance) = (&built.data, built.declared.tolerance);
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
        verdict: if same { Verdict::Holds } else { Verdict::Contradicted },
        detail: match same {
            true => format!("as committed in {}{redrawn}", path.display()),
            false => {
                format!(
                    "{} differences from {}{redrawn}{}{}",
                    lines.len(),
                    path.display(),
                    lines.concat(),
                    cause(built)
                )
            }
        },
        place: Some((path.display().to_string(), 1)),
    })
}

/// A likely cause of differences that no declaration explains.
fn cause(built: &Built<'_>) -> String {
    let machines: Vec<String> = built.machines.iter().map(ToString::to_string).collect();
    match machines.is_empty() {
        true => String::new(),
        false => format!(
            "\n  these rows were made on {}; if the committed ones were made on another kind of machine, \
             that is a likely cause of small differences",
            machines.join(" and ")
        ),
    }
}

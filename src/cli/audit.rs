//! `audit`: published numbers by themselves.

use super::args::AuditArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::{checked, failed};
use crate::engine::tables;
use crate::lang::Loaded;
use crate::work::Failure;

/// Prints what published numbers say of themselves. What is wrong in them is a finding, not a
/// failure.
pub fn audit(args: &AuditArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(&loaded, printer) {
        Ok(()) => Exit::Ok,
        Err(failure) => failed(&failure, printer),
    }
}

fn print(loaded: &Loaded, printer: Printer) -> Result<(), Failure> {
    let mut text = String::new();
    for table in loaded.project.tables.iter().filter(|table| !table.references.is_empty()) {
        let data = tables::audit(&loaded.project, table)?;
        text += &format!("{}\n", data.caption());
        for reference in &table.references {
            if let Some(cite) = &reference.cite {
                text += &format!("\"{}\": {}\n", reference.name.value, cite.value);
            }
        }
        data.caption_notes.iter().for_each(|note| text += &format!("{note}\n"));
        for claim in &data.claims {
            let verdict = claim.published.map_or("not published", |verdict| verdict.word());
            text += &format!("{verdict:<14}{}\n", claim.text);
        }
    }
    if text.is_empty() {
        text = "no table of this file refers to published numbers\n".to_owned();
    }
    printer.data(&text);
    Ok(())
}

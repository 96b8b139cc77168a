//! `audit`: published numbers by themselves.

use super::args::AuditArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::checked;
use super::told::failed;
use crate::engine::tables;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_report::lines::wrap;

/// Prints what published numbers say of themselves. What is wrong in them is a finding, not a
/// failure.
pub fn audit(args: &AuditArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(&loaded, printer) {
        Ok(()) => Exit::Ok,
        Err(failure) => failed(&failure, &loaded.sources, printer),
    }
}

fn print(loaded: &Loaded, printer: Printer) -> Result<(), Failure> {
    let mut out = String::new();
    for table in loaded.project.tables.iter().filter(|table| !table.references.is_empty()) {
        let data = tables::audit(&loaded.project, table)?;
        let mut line = |text: &str, indent: &str| out += &wrap(text, indent, printer.out.width);
        line(&data.caption(), "");
        for reference in &table.references {
            if let Some(cite) = &reference.cite {
                line(&format!("\"{}\": {}", reference.name, cite), "    ");
            }
        }
        data.caption_notes.iter().for_each(|note| line(note, ""));
        for claim in &data.claims {
            let verdict = claim.published.map_or("not published", |verdict| verdict.word());
            line(&format!("{verdict}: {}", claim.text), "    ");
        }
    }
    if out.is_empty() {
        out = "no table of this file refers to published numbers\n".to_owned();
    }
    printer.text(&out);
    Ok(())
}

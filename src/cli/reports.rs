//! The tables of a session, printed and written.

use std::path::Path;

use super::claims;
use super::output::Printer;
use crate::engine::session::{Extras, Session};
use crate::engine::tables;
use proofmark_base::work::{Failure, Silent};
use proofmark_report::checks::Check;
use proofmark_report::terminal;

/// Prints the tables of what there is, writes them into a folder, and checks their claims.
pub fn reports(
    session: &mut Session<'_>,
    folder: &Path,
    page: Extras,
    printer: Printer,
) -> Result<Vec<Check>, Failure> {
    let mut checks = Vec::new();
    let mut findings = session.findings()?;
    session.describe(&mut findings, &Silent)?;
    for built in session.tables(&findings) {
        let built = built?;
        printer.text(&terminal::render(&built.data, printer.out));
        let content = session.page(&built, &findings, page)?;
        let stem = tables::stem(session.project(), &built.data.name);
        let files = tables::write(&content, folder, &stem)?;
        let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        printer.line(&format!("written: {}", names.join(", ")));
        checks.extend(claims::checks(session.loaded(), built.declared, &built.data));
    }
    Ok(checks)
}

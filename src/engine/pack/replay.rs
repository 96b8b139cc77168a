//! Rebuilding the tables of a pack.

use super::card::TABLES;
use super::read::Pack;
use crate::engine::tables::{evidence, make, texts};
use crate::report::compare::compare;
use crate::report::table::TableData;
use crate::work::Failure;

/// A table that was rebuilt.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// The table.
    pub table: TableData,
    /// Formats that are as packed, bit for bit.
    pub same: Vec<&'static str>,
    /// Formats that are not.
    pub other: Vec<&'static str>,
    /// How the numbers differ.
    pub differences: Vec<String>,
}

/// Builds every table of a pack again, from its scores and declarations alone.
///
/// # Errors
/// Declarations with errors, scores that cannot be read.
pub fn rebuild(pack: &Pack) -> Result<Vec<Rebuilt>, Failure> {
    let project = &pack.loaded.project;
    project
        .tables
        .iter()
        .map(|declared| {
            let table = make(project, declared, &evidence(&pack.findings, declared)?)?;
            let mut rebuilt =
                Rebuilt { table, same: Vec::new(), other: Vec::new(), differences: Vec::new() };
            for (extension, text) in texts(&rebuilt.table) {
                let packed = pack.file(&format!("{TABLES}/{}.{extension}", rebuilt.table.name))?;
                if packed.as_deref() == Some(text.as_bytes()) {
                    rebuilt.same.push(extension);
                    continue;
                }
                rebuilt.other.push(extension);
                if extension == "csv" {
                    let packed = packed.unwrap_or_default();
                    let found = compare(&String::from_utf8_lossy(&packed), &text, 0.0);
                    let found =
                        found.map_err(|e| Failure::Data(format!("the packed table: {e}")))?;
                    rebuilt.differences = found.iter().map(ToString::to_string).collect();
                }
            }
            Ok(rebuilt)
        })
        .collect()
}

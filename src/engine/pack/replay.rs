//! Rebuilding the tables of a pack.

use std::collections::BTreeMap;

use super::card::TABLES;
use super::read::Pack;
use crate::engine::tables::{Built, all, texts};
use proofmark_base::work::Failure;
use proofmark_report::compare::compare;

/// The tables of a pack, and what is packed of others.
#[derive(Debug)]
pub struct Replayed<'a> {
    /// The tables of the packed experiment, in its order.
    pub rebuilt: Vec<Rebuilt<'a>>,
    /// Packed tables that the experiment does not make, by name, with their formats: nothing
    /// says that their numbers are right.
    pub left: BTreeMap<String, Vec<String>>,
}

/// A table that was rebuilt.
#[derive(Debug)]
pub struct Rebuilt<'a> {
    /// The table.
    pub built: Built<'a>,
    /// Formats that are as packed, bit for bit.
    pub same: Vec<&'static str>,
    /// Formats that are packed otherwise.
    pub other: Vec<&'static str>,
    /// Formats that are not packed.
    pub new: Vec<&'static str>,
    /// How the numbers differ.
    pub differences: Vec<String>,
}

/// Builds every table of a pack again, from its scores and declarations alone.
///
/// # Errors
/// Declarations with errors, scores that cannot be read.
pub fn rebuild(pack: &Pack) -> Result<Replayed<'_>, Failure> {
    let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, extension) in pack.tables() {
        left.entry(name.to_owned()).or_default().push(extension.to_owned());
    }
    let mut rebuilt = Vec::new();
    for built in all(&pack.loaded.project, &pack.findings) {
        let built = built?;
        let table = &built.data;
        let (mut same, mut other, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let mut differences = Vec::new();
        for (extension, text) in texts(table) {
            if let Some(packed) = left.get_mut(&table.name) {
                packed.retain(|packed| packed != extension);
            }
            let packed = pack.file(&format!("{TABLES}/{}.{extension}", table.name))?;
            let Some(packed) = packed else {
                new.push(extension);
                continue;
            };
            if packed == text.as_bytes() {
                same.push(extension);
                continue;
            }
            other.push(extension);
            if extension == "csv" {
                let found = compare(&String::from_utf8_lossy(&packed), &text, 0.0);
                let found = found.map_err(|e| Failure::data(format!("the packed table: {e}")))?;
                differences = found.iter().map(ToString::to_string).collect();
            }
        }
        rebuilt.push(Rebuilt { built, same, other, new, differences });
    }
    left.retain(|_, formats| !formats.is_empty());
    Ok(Replayed { rebuilt, left })
}

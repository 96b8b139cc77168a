//! What two packs found differently, beyond what their experiments say.

use std::collections::BTreeMap;

use super::card::TABLES;
use super::read::Pack;
use crate::report::compare::compare;
use crate::report::findings::SetDigests;
use crate::work::Failure;

/// A difference of two packs, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `dataset` or `table`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it differs.
    pub text: String,
}

/// Data sets of other content, and tables of other numbers.
///
/// # Errors
/// A packed table that cannot be read.
pub fn differences(first: &Pack, second: &Pack) -> Result<Vec<Found>, Failure> {
    let mut found = datasets(&first.findings.datasets, &second.findings.datasets);
    for table in &first.loaded.project.tables {
        let name = &table.name.value;
        let file = format!("{TABLES}/{name}.csv");
        let (Some(one), Some(other)) = (first.file(&file)?, second.file(&file)?) else { continue };
        let (one, other) = (String::from_utf8_lossy(&one), String::from_utf8_lossy(&other));
        let cells =
            compare(&one, &other, 0.0).map_err(|e| Failure::Data(format!("{file}: {e}")))?;
        found.extend(cells.iter().map(|cell| Found {
            kind: "table",
            name: name.clone(),
            text: cell.plainly(),
        }));
    }
    Ok(found)
}

fn datasets(first: &[SetDigests], second: &[SetDigests]) -> Vec<Found> {
    let second: BTreeMap<&str, &SetDigests> =
        second.iter().map(|set| (set.dataset.as_str(), set)).collect();
    let mut found = Vec::new();
    for set in first {
        let Some(other) = second.get(set.dataset.as_str()) else { continue };
        let pairs = [
            ("its list of videos, labels or splits is another", &set.manifest, &other.manifest),
            ("its files are others", &set.pixels, &other.pixels),
        ];
        for (text, one, other) in pairs {
            if one != other {
                let text = format!("{text} ({one:.8} and {other:.8})");
                found.push(Found { kind: "dataset", name: set.dataset.clone(), text });
            }
        }
    }
    found
}

//! What two packs found differently, beyond what their experiments say.

use std::collections::{BTreeMap, BTreeSet};

use super::card::TABLES;
use super::read::Pack;
use proofmark_base::work::Failure;
use proofmark_report::compare::compare;
use proofmark_report::findings::SetDigests;

/// A difference of two packs, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackDifference {
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
pub fn differences(first: &Pack, second: &Pack) -> Result<Vec<PackDifference>, Failure> {
    let mut found = datasets(&first.findings.datasets, &second.findings.datasets);
    let declared =
        |pack: &Pack, name: &str| pack.loaded.project.tables.iter().any(|table| table.name == name);
    let packed = first.tables().chain(second.tables());
    let names: BTreeSet<&str> =
        packed.filter(|(_, extension)| *extension == "csv").map(|(name, _)| name).collect();
    for name in names {
        let file = format!("{TABLES}/{name}.csv");
        let mut tell =
            |text| found.push(PackDifference { kind: "table", name: name.to_owned(), text });
        let (one, other) = match (first.file(&file)?, second.file(&file)?) {
            (Some(one), Some(other)) => (one, other),
            // Of a table that only one declares this is told already.
            _ if declared(first, name) != declared(second, name) => continue,
            (one, _) => {
                let which = if one.is_some() { first } else { second };
                tell(format!("only packed in {}", which.path().display()));
                continue;
            }
        };
        let (one, other) = (String::from_utf8_lossy(&one), String::from_utf8_lossy(&other));
        let cells =
            compare(&one, &other, 0.0).map_err(|e| Failure::data(format!("{file}: {e}")))?;
        cells.iter().for_each(|cell| tell(cell.plainly()));
    }
    Ok(found)
}

fn datasets(first: &[SetDigests], second: &[SetDigests]) -> Vec<PackDifference> {
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
                found.push(PackDifference { kind: "dataset", name: set.dataset.clone(), text });
            }
        }
    }
    found
}

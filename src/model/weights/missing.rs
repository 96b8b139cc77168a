//! What a file lacks, beside what it has instead.

use std::path::Path;

use super::error::WeightsError;
use super::expected::Expected;
use super::file::Entry;
use super::report::LoadReport;

/// Names that are compared with what is missing.
const COMPARED: usize = 3000;
/// Missing parameters that are told with what the file has in their place.
const SHOWN: usize = 4;
/// How alike names must be to be told together, 0 to 1.
const ALIKE: f64 = 0.4;

/// The error that says which parameters a file lacks, and which of its tensors come nearest.
pub(super) fn lacking(
    path: &Path,
    entries: &[Entry],
    expected: &Expected<'_>,
    report: &LoadReport,
    names: Vec<String>,
) -> WeightsError {
    let mut left: Vec<(&str, &Entry)> =
        entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    left.retain(|(name, _)| {
        report.unexpected.iter().any(|u| name.ends_with(u.as_str()))
            || report.dropped.iter().any(|d| name.ends_with(d.as_str()))
    });
    left.truncate(COMPARED);
    let specs = expected.architecture.parameters();
    let spec = |name: &String| specs.iter().find(|spec| spec.name == *name);
    let line = |name: &String| {
        let shape = spec(name).map(|spec| spec.shape.clone()).unwrap_or_default();
        let likeness = |entry: &&(&str, &Entry)| {
            let bonus = if entry.1.shape == shape { 0.5 } else { 0.0 };
            strsim::normalized_levenshtein(name, entry.0) + bonus
        };
        let best = left.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let best = best.filter(|best| likeness(best) >= ALIKE);
        let near = best.map_or_else(
            || "nothing like it is in the file".to_owned(),
            |(_, entry)| format!("the file has `{}` {:?}", entry.full(), entry.shape),
        );
        format!("`{name}` {shape:?}: {near}")
    };
    let lines = names.iter().take(SHOWN).map(line).collect();
    let has: Vec<String> = entries.iter().map(Entry::full).collect();
    WeightsError::Missing { path: path.to_owned(), names, lines, has, whole: expected.whole }
}

//! From a file to a network's parameters: what fits what, and every difference said.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::choose::{Choice, Undecided, Wanted, choose};
use super::error::WeightsError;
use super::expected::Expected;
use super::file::{Entry, WeightsFile};
use super::missing::lacking;
use super::report::LoadReport;
use super::unlike::unlike;
use crate::params::Params;
use crate::spec::ParamSpec;

/// A file in which everything has its place.
struct Fitted {
    file: WeightsFile,
    choice: Choice,
    report: LoadReport,
}

/// Loads what `path` has into `params`.
///
/// The head is dropped if the file was trained for another class count, what the network can
/// adapt (positions, to another grid) is adapted, and everything else must have the model's shape. Parameters that the file lacks must match a pattern of `missing`.
///
/// # Errors
/// A file that cannot be read, or is not of the expected network.
pub fn load(
    path: &Path,
    expected: &Expected<'_>,
    params: &Params,
) -> Result<LoadReport, WeightsError> {
    let Fitted { file, choice, mut report } = fit(path, expected)?;
    let matched = report.matched.clone();
    for (index, spec) in params.specs().iter().enumerate() {
        if !matched.contains(&spec.name) {
            continue;
        }
        let Some(entry) = choice.found[index] else { continue };
        let tensor = file.tensor(entry)?;
        let tensor = if expected.classifies(spec) {
            arranged(expected, &tensor)?
        } else {
            let mut other = |name: &str| {
                place(params.specs(), &choice, name).map(|entry| file.tensor(entry)).transpose()
            };
            expected.architecture.adapted(&spec.name, tensor, &mut other, &mut report)?
        };
        params.set(index, &tensor)?;
    }
    Ok(report)
}

/// [`load`] without a value: what it would say, from the headers of the file alone.
///
/// # Errors
/// As [`load`], but for values.
pub fn check(path: &Path, expected: &Expected<'_>) -> Result<LoadReport, WeightsError> {
    Ok(fit(path, expected)?.report)
}

fn fit(path: &Path, expected: &Expected<'_>) -> Result<Fitted, WeightsError> {
    let file = WeightsFile::open(path)?;
    let specs = expected.architecture.parameters();
    let choice = chosen(path, &file, &specs, expected)?;
    let entries = file.entries();
    let mut report = LoadReport {
        file: path.display().to_string(),
        prefix: choice.prefix.clone(),
        average: choice.average,
        others: choice.others.clone(),
        ..LoadReport::default()
    };
    let shape_of = |name: &str| Some(entries[place(&specs, &choice, name)?].shape.clone());
    for (spec, found) in specs.iter().zip(&choice.found) {
        let Some(entry) = *found else {
            report.missing.push(spec.name.clone());
            continue;
        };
        let found = &entries[entry].shape;
        if expected.classifies(spec) && !expected.takes(spec, found) {
            report.dropped.push(spec.name.clone());
            report.missing.push(spec.name.clone());
            continue;
        }
        let fits = match expected.classifies(spec) {
            true => found[1..] == spec.shape[1..],
            false => expected.architecture.fits(spec, &entries[entry], &shape_of, &mut report),
        };
        if !fits {
            return Err(WeightsError::Shape {
                path: path.to_owned(),
                name: entries[entry].full(),
                found: found.clone(),
                needed: spec.shape.clone(),
            });
        }
        file.check_type(entry)?;
        report.matched.push(spec.name.clone());
    }
    report.unexpected = unexpected(entries, &choice);
    complete(path, &file, expected, &report)?;
    Ok(Fitted { file, choice, report })
}

/// The tensors of the file that are the network's.
fn chosen(
    path: &Path,
    file: &WeightsFile,
    specs: &[ParamSpec],
    expected: &Expected<'_>,
) -> Result<Choice, WeightsError> {
    let wanted = |spec: &ParamSpec| {
        // A classifier of other classes is left out.
        let exact = !expected.architecture.adapts(&spec.name) && !expected.classifies(spec);
        let own = std::iter::once(spec.name.clone());
        Wanted {
            names: own.chain(expected.architecture.aliases(&spec.name)).collect(),
            shape: exact.then(|| spec.shape.clone()),
        }
    };
    let wanted: Vec<Wanted> = specs.iter().map(wanted).collect();
    choose(file.entries(), &wanted, expected.key).map_err(|why| match why {
        Undecided::Key(has) => WeightsError::Key {
            path: path.to_owned(),
            key: expected.key.unwrap_or_default().to_owned(),
            has,
        },
        Undecided::Several(has) => WeightsError::Several { path: path.to_owned(), has },
    })
}

fn place(specs: &[ParamSpec], choice: &Choice, name: &str) -> Option<usize> {
    choice.found[specs.iter().position(|spec| spec.name == name)?]
}

/// Names of what stands beside the tensors that were taken, and is not taken.
fn unexpected(entries: &[Entry], choice: &Choice) -> Vec<String> {
    let taken: Vec<usize> = choice.found.iter().copied().flatten().collect();
    let Some(dict) = taken.first().map(|entry| entries[*entry].dict.as_str()) else {
        return entries.iter().map(Entry::full).collect();
    };
    let behind = |prefix: &str, name: &str| -> Option<String> {
        match name.strip_prefix(prefix) {
            Some(rest) if prefix.is_empty() => Some(rest.to_owned()),
            Some(rest) => rest.strip_prefix('.').map(str::to_owned),
            None => None,
        }
    };
    let left = entries.iter().enumerate().filter(|(place, entry)| {
        let full = entry.full();
        let of_another = choice.others.iter().any(|o| behind(o.trim_matches('`'), &full).is_some());
        entry.dict == dict && !taken.contains(place) && !of_another
    });
    let name = |entry: &Entry| behind(&choice.prefix, &entry.full()).unwrap_or(entry.name.clone());
    let mut names: Vec<String> = left.map(|(_, entry)| name(entry)).collect();
    names.sort_unstable();
    names
}

/// Refuses a file that lacks what it must have, or has what makes it another network's.
fn complete(
    path: &Path,
    file: &WeightsFile,
    expected: &Expected<'_>,
    report: &LoadReport,
) -> Result<(), WeightsError> {
    let allowed = |name: &&String| {
        let pattern = expected.missing.iter().any(|pattern| matches(pattern, name));
        // Patterns speak of a `head`; a classifier of another name is one.
        let head = expected.architecture.head().contains(&name.as_str());
        !expected.whole && (pattern || head && !name.starts_with("head."))
    };
    let undeclared: Vec<String> = report.missing.iter().filter(|n| !allowed(n)).cloned().collect();
    let shape = |name: &str| {
        let of_name = |e: &&Entry| e.name == name || e.name.ends_with(&format!(".{name}"));
        file.entries().iter().find(of_name).map(|entry| entry.shape.clone())
    };
    if undeclared.iter().all(|name| expected.architecture.lacked_by_variants(name))
        && let Some((why, names)) = unlike(expected.architecture, report, &shape, expected.whole)
    {
        return Err(WeightsError::Unlike { path: path.to_owned(), why, names });
    }
    if undeclared.is_empty() {
        return Ok(());
    }
    Err(lacking(path, file.entries(), expected, report, undeclared))
}

/// Rows of a classifier in the order of the network's classes: real first, then fakes as they
/// are declared. A single output, a logit, becomes the difference of two.
fn arranged(expected: &Expected<'_>, tensor: &Tensor) -> candle_core::Result<Tensor> {
    let Some(outputs) = expected.head else { return Ok(tensor.clone()) };
    let real = outputs.iter().position(|name| name == "real");
    if let [_] = outputs {
        let zero = tensor.zeros_like()?;
        let rows = if real.is_some() { [tensor, &zero] } else { [&zero, tensor] };
        return Tensor::cat(&rows, 0);
    }
    let real = real.unwrap_or(0) as u32;
    let rest = (0..outputs.len() as u32).filter(|row| *row != real);
    let order: Vec<u32> = std::iter::once(real).chain(rest).collect();
    tensor.index_select(&Tensor::new(order, &Device::Cpu)?, 0)
}

/// Whether `name` matches a pattern in which `*` stands for anything.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(part) => part.is_empty() || name.ends_with(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("head.*", "head.weight"));
        assert!(matches("*.bias", "blocks.0.norm1.bias"));
        assert!(matches("blocks.*.ls1.gamma", "blocks.11.ls1.gamma"));
        assert!(matches("*", "anything"));
        assert!(matches("cls_token", "cls_token"));
        assert!(!matches("head.*", "fc_norm.weight"));
        assert!(!matches("head", "head.weight"));
        assert!(!matches("blocks.*.ls1", "blocks.1.ls1.gamma"));
    }
}

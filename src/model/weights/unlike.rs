//! Tensors of a file that say that its network computes something else than the declared one.

use super::report::LoadReport;
use crate::architecture::Architecture;
use crate::backbone::LeftOver;

/// Why the network of a file is not the declared one, by the tensors that were left over, with
/// those that say so. `whole`: the file's head is used, so that all behind the trunk counts, too.
pub(super) fn unlike(
    architecture: &Architecture,
    report: &LoadReport,
    shape: &dyn Fn(&str) -> Option<Vec<usize>>,
    whole: bool,
) -> Option<(String, Vec<String>)> {
    let file = LeftOver { matched: &report.matched, shape, whole };
    let why = |name: &str| architecture.unlike(name, &file);
    let Some(reason) = report.unexpected.iter().find_map(|name| why(name)) else {
        return if whole { more(report) } else { None };
    };
    let same = |name: &&String| why(name).as_ref() == Some(&reason);
    Some((reason.clone(), report.unexpected.iter().filter(same).cloned().collect()))
}

/// Whatever else a file has, where the network is used as the file has it: it would be left out.
fn more(report: &LoadReport) -> Option<(String, Vec<String>)> {
    let counts = |name: &&String| !name.ends_with("num_batches_tracked");
    let more: Vec<String> = report.unexpected.iter().filter(counts).cloned().collect();
    let why = "it has parts that the declared network does not have, whose work would be left out";
    (!more.is_empty()).then(|| (why.to_owned(), more))
}

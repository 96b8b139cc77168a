//! What can be declared but not run yet.

use super::diagnostic::{Code, Diagnostic, Severity};
use super::model::{Column, Dataset, Detector, Layout, Project};

/// What keeps a valid project from running in this version of Proofmark: data sets
/// that its experiments and tables use. `check` does not ask; `run` does.
pub fn unavailable(project: &Project) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut report = |diagnostic: Diagnostic| {
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
    };
    let used = |dataset: &&Dataset| {
        let name = &dataset.name.value;
        let trained = project.experiments.values().flat_map(|e| &e.data.sources);
        let columns = project.tables.iter().flat_map(|t| &t.scenarios).flat_map(|s| &s.columns);
        trained.into_iter().any(|source| source.dataset.value == *name)
            || columns.into_iter().any(|column| match column {
                Column::Dataset { dataset, .. } | Column::PerManipulation { dataset, .. } => {
                    dataset.value == *name
                }
                Column::Average { .. } => false,
            })
    };
    for dataset in project.datasets.values().filter(used) {
        if let Layout::Released(released) = &dataset.layout
            && released.name.value.is_videos()
        {
            report(
                Diagnostic::error(
                    Code::NotAvailable,
                    format!("the videos of `{}` cannot be decoded yet", dataset.name.value),
                )
                .text("this version lists the videos of the release, but does not decode them")
                .at(released.name.origin, "released as videos")
                .help(
                    "extract its faces yourself and declare `layout folder`, `layout table` or \
                     `layout deepfakebench`",
                ),
            );
        } else if dataset.faces.detector.value == Detector::Retinaface {
            report(
                Diagnostic::error(
                    Code::NotAvailable,
                    format!("the faces of `{}` cannot be found yet", dataset.name.value),
                )
                .text("this version has no face detector")
                .at(dataset.faces.detector.origin, "declared, not yet available")
                .help("extract the faces yourself and write `detector=none`"),
            );
        }
    }
    debug_assert!(found.iter().all(|diagnostic| diagnostic.severity == Severity::Error));
    found
}

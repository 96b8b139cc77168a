//! Classes and averages that need to know how a fake was made.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Attribution, Column, Dataset, Experiment, Label, Layout, Placed, Project};
use crate::suggest::{did_you_mean, near};

/// Reports fakes without a family, or a manipulation, where one is needed.
pub(super) fn families(project: &Project, sink: &mut Sink) {
    for experiment in project.experiments.values() {
        let Some(attribution) = experiment.attribution else { continue };
        if attribution == Attribution::Dataset {
            continue;
        }
        for source in &experiment.data.sources {
            if let Some(dataset) = project.datasets.get(&source.dataset) {
                attributable(experiment, dataset, sink);
            }
        }
    }
    for table in &project.tables {
        for column in table.scenarios.iter().flat_map(|scenario| &scenario.columns) {
            averages(project, column, sink);
            values(project, column, sink);
        }
    }
}

fn attributable(experiment: &Placed<Experiment>, dataset: &Placed<Dataset>, sink: &mut Sink) {
    let by_category = experiment.attribution == Some(Attribution::Category);
    let by = if by_category { "category" } else { "manipulation" };
    let report = |diagnostic: Diagnostic| {
        diagnostic
            .text(format!("`{}` makes classes by {by}", experiment.name))
            .and(experiment.at.attribution, "asks for it")
    };
    if dataset.manipulations.is_empty() {
        sink.report(
            report(
                Diagnostic::error(
                    Code::MissingFamily,
                    format!("`{}` without manipulations", dataset.name),
                )
                .at(dataset.at.name, "declares no `manipulation`"),
            )
            .help("declare its manipulations with their families"),
        );
        return;
    }
    if by_category {
        for manipulation in dataset.manipulations.iter().filter(|m| m.family.is_none()) {
            let title = format!("`{}` without a family", manipulation.name);
            sink.report(
                report(
                    Diagnostic::error(Code::MissingFamily, title)
                        .at(manipulation.at.name, "has no `family`"),
                )
                .help("write `family=face-swap`, `family=reenactment` or another one"),
            );
        }
    }
    if let Layout::Folder(folder) = &dataset.layout {
        for class in folder.classes.iter().filter(|class| class.label == Label::Fake) {
            let declared = class.manipulation.as_ref().is_some_and(|manipulation| {
                dataset.manipulations.iter().any(|other| other.name == *manipulation)
            });
            if !declared {
                let title = format!("the fakes of \"{}\" without a manipulation", class.folder);
                sink.report(
                    report(
                        Diagnostic::error(Code::MissingFamily, title)
                            .at(class.at.folder, "made by no declared `manipulation`"),
                    )
                    .help("write `manipulation=..` with the name of a declared one"),
                );
            }
        }
    }
}

/// Reports columns by an attribute that no video has.
fn values(project: &Project, column: &Column, sink: &mut Sink) {
    let Column::PerValue(column) = column else { return };
    let (name, by) = (&column.dataset, &column.by);
    let Some(dataset) = project.datasets.get(name) else { return };
    let known = dataset.layout.attributes();
    if !known.contains(&by.as_str()) {
        let near = near(by, known.iter().copied());
        sink.report(
            Diagnostic::error(Code::UnknownName, format!("`{}` has no attribute `{}`", name, by))
                .text(match known.as_slice() {
                    [] => {
                        "a `layout table` declares attributes, the columns that say more of a video"
                            .to_owned()
                    }
                    known => format!("its attributes are {}", known.join(", ")),
                })
                .at(column.at.by, "not declared")
                .and(dataset.at.name, "declared here")
                .help(match near {
                    Some(near) => did_you_mean(by, near),
                    None if known.is_empty() => format!("add `attribute \"{by}\"` to its layout"),
                    None => "write one of them".to_owned(),
                }),
        );
    }
}

/// Reports averages over no manipulations.
fn averages(project: &Project, column: &Column, sink: &mut Sink) {
    let Column::PerManipulation(column) = column else { return };
    let name = &column.dataset;
    let Some(dataset) = project.datasets.get(name) else { return };
    if dataset.manipulations.is_empty() {
        sink.report(
            Diagnostic::error(Code::MissingFamily, format!("`{}` without manipulations", name))
                .text("`per-manipulation` scores each declared manipulation")
                .at(column.at.dataset, "declares no `manipulation`")
                .and(dataset.at.name, "declared here")
                .help("declare its manipulations, or use `column`"),
        );
        return;
    }
    for average in &column.averages {
        let Some(family) = average.family else { continue };
        let any = dataset.manipulations.iter().any(|m| m.family == Some(family));
        if !any {
            sink.report(
                Diagnostic::error(Code::MissingFamily, "an average over no manipulations")
                    .text(format!("no manipulation of `{}` is of this family", name))
                    .at(average.at.family, "nothing to average")
                    .help("give the manipulations their families"),
            );
        }
    }
}

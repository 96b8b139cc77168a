//! Rows of other tools' scores.

use std::collections::BTreeSet;

use crate::lang::diagnostic::{Code, Diagnostic, Sink};
use crate::lang::model::{Column, Predictions, Project, Row, Table};

/// Reports rows whose scores could not be told apart from others, or not be joined.
pub(super) fn outside(project: &Project, sink: &mut Sink) {
    let mut seen: Vec<(&Row, &Predictions)> = Vec::new();
    for table in &project.tables {
        for row in &table.rows {
            let Some(predictions) = &row.predictions else { continue };
            let name = &row.experiment;
            if let Some(experiment) = project.experiments.get(&name.value) {
                sink.report(
                    Diagnostic::error(
                        Code::Contradiction,
                        format!("the row `{}` is of another tool and of an experiment", name.value),
                    )
                    .at(name.origin, "has `predictions`")
                    .and(experiment.name.origin, "an experiment of this name")
                    .help("give the row a name of its own"),
                );
            }
            if let Some(repeat) = row.repeats.first() {
                sink.report(
                    Diagnostic::error(Code::Contradiction, "a repeat of another tool's scores")
                        .text("a row is made of `predictions` or of experiments")
                        .at(repeat.origin, "has no effect")
                        .help("remove it, or give it a row of its own"),
                );
            }
            match seen.iter().find(|(other, _)| other.experiment.value == name.value) {
                Some((other, file)) if *file != predictions => sink.report(
                    Diagnostic::error(
                        Code::DuplicateName,
                        format!("`{}` with other scores than before", name.value),
                    )
                    .text("claims and comparisons call a row by its name")
                    .at(name.origin, "again here")
                    .and(other.experiment.origin, "first here")
                    .help("give one of them another name"),
                ),
                _ => seen.push((row, predictions)),
            }
            one_set(table, predictions, sink);
        }
    }
}

/// Without a column for the data set, a file can be of one alone.
fn one_set(table: &Table, predictions: &Predictions, sink: &mut Sink) {
    let columns = table.scenarios.iter().flat_map(|scenario| &scenario.columns);
    let sets: BTreeSet<&str> = columns
        .filter_map(|column| match column {
            Column::Dataset { dataset, .. }
            | Column::PerManipulation { dataset, .. }
            | Column::PerValue { dataset, .. }
            | Column::Corrupted { dataset, .. } => Some(dataset.value.as_str()),
            Column::Average { .. } => None,
        })
        .collect();
    if sets.len() > 1 && predictions.dataset.is_none() {
        sink.report(
            Diagnostic::error(Code::MissingKey, "scores of which data set?")
                .text(format!(
                    "`{}` scores {} data sets, and the file says of no row which one it is of",
                    table.name.value,
                    sets.len()
                ))
                .at(predictions.file.origin, "of several data sets")
                .help("name the column that says it: `columns dataset=..`"),
        );
    }
}

//! Rows of other tools' scores.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Placed, Predictions, Project, Row, Table};

/// Reports rows whose scores could not be told apart from others, or not be joined.
pub(super) fn outside(project: &Project, sink: &mut Sink) {
    let mut seen: BTreeMap<&str, (&Placed<Row>, &Placed<Predictions>)> = BTreeMap::new();
    for table in &project.tables {
        let sets = sets(table);
        for row in &table.rows {
            let Some(predictions) = &row.predictions else { continue };
            let (name, at) = (&row.experiment, row.at.experiment);
            if let Some(experiment) = project.experiments.get(name) {
                sink.report(
                    Diagnostic::error(
                        Code::Contradiction,
                        format!("the row `{}` is of another tool and of an experiment", name),
                    )
                    .at(at, "has `predictions`")
                    .and(experiment.at.name, "an experiment of this name")
                    .help("give the row a name of its own"),
                );
            }
            if let Some(repeat) = row.at.repeats.first() {
                sink.report(
                    Diagnostic::error(Code::Contradiction, "a repeat of another tool's scores")
                        .text("a row is made of `predictions` or of experiments")
                        .at(*repeat, "has no effect")
                        .help("remove it, or give it a row of its own"),
                );
            }
            let (other, file) = *seen.entry(name).or_insert((row, predictions));
            if file != predictions {
                sink.report(
                    Diagnostic::error(
                        Code::DuplicateName,
                        format!("`{}` with other scores than before", name),
                    )
                    .text("claims and comparisons call a row by its name")
                    .at(at, "again here")
                    .and(other.at.experiment, "first here")
                    .help("give one of them another name"),
                );
            }
            one_set(table, sets.len(), predictions, sink);
        }
    }
}

/// The data sets of a table's columns.
fn sets(table: &Table) -> BTreeSet<&str> {
    let columns = table.scenarios.iter().flat_map(|scenario| &scenario.columns);
    columns.filter_map(|column| Some(column.reported()?.dataset)).collect()
}

/// Without a column for the data set, a file can be of one alone.
fn one_set(table: &Table, sets: usize, predictions: &Placed<Predictions>, sink: &mut Sink) {
    if sets > 1 && predictions.columns.dataset.is_none() {
        sink.report(
            Diagnostic::error(Code::MissingKey, "scores of which data set?")
                .text(format!(
                    "`{}` scores {sets} data sets, and the file says of no row which one it is of",
                    table.name
                ))
                .at(predictions.at.file, "of several data sets")
                .help("name the column that says it: `columns dataset=..`"),
        );
    }
}

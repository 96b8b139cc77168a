//! Separability of rows whose margin is not known before it is chosen.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Experiment, Project, Table};

/// Reports tables that measure embeddings by each row's own margin where a row's variants have several.
pub(super) fn separability(project: &Project, sink: &mut Sink) {
    for table in &project.tables {
        let Some(declared) = &table.separability else { continue };
        for (key, stated, of) in [
            ("margin", declared.margin.is_some(), margin as fn(&Experiment) -> Option<String>),
            ("normalize", declared.normalize.is_some(), normalize),
        ] {
            let Some(experiment) = tuned(project, table, of).filter(|_| !stated) else { continue };
            sink.report(
                Diagnostic::error(
                    Code::MissingKey,
                    format!("separability without `{key}`, which a matrix varies"),
                )
                .text(format!(
                    "embeddings are measured by the `{key}` of a row's triplet term, and that of \
                     `{experiment}` is known only when a variant is chosen"
                ))
                .at(declared.node, format!("needs a `{key}`"))
                .help(format!("say by which `{key}` all rows are measured: `{key}=..`")),
            );
        }
    }
}

/// The first experiment of a table whose variants differ in a value of their first triplet term.
fn tuned<'p>(
    project: &'p Project,
    table: &'p Table,
    of: fn(&Experiment) -> Option<String>,
) -> Option<&'p str> {
    table.rows.iter().flat_map(|row| row.experiments()).find(|name| {
        let choice = project.experiments.get(*name).and_then(|e| e.choice.as_ref());
        let variants = choice.iter().flat_map(|choice| &choice.variants);
        let values = variants.filter_map(|name| project.experiments.get(name)).map(|e| of(e));
        values.collect::<BTreeSet<_>>().len() > 1
    })
}

fn margin(experiment: &Experiment) -> Option<String> {
    let triplet = experiment.loss.terms.iter().find_map(|term| term.term().triplet());
    triplet.map(|triplet| triplet.margin.to_string())
}

fn normalize(experiment: &Experiment) -> Option<String> {
    let triplet = experiment.loss.terms.iter().find_map(|term| term.term().triplet());
    triplet.map(|triplet| triplet.normalize.to_string())
}

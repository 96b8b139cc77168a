//! Claims and comparisons about what their table lacks.

use crate::lang::diagnostic::{Code, Diagnostic, Sink};
use crate::lang::model::{Claim, Column, Corruption, Metric, Project, Row, Scenario, Table};
use crate::lang::span::Spanned;
use crate::lang::suggest::{did_you_mean, list, near};

/// What a claim is said to be.
const ABOUT: &str = "a claim about";

/// Reports claims that cannot be decided and comparisons that cannot be made, whatever the
/// numbers are.
pub(super) fn claims(project: &Project, sink: &mut Sink) {
    for table in &project.tables {
        for claim in &table.claims {
            self::claim(project, table, claim, sink);
        }
        if let Some(compare) = &table.compare {
            row(project, &compare.against, "a comparison with", table, sink);
        }
    }
}

fn claim(project: &Project, table: &Table, claim: &Claim, sink: &mut Sink) {
    row(project, &claim.row, ABOUT, table, sink);
    row(project, &claim.above, ABOUT, table, sink);
    if claim.row == claim.above {
        sink.report(
            Diagnostic::error(Code::Contradiction, "a claim that a row is above itself")
                .at(claim.above.origin, "the same row")
                .and(claim.row.origin, "as here")
                .help("compare two rows"),
        );
    }
    let scenarios: Vec<&str> = table.scenarios.iter().map(|s| s.name.value.as_str()).collect();
    known(&claim.scenario, ABOUT, "scenario", &scenarios, None, table, sink);
    let scenario = table.scenarios.iter().find(|s| s.name == claim.scenario);
    // Of a column without a data set, something was said already.
    let declared = |column: &Column| match column {
        Column::Dataset { dataset, .. }
        | Column::PerManipulation { dataset, .. }
        | Column::PerValue { dataset, .. }
        | Column::Corrupted { dataset, .. } => project.datasets.contains_key(&dataset.value),
        Column::Average { .. } => true,
    };
    if let Some(scenario) = scenario.filter(|s| s.columns.iter().all(declared)) {
        let labels = labels(project, scenario);
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        known(&claim.column, ABOUT, "column", &labels, None, table, sink);
    }
    if !table.metrics.is_empty()
        && !table.metrics.iter().any(|metric| metric.metric.value == claim.metric.value)
    {
        let metric = word(claim.metric.value);
        let has: Vec<&str> = table.metrics.iter().map(|metric| word(metric.metric.value)).collect();
        sink.report(
            Diagnostic::error(
                Code::ClaimOutsideTable,
                format!("a claim about `{metric}`, which is not in the table"),
            )
            .text(format!("`{}` has {}", table.name.value, list(has, "and")))
            .at(claim.metric.origin, "not a metric of the table")
            .help(format!("add `metric {metric}`")),
        );
    }
}

/// A row, by its experiment.
fn row(project: &Project, name: &Spanned<String>, who: &str, table: &Table, sink: &mut Sink) {
    let rows: Vec<&str> = table.rows.iter().map(|row| row.experiment.value.as_str()).collect();
    // Of a row that names no experiment, something was said already.
    let known_rows = |row: &Row| {
        row.predictions.is_some() || project.experiments.contains_key(&row.experiment.value)
    };
    if !table.rows.iter().all(known_rows) {
        return;
    }
    let labelled = table.rows.iter().find(|other| other.label.value == name.value);
    let help = labelled.map(|row| format!("name its experiment: `{}`", row.experiment.value));
    known(name, who, "row", &rows, help, table, sink);
}

fn known(
    name: &Spanned<String>,
    who: &str,
    what: &str,
    options: &[&str],
    help: Option<String>,
    table: &Table,
    sink: &mut Sink,
) {
    // That a table has none at all is said of the table.
    let none = options.is_empty();
    if none || options.contains(&name.value.as_str()) || sink.crowded(name.origin) {
        return;
    }
    let near = near(&name.value, options.iter().copied());
    sink.report(
        Diagnostic::error(
            Code::ClaimOutsideTable,
            format!("{who} the {what} `{}`, which is not in the table", name.value),
        )
        .text(format!("`{}` has {}", table.name.value, list(options.iter().copied(), "and")))
        .at(name.origin, format!("not a {what} of the table"))
        .maybe_help(help.or_else(|| near.map(|near| did_you_mean(&name.value, near)))),
    );
}

/// The labels of a scenario's columns.
fn labels(project: &Project, scenario: &Scenario) -> Vec<String> {
    let mut labels = Vec::new();
    for column in &scenario.columns {
        match column {
            Column::Dataset { label, .. } | Column::Average { label } => {
                labels.push(label.value.clone());
            }
            Column::PerManipulation { dataset, show, averages, .. } => {
                if let Some(dataset) = project.datasets.get(&dataset.value).filter(|_| show.value) {
                    labels.extend(dataset.manipulations.iter().map(|manipulation| {
                        let label = manipulation.title.as_ref().unwrap_or(&manipulation.name);
                        label.value.clone()
                    }));
                }
                labels.extend(averages.iter().map(|average| average.label.value.clone()));
            }
            // The values are known once the data are.
            Column::PerValue { average, .. } => {
                labels.extend(average.iter().map(|label| label.value.clone()));
            }
            Column::Corrupted { kind, strengths, average, .. } => {
                let at = |at: &Spanned<f64>| Corruption { kind: *kind, at: at.value }.to_string();
                labels.extend(strengths.iter().map(at));
                labels.extend(average.iter().map(|label| label.value.clone()));
            }
        }
    }
    labels
}

fn word(metric: Metric) -> &'static str {
    match metric {
        Metric::Auc => "auc",
        Metric::BalancedAccuracy => "balanced-accuracy",
        Metric::Eer => "eer",
        Metric::AveragePrecision => "average-precision",
        Metric::Accuracy => "accuracy",
        Metric::Tpr => "tpr",
        Metric::Brier => "brier",
        Metric::Ece => "ece",
    }
}

//! Claims and comparisons about what their table lacks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Claim, Column, Placed, Project, Row, Scenario, Table};
use crate::span::Origin;
use crate::suggest::{did_you_mean, list, near};

/// What a claim is said to be.
const ABOUT: &str = "a claim about";

/// Reports claims that cannot be decided and comparisons that cannot be made, whatever the
/// numbers are.
pub(super) fn claims(project: &Project, sink: &mut Sink) {
    for table in &project.tables {
        let names = Names::of(project, table);
        for (_, claim) in table.statements() {
            self::claim(&names, claim, sink);
        }
        if let Some(compare) = &table.compare {
            names.row((&compare.against, compare.at.against), "a comparison with", sink);
        }
    }
}

/// What a table has, by name.
struct Names<'a> {
    table: &'a Table,
    /// Experiments of its rows; none where a row names none, of which something was said already.
    rows: Option<Options<'a>>,
    /// The experiment of each row's label.
    labelled: BTreeMap<&'a str, &'a str>,
    scenarios: Options<'a>,
    /// The columns of each scenario; none where one is of no data set, of which something was said
    /// already.
    columns: BTreeMap<&'a str, Option<Options<'a>>>,
}

/// Names to choose from.
#[derive(Clone)]
struct Options<'a> {
    listed: Vec<Cow<'a, str>>,
    known: BTreeSet<Cow<'a, str>>,
}

impl<'a> Options<'a> {
    fn of(listed: Vec<Cow<'a, str>>) -> Self {
        Self { known: listed.iter().cloned().collect(), listed }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(|name| &**name)
    }
}

impl<'a> Names<'a> {
    fn of(project: &Project, table: &'a Table) -> Self {
        let known = |row: &Placed<Row>| {
            row.predictions.is_some() || project.experiments.contains_key(&row.experiment)
        };
        let rows = table.rows.iter().map(|row| Cow::from(&row.experiment));
        let rows = table.rows.iter().all(known).then(|| Options::of(rows.collect()));
        let mut labelled = BTreeMap::new();
        for row in &table.rows {
            labelled.entry(&*row.label).or_insert(&*row.experiment);
        }
        let declared = |column: &Column| {
            column.reported().is_none_or(|of| project.datasets.contains_key(of.dataset))
        };
        let scenarios = table.scenarios.iter().map(|scenario| Cow::from(&scenario.name));
        let mut columns = BTreeMap::new();
        for scenario in &table.scenarios {
            columns.entry(&*scenario.name).or_insert_with(|| {
                let all = scenario.columns.iter().all(declared);
                let labels = || labels(project, scenario).into_iter().map(Cow::from).collect();
                all.then(|| Options::of(labels()))
            });
        }
        Self { table, rows, labelled, scenarios: Options::of(scenarios.collect()), columns }
    }

    /// The columns of a scenario, or of all; none where there is no such scenario or one has a
    /// column of no data set, of which something was said already.
    fn columns(&self, scenario: Option<&str>) -> Option<Options<'a>> {
        match scenario {
            Some(name) => self.columns.get(name)?.clone(),
            None => {
                let all: Option<Vec<_>> =
                    self.columns.values().map(|c| Some(c.as_ref()?.listed.clone())).collect();
                let mut seen = BTreeSet::new();
                let all = all?.into_iter().flatten();
                Some(Options::of(all.filter(|label| seen.insert(label.clone())).collect()))
            }
        }
    }

    /// Reports a row that the table does not have; rows are named by their experiments.
    fn row(&self, name: (&str, Origin), who: &str, sink: &mut Sink) {
        let Some(rows) = &self.rows else { return };
        let help = self.labelled.get(name.0);
        let help = help.map(|experiment| format!("name its experiment: `{experiment}`"));
        self.known(name, (who, "row"), rows, help, sink);
    }

    /// Reports a name that is none of those that the table has. That it has none at all is said
    /// of the table.
    fn known(
        &self,
        (name, at): (&str, Origin),
        (who, what): (&str, &str),
        options: &Options<'_>,
        help: Option<String>,
        sink: &mut Sink,
    ) {
        let none = options.listed.is_empty();
        if none || options.known.contains(name) || sink.crowded(at) {
            return;
        }
        let near = near(name, options.names());
        let table = &self.table.name;
        sink.report(
            Diagnostic::error(
                Code::ClaimOutsideTable,
                format!("{who} the {what} `{name}`, which is not in the table"),
            )
            .text(format!("`{table}` has {}", list(options.names(), "and")))
            .at(at, format!("not a {what} of the table"))
            .maybe_help(help.or_else(|| near.map(|near| did_you_mean(name, near)))),
        );
    }
}

fn claim(names: &Names<'_>, claim: &Placed<Claim>, sink: &mut Sink) {
    let table = names.table;
    names.row((&claim.row, claim.at.row), ABOUT, sink);
    let others = claim.relation.others().iter().zip(&claim.at.relation);
    for (other, at) in others {
        names.row((other, *at), ABOUT, sink);
        if *other == claim.row {
            sink.report(
                Diagnostic::error(Code::Contradiction, "a claim that compares a row with itself")
                    .at(*at, "the same row")
                    .and(claim.at.row, "as here")
                    .help("compare two rows"),
            );
        }
    }
    let columns = claim.over.columns.iter().zip(&claim.at.over);
    if let Some(scenario) = &claim.scenario {
        let named = (scenario.as_str(), claim.at.scenario);
        names.known(named, (ABOUT, "scenario"), &names.scenarios, None, sink);
    }
    if let Some(options) = names.columns(claim.scenario.as_deref()) {
        for (column, at) in columns {
            names.known((column, *at), (ABOUT, "column"), &options, None, sink);
        }
    }
    if !table.metrics.is_empty()
        && !table.metrics.iter().any(|metric| metric.metric == claim.metric)
    {
        let metric = claim.metric.word;
        let has: Vec<&str> = table.metrics.iter().map(|metric| metric.metric.word).collect();
        sink.report(
            Diagnostic::error(
                Code::ClaimOutsideTable,
                format!("a claim about `{metric}`, which is not in the table"),
            )
            .text(format!("`{}` has {}", table.name, list(has, "and")))
            .at(claim.at.metric, "not a metric of the table")
            .help(format!("add `metric {metric}`")),
        );
    }
}

/// The labels of a scenario's columns.
fn labels(project: &Project, scenario: &Scenario) -> Vec<String> {
    let mut labels = Vec::new();
    for column in &scenario.columns {
        match column {
            Column::PerManipulation(of) if of.show => {
                let dataset = project.datasets.get(&of.dataset);
                labels.extend(
                    dataset
                        .iter()
                        .flat_map(|set| &set.manipulations)
                        .map(|method| method.title.as_ref().unwrap_or(&method.name).clone()),
                );
            }
            Column::Corrupted(of) => {
                labels.extend(of.corruptions().map(|corruption| corruption.to_string()));
            }
            // The values of an attribute are known once the data are.
            Column::PerManipulation(_)
            | Column::Dataset(_)
            | Column::Average(_)
            | Column::PerValue(_) => {}
        }
        labels.extend(column.labels().into_iter().map(|(label, _)| label.clone()));
    }
    labels
}

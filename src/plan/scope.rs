//! What a file asks for: experiments, the data sets that they see, and what is scored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{
    Column, Corruption, Dataset, Experiment, Placed, Project, Reported, Scenario, Split, Table,
};

/// Experiments that the tables show; without a table those of the file itself, or all of them if
/// it declares none.
pub fn experiments(project: &Project) -> Vec<&Placed<Experiment>> {
    let rows = project.tables.iter().flat_map(|t| &t.rows);
    let shown = rows.flat_map(|row| row.experiments());
    let shown = shown.filter_map(|name| project.experiments.get(name)).collect();
    if !project.tables.is_empty() {
        return with_variants(project, shown);
    }
    let all = || project.experiments.values();
    let own: Vec<_> = all().filter(|e| e.at.name.is_own()).collect();
    with_variants(project, if own.is_empty() { all().collect() } else { own })
}

/// The same, each once, and before one that takes a variant all of its variants.
fn with_variants<'a>(
    project: &'a Project,
    experiments: Vec<&'a Placed<Experiment>>,
) -> Vec<&'a Placed<Experiment>> {
    let variants = |experiment: &'a Placed<Experiment>| {
        let choice = experiment.choice.iter().flat_map(|choice| &choice.variants);
        let variants = choice.filter_map(|name| project.experiments.get(name));
        variants.chain(std::iter::once(experiment))
    };
    let mut names = BTreeSet::new();
    let all = experiments.into_iter().flat_map(variants);
    all.filter(|experiment| names.insert(&experiment.name)).collect()
}

/// What is scored: a split of a data set, its faces as they are or corrupted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
    /// What is done to its faces before.
    pub corruption: Option<Corruption>,
}

/// What a table scores.
pub fn targets(table: &Table) -> BTreeSet<Target> {
    table.scenarios.iter().flat_map(|scenario| targets_in(scenario)).collect()
}

/// What a table scores of an experiment: not the data sets of a held-out scenario that it trains
/// on.
pub fn targets_of(table: &Table, experiment: &Experiment) -> BTreeSet<Target> {
    let shown = |scenario: &Scenario, target: &Target| {
        !(scenario.holds_out() && experiment.data.trains_on(&target.dataset))
    };
    let scenarios = table.scenarios.iter();
    scenarios.flat_map(|s| targets_in(s).into_iter().filter(move |t| shown(s, t))).collect()
}

fn targets_in(scenario: &Scenario) -> Vec<Target> {
    let of_column = |column: &Column| {
        let Some(Reported { dataset, split, .. }) = column.reported() else { return Vec::new() };
        let target = |corruption| Target { dataset: dataset.to_owned(), split, corruption };
        match column {
            Column::Corrupted(of) => {
                of.corruptions().map(|corruption| target(Some(corruption))).collect()
            }
            Column::Dataset(_)
            | Column::PerManipulation(_)
            | Column::PerValue(_)
            | Column::Average(_) => vec![target(None)],
        }
    };
    scenario.columns.iter().flat_map(of_column).collect()
}

/// Data sets and splits that a table scores.
pub fn scored(table: &Table) -> BTreeSet<(String, Split)> {
    targets(table).into_iter().map(|target| (target.dataset, target.split)).collect()
}

/// Whether a file declares data sets alone, which are then prepared.
pub fn only_datasets(project: &Project) -> bool {
    project.experiments.is_empty() && project.tables.is_empty()
}

/// Data sets that the planned stages need.
pub fn datasets(project: &Project) -> Vec<&Placed<Dataset>> {
    if only_datasets(project) {
        return project.datasets.values().collect();
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for experiment in experiments(project) {
        names.extend(experiment.data.sources.iter().map(|s| s.dataset.as_str()));
    }
    let scored: Vec<_> = project.tables.iter().flat_map(|table| scored(table)).collect();
    names.extend(scored.iter().map(|(name, _)| name.as_str()));
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

/// Data sets whose faces a model sees: those that only other tools scored are not prepared.
pub fn seen(project: &Project) -> BTreeSet<String> {
    let sources = experiments(project).into_iter().flat_map(|e| &e.data.sources);
    let trained = sources.map(|source| source.dataset.clone());
    let ours = |table: &&Placed<Table>| table.rows.iter().any(|row| row.predictions.is_none());
    let tested = project
        .tables
        .iter()
        .filter(ours)
        .flat_map(|table| scored(table))
        .map(|(dataset, _)| dataset);
    if only_datasets(project) {
        return project.datasets.keys().cloned().collect();
    }
    trained.chain(tested).collect()
}

/// Data sets of which pseudo-fakes are made: their faces need landmarks.
pub fn marked(project: &Project) -> Vec<&Placed<Dataset>> {
    let pseudo = experiments(project).into_iter().flat_map(|e| e.data.pseudo_fakes());
    let names: BTreeSet<&str> = pseudo.map(|(source, _)| source.dataset.as_str()).collect();
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

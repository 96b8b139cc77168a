//! What a file asks for: experiments, the data sets that they see, and what is scored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{
    Column, Corruption, Dataset, Experiment, Placed, Project, Row, Scenario, Split, Table,
};
use proofmark_lang::span::Spanned;

/// Experiments that the tables show; without a table those of the file itself, or all of them if
/// it declares none.
pub fn experiments(project: &Project) -> Vec<&Placed<Experiment>> {
    let mut names = BTreeSet::new();
    let rows = project.tables.iter().flat_map(|t| &t.rows);
    let shown: Vec<&Placed<Experiment>> = rows
        .flat_map(Row::experiments)
        .filter_map(|name| project.experiments.get(name))
        .filter(|e| names.insert(e.name.clone()))
        .collect();
    if !project.tables.is_empty() {
        return shown;
    }
    let all = || project.experiments.values();
    let own: Vec<_> = all().filter(|e| e.at.name.is_own()).collect();
    if own.is_empty() { all().collect() } else { own }
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
    table.scenarios.iter().flat_map(targets_in).collect()
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
    let target = |dataset: &Spanned<String>, split: &Spanned<Split>, corruption| Target {
        dataset: dataset.value.clone(),
        split: split.value,
        corruption,
    };
    let of_column = |column: &Column| match column {
        Column::Dataset { dataset, split, .. }
        | Column::PerManipulation { dataset, split, .. }
        | Column::PerValue { dataset, split, .. } => vec![target(dataset, split, None)],
        Column::Corrupted { dataset, split, kind, strengths, .. } => {
            let corruption = |at: &Spanned<f64>| Corruption { kind: *kind, at: at.value };
            let corruptions = strengths.iter().map(corruption);
            corruptions.map(|c| target(dataset, split, Some(c))).collect()
        }
        Column::Average { .. } => Vec::new(),
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
pub fn datasets(project: &Project) -> Vec<&Dataset> {
    if only_datasets(project) {
        return project.datasets.values().collect();
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for experiment in experiments(project) {
        names.extend(experiment.data.sources.iter().map(|s| s.dataset.as_str()));
    }
    let scored: Vec<_> = project.tables.iter().flat_map(scored).collect();
    names.extend(scored.iter().map(|(name, _)| name.as_str()));
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

/// Data sets whose faces a model sees: those that only other tools scored are not prepared.
pub fn seen(project: &Project) -> BTreeSet<String> {
    let sources = experiments(project).into_iter().flat_map(|e| &e.data.sources);
    let trained = sources.map(|source| source.dataset.clone());
    let ours = |table: &&Table| table.rows.iter().any(|row| row.predictions.is_none());
    let tested = project.tables.iter().filter(ours).flat_map(scored).map(|(dataset, _)| dataset);
    if only_datasets(project) {
        return project.datasets.keys().cloned().collect();
    }
    trained.chain(tested).collect()
}

/// Data sets of which pseudo-fakes are made: their faces need landmarks.
pub fn marked(project: &Project) -> Vec<&Dataset> {
    let pseudo = experiments(project).into_iter().flat_map(|e| e.data.pseudo_fakes());
    let names: BTreeSet<&str> = pseudo.map(|(source, _)| source.dataset.as_str()).collect();
    names.into_iter().filter_map(|name| project.datasets.get(name)).collect()
}

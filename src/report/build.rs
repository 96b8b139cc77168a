//! From scores to the table as data.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::claims;
use super::columns::{Planned, Source, Unit, plan};
use super::marks::mark;
use super::reference::{self, Published};
use super::table::{Cell, Coverage, MetricBlock, RowData, TableData};
use crate::evaluate::measure::Measure;
use crate::evaluate::metrics::{BadScore, Ranking};
use crate::evaluate::samples::Samples;
use crate::lang::model::{Layout, Level, Metric, MetricSpec, Project, Split, Table};

/// What was scored: which model, on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreKey {
    /// The experiment.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The split.
    pub split: Split,
}

/// The scores of one model on one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Every face on its own.
    pub frames: Samples,
    /// Every video with its mean score.
    pub videos: Samples,
}

/// All that a table is built from.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Scores, or why there are none.
    pub scores: BTreeMap<ScoreKey, Result<Scored, String>>,
    /// Usable videos by data set and split.
    pub coverage: BTreeMap<(String, Split), Coverage>,
}

/// A data set of which too few videos were usable.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{} of {} videos ({:.1} %) of {dataset} are usable, its min-coverage is {:.1} %",
    coverage.usable, coverage.total, coverage.fraction() * 100.0, min * 100.0)]
pub struct LowCoverage {
    /// The data set.
    pub dataset: String,
    /// Its split.
    pub split: Split,
    /// What was usable.
    pub coverage: Coverage,
    /// Smallest fraction allowed.
    pub min: f64,
}

/// Why a table cannot be built.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BuildError {
    /// A column's data set is not declared.
    #[error("the table has a column for the data set \"{0}\", which is not declared")]
    Dataset(String),
    /// Columns under their minimum coverage, all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Coverage(Vec<LowCoverage>),
    /// A score that is not finite.
    #[error("scores of {experiment} on {dataset}: {source}")]
    Score {
        /// The experiment.
        experiment: String,
        /// The data set.
        dataset: String,
        /// Which score.
        source: BadScore,
    },
}

/// Builds a table, puts published numbers beside ours and decides the claims.
///
/// `published` is in the order of the table's references. What was not scored is n/a
/// with the reason, and so is every average that it is part of.
///
/// # Errors
/// [`BuildError`]; above all columns under their minimum coverage.
pub fn build(
    project: &Project,
    table: &Table,
    evidence: &Evidence,
    published: &[Published],
) -> Result<TableData, BuildError> {
    let planned = plan(project, table, evidence)?;
    check_coverage(project, &planned, evidence)?;
    let mut metrics: Vec<MetricBlock> = table.metrics.iter().map(empty_block).collect();
    for level in [Level::Video, Level::Frame] {
        let specs = || table.metrics.iter().map(move |spec| (spec, spec.level.value == level));
        if !specs().any(|(_, here)| here) {
            continue;
        }
        for row in &table.rows {
            let experiment = &row.experiment.value;
            // One ranking per unit serves every metric.
            let rankings = planned.units.iter().map(|unit| rank(unit, experiment, level, evidence));
            let rankings: Vec<_> = rankings.collect::<Result<_, _>>()?;
            for ((spec, _), block) in specs().zip(&mut metrics).filter(|((_, here), _)| *here) {
                let units: Vec<Cell> = rankings.iter().map(|ranking| cell(ranking, spec)).collect();
                let cells = planned.sources.iter().map(|source| match source {
                    Source::Unit(unit) => units[*unit].clone(),
                    Source::Mean(over) => mean(over, &units, &planned.units),
                });
                block.rows.push(RowData {
                    experiment: experiment.clone(),
                    label: row.label.value.clone(),
                    cells: cells.collect(),
                });
            }
        }
    }
    for block in &mut metrics {
        mark(block.metric, &mut block.rows);
    }
    let mut data = TableData {
        name: table.name.value.clone(),
        title: table.title.as_ref().unwrap_or(&table.name).value.clone(),
        demo: is_demo(project, table, &planned),
        caption_notes: notes(&planned, evidence),
        scenarios: planned.scenarios,
        metrics,
        references: Vec::new(),
        claims: Vec::new(),
    };
    reference::place(&mut data, published);
    data.claims = table.claims.iter().map(|claim| claims::decide(&data, claim)).collect();
    Ok(data)
}

fn empty_block(spec: &MetricSpec) -> MetricBlock {
    let (label, at_threshold) = match spec.metric.value {
        Metric::Auc => ("AUC", false),
        Metric::BalancedAccuracy => ("balanced accuracy", true),
        Metric::Eer => ("EER", false),
        Metric::AveragePrecision => ("average precision", false),
        Metric::Accuracy => ("accuracy", true),
    };
    MetricBlock {
        metric: spec.metric.value,
        label: label.into(),
        threshold: at_threshold.then_some(spec.threshold.value),
        level: spec.level.value,
        rows: Vec::new(),
    }
}

/// The ranking of a unit for one model, or why there is none.
fn rank(
    unit: &Unit,
    experiment: &str,
    level: Level,
    evidence: &Evidence,
) -> Result<Result<Ranking, String>, BuildError> {
    let Unit { dataset, split, method, .. } = unit;
    let (experiment, dataset, split) = (experiment.to_owned(), dataset.clone(), *split);
    let key = ScoreKey { experiment, dataset, split };
    let scored = match evidence.scores.get(&key) {
        Some(Ok(scored)) => scored,
        Some(Err(reason)) => return Ok(Err(reason.clone())),
        None => {
            return Ok(Err(format!("{} was not scored on {}", key.experiment, key.dataset)));
        }
    };
    let samples = match level {
        Level::Video => &scored.videos,
        Level::Frame => &scored.frames,
    };
    let ranking = match method {
        Some(method) => samples.of_method(method),
        None => samples.ranking(),
    };
    let ScoreKey { experiment, dataset, .. } = key;
    ranking.map(Ok).map_err(|source| BuildError::Score { experiment, dataset, source })
}

/// A metric of a ranking.
fn cell(ranking: &Result<Ranking, String>, spec: &MetricSpec) -> Cell {
    match ranking {
        Err(reason) => Cell { reason: Some(reason.clone()), ..Cell::default() },
        Ok(ranking) => {
            let value = ranking.measure(measure(spec));
            Cell {
                value: value.ok(),
                reason: value.err().map(|reason| reason.to_string()),
                n_real: Some(ranking.reals() as u64),
                n_fake: Some(ranking.fakes() as u64),
                ..Cell::default()
            }
        }
    }
}

/// The metric with its numbers.
fn measure(spec: &MetricSpec) -> Measure {
    let threshold = spec.threshold.value;
    match spec.metric.value {
        Metric::Auc => Measure::Auc,
        Metric::BalancedAccuracy => Measure::BalancedAccuracy { threshold },
        Metric::Eer => Measure::Eer,
        Metric::AveragePrecision => Measure::AveragePrecision,
        Metric::Accuracy => Measure::Accuracy { threshold },
    }
}

/// The mean over units, undefined with any of them.
fn mean(over: &[usize], cells: &[Cell], units: &[Unit]) -> Cell {
    let undefined = |reason| Cell { reason: Some(reason), ..Cell::default() };
    let mut sum = 0.0;
    for &unit in over {
        match (cells[unit].value, &cells[unit].reason) {
            (Some(value), _) => sum += value,
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("there is no value");
                return undefined(format!("its part {} is n/a: {reason}", units[unit].label));
            }
        }
    }
    if over.is_empty() {
        return undefined("there is nothing to average".into());
    }
    Cell { value: Some(sum / over.len() as f64), ..Cell::default() }
}

/// Data sets and splits that a table needs, each once.
fn splits(planned: &Planned) -> BTreeSet<(String, Split)> {
    planned.units.iter().map(|unit| (unit.dataset.clone(), unit.split)).collect()
}

fn check_coverage(
    project: &Project,
    planned: &Planned,
    evidence: &Evidence,
) -> Result<(), BuildError> {
    let mut low = Vec::new();
    for key in splits(planned) {
        let (Some(&coverage), Some(declared)) =
            (evidence.coverage.get(&key), project.datasets.get(&key.0))
        else {
            continue;
        };
        let min = declared.min_coverage.value;
        if coverage.fraction() < min {
            let (dataset, split) = key;
            low.push(LowCoverage { dataset, split, coverage, min });
        }
    }
    if low.is_empty() { Ok(()) } else { Err(BuildError::Coverage(low)) }
}

/// Whether a data set that is scored or trained on is the synthetic demo.
fn is_demo(project: &Project, table: &Table, planned: &Planned) -> bool {
    let scored = planned.units.iter().map(|unit| &unit.dataset);
    let trained = table
        .rows
        .iter()
        .filter_map(|row| project.experiments.get(&row.experiment.value))
        .flat_map(|experiment| &experiment.data.sources)
        .map(|source| &source.dataset.value);
    scored
        .chain(trained)
        .filter_map(|name| project.datasets.get(name))
        .any(|dataset| matches!(dataset.layout, Layout::Demo(_)))
}

/// What readers must know to understand the numbers.
fn notes(planned: &Planned, evidence: &Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    if planned.units.iter().any(|unit| unit.method.is_some()) {
        notes.push(
            "A manipulation's number compares its fakes with all reals of the data set; \
             averages over manipulations weigh each manipulation the same."
                .into(),
        );
    }
    let coverage: Vec<String> = splits(planned)
        .into_iter()
        .filter_map(|key| {
            let Coverage { usable, total } = evidence.coverage.get(&key)?;
            Some(format!("{} {usable}/{total}", key.0))
        })
        .collect();
    if !coverage.is_empty() {
        notes.push(format!("Videos scored: {}.", coverage.join(", ")));
    }
    let by_manipulation: BTreeSet<(&str, Split)> = planned
        .units
        .iter()
        .filter(|unit| unit.method.is_some())
        .map(|unit| (unit.dataset.as_str(), unit.split))
        .collect();
    for (dataset, split) in by_manipulation {
        let unattributed = evidence
            .scores
            .iter()
            .filter(|(key, _)| key.dataset == dataset && key.split == split)
            .filter_map(|(_, scored)| Some(scored.as_ref().ok()?.videos.unattributed()))
            .max()
            .unwrap_or(0);
        let (videos, have, are) = match unattributed {
            0 => continue,
            1 => ("video", "has", "is"),
            _ => ("videos", "have", "are"),
        };
        notes.push(format!(
            "{unattributed} fake {videos} of {dataset} {have} no known manipulation and {are} in \
             no column."
        ));
    }
    notes
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;

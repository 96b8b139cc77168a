//! From scores to the table as data.

use super::beside;
use super::build_error::{BuildError, LowCoverage};
use super::certainty::{self, Measured};
use super::claims;
use super::columns::{ColumnSource, Planned, Unit, plan};
use super::cost;
use super::evidence::{Evidence, ScoreKey};
use super::marks::mark;
use super::measures;
use super::notes;
use super::reference::Published;
use super::separability;
use super::table::{Cell, ColumnHead, Doubt, MetricBlock, RowData, TableData};
use super::variants;
use proofmark_evaluate::statistics::seeds::Seeds;
use proofmark_lang::model::{Level, MetricSpec, Project, Row, Table, Threshold};
use proofmark_metrics::{Measure, Ranking};

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
    let mut metrics: Vec<MetricBlock> =
        table.metrics.iter().map(|spec| empty_block(spec)).collect();
    let mut computed: Vec<certainty::Measures> = metrics.iter().map(|_| Vec::new()).collect();
    for level in [Level::Video, Level::Frame] {
        let blocks: Vec<usize> =
            (0..metrics.len()).filter(|&i| table.metrics[i].level == level).collect();
        if blocks.is_empty() {
            continue;
        }
        for row in &table.rows {
            let mut seeds = vec![Vec::new(); blocks.len()];
            let mut thresholds = vec![Vec::new(); blocks.len()];
            let mut measured: certainty::Measures = blocks.iter().map(|_| Vec::new()).collect();
            for experiment in row.experiments() {
                // One ranking per unit serves every metric.
                let rankings =
                    planned.units.iter().map(|unit| rank(unit, experiment, level, evidence));
                let rankings: Vec<_> = rankings.collect::<Result<_, _>>()?;
                for (place, &i) in blocks.iter().enumerate() {
                    let spec = &table.metrics[i];
                    let measure = measures::measure(spec, project, experiment, evidence);
                    let units: Vec<Cell> =
                        rankings.iter().map(|ranking| cell(ranking, &measure)).collect();
                    let cells = planned.sources.iter().map(|source| match source {
                        ColumnSource::Unit(unit) => units[*unit].clone(),
                        ColumnSource::Mean(over) => mean(over, &units, &planned.units),
                        ColumnSource::Gap(over) => gap(over, &units, &planned.units),
                    });
                    seeds[place].push(cells.collect());
                    thresholds[place].extend(measure.as_ref().ok().and_then(|m| m.1));
                    let values = units.iter().map(|cell| cell.value).collect();
                    let measure = measure.ok().map(|(measure, _)| measure);
                    measured[place].push(measure.map(|measure| Measured { measure, values }));
                }
            }
            for (place, &i) in blocks.iter().enumerate() {
                metrics[i].rows.push(RowData {
                    experiment: row.experiment.clone(),
                    label: row.label.clone(),
                    thresholds: std::mem::take(&mut thresholds[place]),
                    cells: held_out(
                        row,
                        &planned,
                        over_seeds(row, std::mem::take(&mut seeds[place])),
                    ),
                });
                computed[i].push(std::mem::take(&mut measured[place]));
            }
        }
    }
    let found = certainty::add(&mut metrics, &computed, table, &planned, evidence);
    let columns = planned.scenarios.iter().flat_map(|scenario| &scenario.columns);
    let gaps: Vec<bool> = columns.map(ColumnHead::is_gap).collect();
    for block in &mut metrics {
        mark(block.metric, &gaps, &mut block.rows);
    }
    let mut data = TableData {
        name: table.name.clone(),
        title: table.title.as_ref().unwrap_or(&table.name).clone(),
        demo: is_demo(project, table, &planned),
        caption_notes: notes::of(project, table, &planned, evidence, &metrics),
        scenarios: planned.scenarios,
        metrics,
        references: Vec::new(),
        claims: Vec::new(),
        costs: cost::rows(table, evidence),
        separability: separability::blocks(project, table, evidence),
        variants: variants::shown(project, table, evidence),
    };
    beside::place(&mut data, published);
    data.claims = claims::decide(&data, table, &found);
    Ok(data)
}

fn empty_block(spec: &MetricSpec) -> MetricBlock {
    let threshold = spec.parameter.threshold();
    MetricBlock {
        metric: spec.metric,
        label: measures::label(spec),
        threshold: match threshold {
            Some(Threshold::Fixed(threshold)) => Some(threshold),
            Some(Threshold::Val) | None => None,
        },
        validated: threshold == Some(Threshold::Val),
        level: spec.level,
        rows: Vec::new(),
    }
}

/// The scores of a unit by one model.
enum Ranked {
    /// There are some.
    Scored {
        ranking: Ranking,
        /// Whether a class has a single video.
        few_videos: bool,
    },
    /// There are none, for this reason.
    Not(String),
}

/// The ranking of a unit for one model, or why there is none.
fn rank(
    unit: &Unit,
    experiment: &str,
    level: Level,
    evidence: &Evidence,
) -> Result<Ranked, BuildError> {
    let key = unit.key_of(experiment);
    if unit.hidden.contains(experiment) {
        return Ok(Ranked::Not(format!("{experiment} trains on {}", key.dataset)));
    }
    if let Some(reason) = &unit.too_few {
        return Ok(Ranked::Not(reason.clone()));
    }
    let scored = match evidence.scores.get(&key) {
        Some(Ok(scored)) => scored,
        Some(Err(reason)) => return Ok(Ranked::Not(reason.clone())),
        None => {
            let corruption = unit.corruption.map(|c| format!(", {c}")).unwrap_or_default();
            let ScoreKey { experiment, dataset, .. } = key;
            return Ok(Ranked::Not(format!(
                "{experiment} was not scored on {dataset}{corruption}"
            )));
        }
    };
    let samples = scored.at(level);
    let pairs = unit.select(samples, evidence).map(|sample| (sample.fake, sample.score));
    let ranking = Ranking::new(pairs);
    let single = |fake: bool| {
        let mut videos = unit.select(samples, evidence).filter(|sample| sample.fake == fake);
        let first = videos.next();
        first.is_some_and(|first| videos.all(|sample| sample.video == first.video))
    };
    let few_videos = [false, true].into_iter().any(single);
    let ScoreKey { experiment, dataset, .. } = key;
    match ranking {
        Ok(ranking) => Ok(Ranked::Scored { ranking, few_videos }),
        Err(source) => Err(BuildError::Score { experiment, dataset, source }),
    }
}

/// A metric of a ranking.
fn cell(ranked: &Ranked, measure: &Result<(Measure, Option<f64>), String>) -> Cell {
    match (ranked, measure) {
        (Ranked::Not(reason), _) | (_, Err(reason)) => {
            Cell { reason: Some(reason.clone()), ..Cell::default() }
        }
        (Ranked::Scored { ranking, few_videos }, Ok((measure, _))) => {
            let doubt = match (few_videos, ranking.varies(*measure)) {
                (true, _) => Some(Doubt::FewVideos),
                (false, false) => Some(Doubt::NoVariance),
                (false, true) => None,
            };
            let value = ranking.measure(*measure);
            Cell {
                value: value.ok(),
                reason: value.err().map(|reason| reason.to_string()),
                n_real: Some(ranking.reals() as u64),
                n_fake: Some(ranking.fakes() as u64),
                doubt,
                ..Cell::default()
            }
        }
    }
}

/// The mean over units, undefined with any of them.
fn mean(over: &[usize], cells: &[Cell], units: &[Unit]) -> Cell {
    let undefined = |reason| Cell { reason: Some(reason), ..Cell::default() };
    let values = match parts(over, cells, units) {
        Ok(values) if values.is_empty() => return undefined("there is nothing to average".into()),
        Ok(values) => values,
        Err(reason) => return undefined(reason),
    };
    let doubt = doubt(over.iter().map(|&unit| cells[unit].doubt));
    let sum: f64 = values.iter().sum();
    Cell { value: Some(sum / over.len() as f64), doubt, ..Cell::default() }
}

/// The largest over groups less the smallest, undefined with any of them.
fn gap(over: &[usize], cells: &[Cell], units: &[Unit]) -> Cell {
    let undefined = |reason| Cell { reason: Some(reason), ..Cell::default() };
    let values = match parts(over, cells, units) {
        Ok(values) if values.len() < 2 => {
            return undefined("fewer than two groups have enough videos".into());
        }
        Ok(values) => values,
        Err(reason) => return undefined(reason),
    };
    let doubt = doubt(over.iter().map(|&unit| cells[unit].doubt));
    Cell { value: Some(certainty::spread(&values)), doubt, ..Cell::default() }
}

/// The values of units, or why one of them has none.
fn parts(over: &[usize], cells: &[Cell], units: &[Unit]) -> Result<Vec<f64>, String> {
    let value = |&unit: &usize| {
        cells[unit].value.ok_or_else(|| {
            let reason = cells[unit].reason.as_deref().unwrap_or("there is no value");
            format!("its part {} is n/a: {reason}", units[unit].label)
        })
    };
    over.iter().map(value).collect()
}

/// The doubt about a mean: videos that are too few in any part, or no variance in all of them.
fn doubt(mut parts: impl Iterator<Item = Option<Doubt>> + Clone) -> Option<Doubt> {
    if parts.clone().any(|doubt| doubt == Some(Doubt::FewVideos)) {
        return Some(Doubt::FewVideos);
    }
    parts.all(|doubt| doubt == Some(Doubt::NoVariance)).then_some(Doubt::NoVariance)
}

/// The cells of a row without those of data sets that it trains on and their scenario holds out.
fn held_out(row: &Row, planned: &Planned, mut cells: Vec<Cell>) -> Vec<Cell> {
    let hides = |unit: &usize| planned.units[*unit].hides(row);
    for (cell, source) in cells.iter_mut().zip(&planned.sources) {
        let seen = match source {
            ColumnSource::Unit(unit) => hides(unit),
            ColumnSource::Mean(over) | ColumnSource::Gap(over) => over.iter().any(hides),
        };
        if seen {
            let reason = Some("the row trains on a data set that is held out".to_owned());
            *cell = Cell { reason, seen, ..Cell::default() };
        }
    }
    cells
}

/// The cells of a row from those of each seed: of several their mean, undefined with any
/// of them.
fn over_seeds(row: &Row, mut seeds: Vec<Vec<Cell>>) -> Vec<Cell> {
    if seeds.len() == 1 {
        return seeds.remove(0);
    }
    let columns = seeds.first().map_or(0, Vec::len);
    let cell = |column: usize| {
        let cells = || seeds.iter().map(|cells| &cells[column]);
        let Cell { n_real, n_fake, .. } = *cells().next()?;
        if let Some((experiment, cell)) =
            row.experiments().zip(cells()).find(|(_, cell)| cell.value.is_none())
        {
            let reason = cell.reason.as_deref().unwrap_or("there is no value");
            let reason = Some(format!("{experiment} is n/a: {reason}"));
            return Some(Cell { reason, n_real, n_fake, ..Cell::default() });
        }
        let values: Vec<f64> = cells().filter_map(|cell| cell.value).collect();
        let seeds = Seeds::of(&values)?;
        let doubt = doubt(cells().map(|cell| cell.doubt));
        Some(Cell {
            doubt,
            value: Some(seeds.mean),
            seeds: Some(seeds),
            n_real,
            n_fake,
            ..Cell::default()
        })
    };
    (0..columns).filter_map(cell).collect()
}

fn check_coverage(
    project: &Project,
    planned: &Planned,
    evidence: &Evidence,
) -> Result<(), BuildError> {
    let mut low = Vec::new();
    for key in planned.splits() {
        let (Some(&coverage), Some(declared)) =
            (evidence.coverage.get(&key), project.datasets.get(&key.0))
        else {
            continue;
        };
        let min = declared.min_coverage;
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
        .flat_map(|row| row.experiments())
        .filter_map(|name| project.experiments.get(name))
        .flat_map(|experiment| &experiment.data.sources)
        .map(|source| &source.dataset);
    scored
        .chain(trained)
        .filter_map(|name| project.datasets.get(name))
        .any(|dataset| dataset.layout.demo().is_some())
}

#[cfg(test)]
#[path = "build_tests.rs"]
pub(super) mod tests;

//! Intervals of a table's cells and tests of its rows against one.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Evidence;
use super::columns::{Planned, Source, Unit};
use super::table::{Cell, MetricBlock};
use crate::evaluate::measure::Measure;
use crate::evaluate::samples::Sample;
use crate::evaluate::statistics::bootstrap::{self, Item, Replica, Stratum};
use crate::evaluate::statistics::delong::Area;
use crate::evaluate::statistics::holm;
use crate::evaluate::statistics::interval::Interval;
use crate::lang::model::{Level, Metric, Table};

/// What is computed for each row of a block and each of its seeds; none without a
/// threshold.
pub(super) type Measures = Vec<Vec<Option<Measure>>>;

/// Adds intervals and tests, as far as the table declares them, to blocks whose cells
/// have values. `measures` is in the order of the blocks and their rows.
pub(super) fn add(
    blocks: &mut [MetricBlock],
    measures: &[Measures],
    table: &Table,
    planned: &Planned,
    evidence: &Evidence,
) {
    if !table.intervals.shown && table.compare.is_none() {
        return;
    }
    let units: Vec<Resampled> = planned
        .units
        .iter()
        .map(|unit| Resampled::new(unit, blocks, measures, table, evidence))
        .collect();
    let base = table.compare.as_ref().and_then(|compare| {
        table.rows.iter().position(|row| row.experiment.value == compare.against.value)
    });
    for (place, block) in blocks.iter_mut().enumerate() {
        if table.intervals.shown {
            intervals(place, block, planned, &units, table.intervals.level.value);
        }
        if let Some(base) = base {
            tests(place, block, base, planned, &units, 1.0 - table.intervals.level.value);
        }
    }
}

/// What the videos of a unit gave.
struct Resampled {
    /// Draws by block and row, means over the row's seeds.
    draws: BTreeMap<(usize, usize), Vec<f64>>,
    /// The area under the videos' curve by row, for DeLong's test.
    areas: BTreeMap<usize, Area>,
}

impl Resampled {
    fn new(
        unit: &Unit,
        blocks: &[MetricBlock],
        measures: &[Measures],
        table: &Table,
        evidence: &Evidence,
    ) -> Self {
        // Videos of all rows, so that a draw means the same videos for each of them.
        let rows: Vec<Vec<[Vec<&Sample>; 2]>> = table
            .rows
            .iter()
            .map(|row| {
                let seeds = row.experiments().map(|experiment| {
                    let at = |level| samples(unit, experiment, level, evidence);
                    [at(Level::Video), at(Level::Frame)]
                });
                seeds.collect()
            })
            .collect();
        let all = || rows.iter().flatten().flatten().flatten();
        let keys = |fake| -> Vec<&str> {
            let of_class = all().filter(|sample| sample.fake == fake);
            of_class.map(|sample| &*sample.video).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let (reals, fakes) = (keys(false), keys(true));
        let items = |samples: &[&Sample]| -> Vec<Item> {
            let place = |sample: &Sample| {
                let (keys, first) = if sample.fake { (&fakes, reals.len()) } else { (&reals, 0) };
                first + keys.binary_search(&&*sample.video).expect("the keys are those of the rows")
            };
            let item = |sample: &&Sample| Item {
                video: place(sample) as u32,
                fake: sample.fake,
                score: sample.score,
            };
            samples.iter().map(item).collect()
        };
        let mut places = Vec::new();
        let mut replicas = Vec::new();
        let mut areas = BTreeMap::new();
        for (row, seeds) in rows.iter().enumerate() {
            for (seed, [videos, frames]) in seeds.iter().enumerate() {
                let (videos, frames) = (items(videos), items(frames));
                if seeds.len() == 1 && videos.len() == reals.len() + fakes.len() {
                    areas.extend(area(&videos).map(|area| (row, area)));
                }
                for (i, (block, measures)) in blocks.iter().zip(measures).enumerate() {
                    let items = match block.level {
                        Level::Video => &videos,
                        Level::Frame => &frames,
                    };
                    if let (false, Some(measure)) = (items.is_empty(), measures[row][seed]) {
                        places.push((i, row));
                        replicas.push(Replica::new(items, measure));
                    }
                }
            }
        }
        let split = unit.split.word();
        let method = unit.method.as_deref().unwrap_or_default();
        let value = unit.value.as_ref().map(|(by, value)| format!("/{by}={value}"));
        let value = value.unwrap_or_default();
        let name = |class| format!("{}/{split}/{class}{value}", unit.dataset);
        let unit = bootstrap::Unit {
            reals: Stratum::new(&name("real"), reals.len()),
            fakes: Stratum::new(&name(&format!("fake/{method}")), fakes.len()),
            replicas,
        };
        let (draws, seed) = (table.intervals.draws.value, table.intervals.seed.value);
        let mut of: BTreeMap<(usize, usize), Vec<Vec<f64>>> = BTreeMap::new();
        for (place, draws) in places.into_iter().zip(unit.draws(draws, seed)) {
            of.entry(place).or_default().push(draws);
        }
        let draws = of.into_iter().map(|(place, seeds)| (place, mean(&seeds))).collect();
        Self { draws, areas }
    }
}

/// The scored samples of a unit for a row; none where it was not scored.
fn samples<'a>(
    unit: &'a Unit,
    experiment: &str,
    level: Level,
    evidence: &'a Evidence,
) -> Vec<&'a Sample> {
    match evidence.scores.get(&unit.key_of(experiment)) {
        _ if unit.hidden.contains(experiment) => Vec::new(),
        Some(Ok(scored)) => unit.select(scored.at(level), evidence).collect(),
        _ => Vec::new(),
    }
}

/// The area of videos, each class in the order of its places.
fn area(videos: &[Item]) -> Option<Area> {
    let mut sorted: Vec<&Item> = videos.iter().collect();
    sorted.sort_unstable_by_key(|item| item.video);
    let of = |fake| -> Vec<f64> {
        sorted.iter().filter(|item| item.fake == fake).map(|item| item.score).collect()
    };
    Area::new(&of(false), &of(true))
}

/// A cell's draws: those of its unit, or the mean of several within each draw.
fn draws(source: &Source, block: usize, row: usize, units: &[Resampled]) -> Option<Vec<f64>> {
    let of = |unit: usize| units[unit].draws.get(&(block, row));
    match source {
        Source::Unit(unit) => of(*unit).cloned(),
        Source::Mean(over) => {
            let parts: Option<Vec<&Vec<f64>>> = over.iter().map(|&unit| of(unit)).collect();
            Some(mean(&parts?))
        }
    }
}

/// The mean of several within each draw.
fn mean<D: AsRef<[f64]>>(parts: &[D]) -> Vec<f64> {
    let draws = parts.first().map_or(0, |part| part.as_ref().len());
    let sum = |draw: usize| parts.iter().map(|part| part.as_ref()[draw]).sum::<f64>();
    (0..draws).map(|draw| sum(draw) / parts.len() as f64).collect()
}

fn intervals(
    place: usize,
    block: &mut MetricBlock,
    planned: &Planned,
    units: &[Resampled],
    level: f64,
) {
    for (row, data) in block.rows.iter_mut().enumerate() {
        for (cell, source) in data.cells.iter_mut().zip(&planned.sources) {
            if cell.value.is_some() {
                let draws = draws(source, place, row, units);
                cell.interval = draws.and_then(|draws| Interval::of_draws(&draws, level));
            }
        }
    }
}

/// Tests every row against the row `base` and corrects for the tests of the block.
fn tests(
    place: usize,
    block: &mut MetricBlock,
    base: usize,
    planned: &Planned,
    units: &[Resampled],
    significance: f64,
) {
    let areas_apply = block.metric == Metric::Auc && block.level == Level::Video;
    let (mut cells, mut p_values) = (Vec::new(), Vec::new());
    for row in (0..block.rows.len()).filter(|&row| row != base) {
        for (column, source) in planned.sources.iter().enumerate() {
            let defined = |row: usize| block.rows[row].cells[column].value.is_some();
            if !defined(row) || !defined(base) {
                continue;
            }
            let p = match source {
                Source::Unit(unit) if areas_apply => delong(&units[*unit], row, base),
                _ => None,
            };
            let p = p.or_else(|| {
                let ours = draws(source, place, row, units)?;
                let theirs = draws(source, place, base, units)?;
                let differences: Vec<f64> =
                    ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect();
                let value = |row: usize| block.rows[row].cells[column].value;
                bootstrap::p_value(value(row)? - value(base)?, &differences)
            });
            if let Some(p) = p {
                cells.push((row, column));
                p_values.push(p);
            }
        }
    }
    for (((row, column), p), adjusted) in cells.iter().zip(&p_values).zip(holm::adjust(&p_values)) {
        let cell = &mut block.rows[*row].cells[*column];
        cell.p = Some(*p);
        cell.p_adjusted = Some(adjusted);
        cell.significant = adjusted < significance;
    }
}

fn delong(unit: &Resampled, row: usize, base: usize) -> Option<f64> {
    let (ours, theirs) = (unit.areas.get(&row)?, unit.areas.get(&base)?);
    ours.test(theirs).map(|test| test.p)
}

/// How the table was tested, in words, as far as there was anything to test.
pub(super) fn notes(table: &Table, blocks: &[MetricBlock]) -> Vec<String> {
    let any = |has: fn(&Cell) -> bool| {
        blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.cells).any(has)
    };
    let mut notes = Vec::new();
    let (draws, level) = (table.intervals.draws.value, table.intervals.level.value);
    let decimal = |x: f64| (x * 1e8).round() / 1e8;
    if table.intervals.shown && any(|cell| cell.interval.is_some()) {
        notes.push(format!(
            "In brackets: {} % intervals by the bootstrap, {draws} draws of videos within each \
             class with all their faces, the same for every row (seed {}){}.",
            decimal(level * 100.0),
            table.intervals.seed.value,
            if table.rows.iter().any(|row| !row.repeats.is_empty()) {
                "; those of several seeds are of their mean, as if the seeds were fixed"
            } else {
                ""
            }
        ));
    }
    if let Some(compare) = table.compare.as_ref().filter(|_| any(|cell| cell.p.is_some())) {
        let label = table
            .rows
            .iter()
            .find(|row| row.experiment.value == compare.against.value)
            .map_or(&compare.against.value, |row| &row.label.value);
        notes.push(format!(
            "† differs from {label} (p below {}, two-sided, with Holm's correction over all \
             comparisons of the metric): DeLong's test for the AUC of videos, the paired bootstrap \
             of {draws} draws for averages and other metrics.",
            decimal(1.0 - level)
        ));
    }
    notes
}

#[cfg(test)]
#[path = "certainty_tests.rs"]
mod tests;

//! Adds intervals, tests and the differences of claims to the blocks of a table.

use std::collections::BTreeSet;

use super::contrast::Contrast;
use super::draws::{UnitDraws, Wanted};
use super::family;
use super::measured::{Measures, mean, spreads};
use crate::claims::{Asked, Found};
use crate::columns::{ColumnSource, Planned};
use crate::evidence::Evidence;
use crate::lookup::{Lookup, Pair};
use crate::table::{Cell, Doubt, MetricBlock};
use proofmark_evaluate::statistics::bootstrap;
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::{Intervals, Table};

/// Adds intervals and tests, as far as the table declares them, to blocks whose cells
/// have values. `measures` is in the order of the blocks and their rows.
///
/// Gives the differences that the claims of the table are about, as far as they can be computed.
pub(crate) fn add(
    blocks: &mut [MetricBlock],
    measures: &[Measures],
    table: &Table,
    planned: &Planned,
    evidence: &Evidence,
) -> Found {
    let base = table
        .compare
        .as_ref()
        .and_then(|compare| table.rows.iter().position(|row| row.experiment == compare.against));
    let lookup = Lookup::of(blocks, &planned.scenarios);
    let claimed: BTreeSet<(Pair, usize)> = table
        .statements()
        .filter_map(|(_, claim)| Asked::of(claim, &lookup).ok())
        .flat_map(|asked| asked.comparisons().collect::<Vec<_>>())
        .collect();
    let mut claimed_on: Vec<Vec<Pair>> = vec![Vec::new(); planned.units.len()];
    for (pair, column) in &claimed {
        for &unit in planned.sources[*column].units() {
            claimed_on[unit].push(*pair);
        }
    }
    let wanted = |unit: usize| -> Wanted {
        let compared = base.into_iter().flat_map(|base| {
            let rows = (0..table.rows.len()).filter(move |&row| row != base);
            let blocks = 0..blocks.len();
            blocks.flat_map(move |block| {
                rows.clone().map(move |row| Pair { block, row, other: base })
            })
        });
        let pairs: BTreeSet<Pair> = compared.chain(claimed_on[unit].iter().copied()).collect();
        Wanted { pairs, intervals: table.intervals.shown }
    };
    let units: Vec<UnitDraws> = planned
        .units
        .iter()
        .enumerate()
        .map(|(i, unit)| UnitDraws::new((i, unit), wanted(i), blocks, measures, table, evidence))
        .collect();
    let level = table.intervals.level;
    let contrast = |blocks: &[MetricBlock], pair: Pair, column: usize| {
        Contrast::new(blocks, pair, column, &planned.sources[column], &units, level)
    };
    let differences = claimed
        .into_iter()
        .filter_map(|place| {
            let found = contrast(blocks, place.0, place.1)?;
            Some((place, (found.difference, found.p.err())))
        })
        .collect();
    for place in 0..blocks.len() {
        // What no draw changes is known before anything is tested.
        intervals(place, &mut blocks[place], planned, &units, &table.intervals);
        if let Some(base) = base {
            for row in (0..table.rows.len()).filter(|&row| row != base) {
                for column in 0..planned.sources.len() {
                    let pair = Pair { block: place, row, other: base };
                    let found = contrast(blocks, pair, column);
                    let cell = &mut blocks[place].rows[row].cells[column];
                    if let Some(found) = found {
                        (cell.p, cell.untested) = match found.p {
                            Ok(p) => (Some(p), None),
                            Err(reason) => (None, Some(reason)),
                        };
                        cell.difference = Some(found.difference);
                    }
                }
            }
        }
        if let Some(compare) = &table.compare {
            family::correct(&mut blocks[place], planned, compare.correct, 1.0 - level);
        }
    }
    differences
}

/// A cell's draws: those of its unit, or the mean of several within each draw. Rows of several
/// seeds have the mean over them, of which there is no gap that would be the mean of the seeds' gaps.
fn draws(
    source: &ColumnSource,
    block: usize,
    (row, cell): (usize, &Cell),
    units: &[UnitDraws],
) -> Option<Vec<f64>> {
    let parts: Option<Vec<&Vec<f64>>> =
        source.units().iter().map(|&unit| units[unit].own(block, row)).collect();
    match (source, &cell.seeds) {
        (ColumnSource::Unit(_) | ColumnSource::Mean(_), _) => parts.map(|parts| mean(&parts)),
        (ColumnSource::Gap(_), None) => parts.map(|parts| spreads(&parts)),
        (ColumnSource::Gap(_), Some(_)) => None,
    }
}

/// Adds what the draws of each number say of it: its interval, where the table declares them, or
/// that no draw changes it.
fn intervals(
    place: usize,
    block: &mut MetricBlock,
    planned: &Planned,
    units: &[UnitDraws],
    declared: &Intervals,
) {
    for (row, data) in block.rows.iter_mut().enumerate() {
        for (cell, source) in data.cells.iter_mut().zip(&planned.sources) {
            cell.resampled = declared.shown;
            if cell.value.is_some()
                && cell.doubt != Some(Doubt::FewVideos)
                && let Some(draws) = draws(source, place, (row, cell), units)
            {
                let interval = interval(cell, &draws, declared.level);
                if interval.is_none() {
                    cell.doubt = Some(Doubt::NoVariance);
                }
                cell.interval = interval.filter(|_| declared.shown);
            }
        }
    }
}

/// The interval of a cell from its draws; none where no draw changes it, or one is undefined.
fn interval(cell: &Cell, draws: &[f64], level: f64) -> Option<Interval> {
    let variance = bootstrap::variance(draws)?;
    let error = match &cell.seeds {
        Some(seeds) => Error::of(&[seeds], variance),
        None => None,
    };
    match (&cell.seeds, cell.value, error) {
        (None, ..) => Interval::of_draws(draws, level),
        (Some(_), Some(value), Some(error)) if error.standard > 0.0 => {
            Some(Interval::around(value, error.half_width(level)))
        }
        (Some(_), ..) => None,
    }
}

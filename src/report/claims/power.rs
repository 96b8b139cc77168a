//! Which claims test sets of the published sizes can decide, from published numbers alone.

use std::collections::BTreeMap;

use super::asked::{Asked, Found};
use super::needed::POWER;
use super::support::Support;
use super::verdicts::{adjusted, known};
use crate::build_error::BuildError;
use crate::columns::{ColumnSource, Planned, Unit, plan};
use crate::evidence::Evidence;
use crate::lookup::{Lookup, Pair};
use crate::table::{Difference, MetricBlock, TableData};
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::{Dataset, Level, Project, Split, Table};
use proofmark_metrics::{AUC, BALANCED_ACCURACY};

/// Correlations of the numbers of two rows. Rows of one table share their videos, and much of what
/// makes a video hard.
pub const CORRELATIONS: [f64; 6] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.99];

/// The best that a printed number of 100 % may stand for.
const NEARLY_ALL: f64 = 0.9995;

/// What could be decided of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Power {
    /// Whether its numbers and the sizes of its test sets are published.
    pub known: bool,
    /// From which of [`CORRELATIONS`] on it is decided by itself, if it comes out as published.
    pub alone: Option<f64>,
    /// From which on it is decided with Holm's correction over all claims, in 80 % of cases.
    pub among_all: Option<f64>,
}

/// Which claims can be decided, each by itself and all together, if the true differences are those
/// of the published numbers.
///
/// The error of an AUC is Hanley and McNeil's (1982), that of a balanced accuracy the binomial one
/// with both rates alike. Test sets of several splits have the classes of the whole set in
/// proportion. Averages over manipulations share their reals.
///
/// # Errors
/// A data set that is not declared.
pub fn power(
    project: &Project,
    table: &TableData,
    declared: &Table,
) -> Result<Vec<Power>, BuildError> {
    let lookup = Lookup::of(&table.metrics, &table.scenarios);
    let asked: Vec<_> = declared
        .statements()
        .map(|(_, claim)| {
            let published = Asked::of(claim, &lookup)?.published(table);
            published.ok_or_else(|| "its numbers are not published".to_owned())
        })
        .collect();
    let planned = plan(project, declared, &Evidence::default())?;
    let sizes = Sizes { project, planned: &planned };
    let level = 1.0 - declared.intervals.level;
    let mut powers = vec![Power::default(); asked.len()];
    for correlation in CORRELATIONS {
        let mut found = Found::new();
        for place in asked.iter().flatten().flat_map(Asked::comparisons) {
            let difference = sizes.difference(&table.metrics[place.0.block], place, correlation);
            found.extend(difference.map(|difference| (place, (difference, None))));
        }
        let supported = |quantile: f64| -> Vec<Option<Support>> {
            let whole =
                |asked: &&Asked<'_>| asked.comparisons().all(|place| found.contains_key(&place));
            let of = |asked: &Result<Asked<'_>, String>| {
                known(asked.as_ref().ok().filter(whole)?, table, &found, quantile)
            };
            asked.iter().map(of).collect()
        };
        let alone = supported(0.0).into_iter().map(|known| known.map(Support::p));
        let among_all = adjusted(&asked, &supported(POWER));
        for (power, (alone, among_all)) in powers.iter_mut().zip(alone.zip(among_all)) {
            power.known |= alone.is_some();
            for (from, p) in [(&mut power.alone, alone), (&mut power.among_all, among_all)] {
                if from.is_none() && p.is_some_and(|p| p < level) {
                    *from = Some(correlation);
                }
            }
        }
    }
    Ok(powers)
}

/// The published sizes of the test sets of a table.
struct Sizes<'a> {
    project: &'a Project,
    planned: &'a Planned,
}

impl Sizes<'_> {
    /// The published difference of two rows in a column, with the error that the sizes give it.
    fn difference(
        &self,
        block: &MetricBlock,
        (pair, column): (Pair, usize),
        correlation: f64,
    ) -> Option<Difference> {
        let value = |row: usize| block.rows[row].cells[column].reference;
        let (a, b) = (value(pair.row)?, value(pair.other)?);
        let (of_a, of_b) =
            (self.variance(block, pair.row, column)?, self.variance(block, pair.other, column)?);
        let variance = of_a + of_b - 2.0 * correlation * (of_a * of_b).sqrt();
        Some(Difference {
            value: a - b,
            interval: None,
            test: None,
            videos: None,
            error: Some(Error::normal(variance.max(1e-12).sqrt())),
            compared: 0,
        })
    }

    /// The variance of a published number.
    fn variance(&self, block: &MetricBlock, row: usize, column: usize) -> Option<f64> {
        let cells = &block.rows[row].cells;
        let own = cells[column].reference?;
        let units = self.planned.sources[column].units();
        // Manipulations of one data set share its reals and are taken as one set.
        let mut sets: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &unit in units {
            sets.entry(&self.planned.units[unit].dataset).or_default().push(unit);
        }
        let mut sum = 0.0;
        for members in sets.values() {
            let first = &self.planned.units[members[0]];
            let value = match (self.column_of(members[0]), members.len()) {
                (Some(column), 1) => cells[column].reference.unwrap_or(own),
                (Some(_) | None, _) => own,
            };
            let share = members.len() as f64 / units.len() as f64;
            let (reals, fakes) = self.videos(first, members.len())?;
            sum += share * share * variance(block, value, reals, fakes)?;
        }
        Some(sum)
    }

    /// The column of a unit alone.
    fn column_of(&self, unit: usize) -> Option<usize> {
        let alone = |source: &ColumnSource| match source {
            ColumnSource::Unit(of) => *of == unit,
            ColumnSource::Mean(_) | ColumnSource::Gap(_) => false,
        };
        self.planned.sources.iter().position(alone)
    }

    /// Real and fake videos of a unit, with the fakes of so many manipulations where it is of one.
    fn videos(&self, unit: &Unit, manipulations: usize) -> Option<(f64, f64)> {
        let dataset: &Dataset = self.project.datasets.get(&unit.dataset)?;
        let expect = dataset.expect.as_ref()?;
        let of_split = |split: Split| match split {
            Split::Train => expect.train,
            Split::Val => expect.val,
            Split::Test => expect.test,
        };
        let all: u64 =
            [Split::Train, Split::Val, Split::Test].into_iter().filter_map(of_split).sum();
        let share = of_split(unit.split)? as f64 / all as f64;
        let of_methods = match &unit.method {
            Some(_) => manipulations as f64 / dataset.manipulations.len() as f64,
            None => 1.0,
        };
        let (reals, fakes) =
            (expect.real? as f64 * share, expect.fake? as f64 * share * of_methods);
        (unit.value.is_none() && unit.corruption.is_none()).then_some((reals, fakes))
    }
}

/// The variance of a number of videos; none of a metric whose variance the number does not tell.
fn variance(block: &MetricBlock, value: f64, reals: f64, fakes: f64) -> Option<f64> {
    let value = value.min(NEARLY_ALL);
    match block.level {
        Level::Video if block.metric == AUC => {
            let square = value * value;
            let (of_fakes, of_reals) = (value / (2.0 - value), 2.0 * square / (1.0 + value));
            let sum = value * (1.0 - value)
                + (fakes - 1.0) * (of_fakes - square)
                + (reals - 1.0) * (of_reals - square);
            Some(sum / (reals * fakes))
        }
        Level::Video if block.metric == BALANCED_ACCURACY => {
            Some(value * (1.0 - value) * (1.0 / reals + 1.0 / fakes) / 4.0)
        }
        Level::Video | Level::Frame => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use proofmark_metrics::EER;

    #[test]
    fn an_area_of_chance_has_the_variance_of_the_rank_sum() {
        // Mann and Whitney (1947): (m + n + 1) / (12 m n).
        let mut block = fixture::table().metrics.remove(0);
        let (reals, fakes) = (178.0, 541.0);
        let expected = (reals + fakes + 1.0) / (12.0 * reals * fakes);
        let found = variance(&block, 0.5, reals, fakes).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} is not {expected}");
        // Of half right in either class, each class has a binomial variance.
        block.metric = BALANCED_ACCURACY;
        let found = variance(&block, 0.5, 100.0, 400.0).unwrap();
        assert!((found - (0.25 / 100.0 + 0.25 / 400.0) / 4.0).abs() < 1e-15, "{found}");
        // A printed 100 is not certain.
        assert!(variance(&block, 1.0, 100.0, 400.0).unwrap() > 0.0);
        block.metric = EER;
        assert_eq!(variance(&block, 0.1, 100.0, 400.0), None);
    }
}

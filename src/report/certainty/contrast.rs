//! The difference of two rows in a column: its size, interval and test.

use super::draws::UnitDraws;
use super::measured::mean;
use crate::columns::ColumnSource;
use crate::lookup::Pair;
use crate::table::{Cell, Common, Difference, Doubt, MetricBlock, Test, Untested};
use proofmark_evaluate::statistics::bootstrap;
use proofmark_evaluate::statistics::interval::{Interval, same};
use proofmark_evaluate::statistics::seeds::{Error, Seeds};

/// Two rows compared.
pub(super) struct Contrast {
    /// Their difference.
    pub difference: Difference,
    /// The p-value of no difference, or why there is none.
    pub p: Result<f64, Untested>,
}

impl Contrast {
    /// Compares two rows in a column, on the videos that both have. None where one has no value, and of
    /// gaps.
    pub(super) fn new(
        blocks: &[MetricBlock],
        pair: Pair,
        column: usize,
        source: &ColumnSource,
        units: &[UnitDraws],
        level: f64,
    ) -> Option<Self> {
        let cells = [pair.row, pair.other].map(|row| &blocks[pair.block].rows[row].cells[column]);
        // Which groups lie farthest apart may differ, so that a gap is no mean of differences.
        if let ColumnSource::Gap(_) = source {
            return None;
        }
        let [ours, theirs] = cells.map(|cell| cell.value);
        let plain = Difference {
            value: ours? - theirs?,
            interval: None,
            test: None,
            videos: None,
            error: None,
            compared: 0,
        };
        let untested = |difference, reason| Some(Self { difference, p: Err(reason) });
        if cells.iter().any(|cell| cell.doubt == Some(Doubt::FewVideos)) {
            return untested(plain, Untested::FewVideos);
        }
        let metric = blocks[pair.block].metric;
        let constant =
            |cell: &&Cell| cell.doubt == Some(Doubt::NoVariance) && !cell.is_perfect(metric);
        let constant = cells.iter().any(constant);
        let parts: Option<Vec<_>> =
            source.units().iter().map(|&unit| units[unit].compared(pair)).collect();
        let Some(parts) = parts else { return untested(plain, Untested::FewVideos) };
        let draws = mean(&parts.iter().map(|part| &part.draws).collect::<Vec<_>>());
        // Of an average, each seed's average.
        let ours = Seeds::of(&mean(&parts.iter().map(|p| &p.ours).collect::<Vec<_>>()))?;
        let theirs = Seeds::of(&mean(&parts.iter().map(|p| &p.theirs).collect::<Vec<_>>()))?;
        let value = ours.mean - theirs.mean;
        let videos = parts.iter().fold(Common::default(), |sum, part| sum.and(part.videos));
        let mut difference = Difference {
            value,
            videos: (videos.both < videos.either).then_some(videos),
            compared: videos.both,
            ..plain
        };
        let Some(variance) = bootstrap::variance(&draws) else {
            return untested(difference, Untested::FewVideos);
        };
        if constant {
            return untested(difference, Untested::NoVariance);
        }
        if (ours.n == 1) != (theirs.n == 1) {
            return untested(difference, Untested::OneSeed);
        }
        if ours.n == 1 {
            difference.interval = Interval::of_draws(&draws, level);
            let areas = match (source, parts.as_slice()) {
                (ColumnSource::Unit(_), [part]) => part.areas.as_ref(),
                (ColumnSource::Unit(_) | ColumnSource::Mean(_) | ColumnSource::Gap(_), _) => None,
            };
            let (test, p, error) = match areas {
                Some([ours, theirs]) => {
                    let test = ours.test(theirs);
                    (Test::Delong, test.map(|test| test.p), test.map_or(0.0, |test| test.error))
                }
                None => (Test::Bootstrap, bootstrap::p_value(value, &draws), variance.sqrt()),
            };
            difference.test = Some(test);
            difference.error = (error > 0.0).then(|| Error::normal(error));
            return Some(Self { difference, p: p.ok_or(Untested::NoVariance) });
        }
        let error = Error::of(&[&ours, &theirs], variance)?;
        if error.standard > 0.0 {
            let half = error.half_width(level);
            difference.interval = Some(Interval { low: value - half, high: value + half });
            difference.error = Some(error);
        }
        difference.test = Some(Test::Seeds);
        let p = match error.p_value(value) {
            None if same(value, 0.0) => Some(1.0),
            p => p,
        };
        Some(Self { difference, p: p.ok_or(Untested::NoVariance) })
    }
}

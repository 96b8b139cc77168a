//! Values to bins of a readable width, and quantiles.

use proofmark_base::math::{log10, pow};

/// Bins aimed at.
const BINS: f64 = 24.0;
/// Share of a label's values that the axis has to hold; the rest is in an open bin at its end.
const HELD: f64 = 0.95;
/// How much longer the axis may become to hold all values.
const STRETCH: f64 = 1.25;

/// Two histograms over the same bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// Lower edge of the first bin.
    pub start: f64,
    /// Width of a bin.
    pub width: f64,
    /// Number of bins with two edges.
    pub count: usize,
    /// Percent of each label's values in each bin; one more than `count` if the last is open.
    pub shares: [Vec<f64>; 2],
}

impl Bins {
    /// Bins that show both labels' values; none without values.
    pub fn of(values: &[Vec<f64>; 2], whole: bool) -> Option<Self> {
        let all = || values.iter().flatten().copied();
        let low = all().reduce(f64::min)?;
        let top = all().reduce(f64::max)?;
        let held = values.iter().filter_map(|v| quantile(v, HELD)).fold(low, f64::max);
        let mut high = if top - low <= (held - low) * STRETCH { top } else { held };
        // An axis from zero says more, unless that leaves most of it empty.
        let mut low = if low >= 0.0 && low < high / 2.0 { 0.0 } else { low };
        if high <= low {
            let room = if whole { 5.0 } else { (low.abs() / 10.0).max(0.5) };
            // Nothing that is measured is negative.
            (low, high) = ((low - room).max(low.min(0.0)), low + room);
        }
        let width = nice((high - low) / BINS);
        let width = if whole { width.max(1.0) } else { width };
        // Whole numbers lie in the middle of bins of one.
        let shift = if whole { 0.5 } else { 0.0 };
        let start = (low / width).floor() * width - shift;
        let count = ((high - start) / width).floor() as usize + 1;
        let shares = values.each_ref().map(|values| {
            let mut shares = vec![0.0; count + 1];
            for value in values {
                let bin = ((value - start) / width) as usize;
                shares[bin.min(count)] += 100.0 / values.len() as f64;
            }
            shares
        });
        let mut bins = Self { start, width, count, shares };
        if !bins.is_open() {
            bins.shares.iter_mut().for_each(|shares| shares.truncate(count));
        }
        Some(bins)
    }

    /// Whether there is an open bin at the end.
    pub fn is_open(&self) -> bool {
        self.shares.iter().any(|shares| shares.get(self.count).is_some_and(|s| *s > 0.0))
    }

    /// Number of bins, the open one included.
    pub fn len(&self) -> usize {
        self.shares[0].len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Upper edge of the last bin with two edges.
    pub fn end(&self) -> f64 {
        self.start + self.width * self.count as f64
    }

    /// The highest share.
    pub fn highest(&self) -> f64 {
        self.shares.iter().flatten().copied().fold(0.0, f64::max)
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
pub fn nice(least: f64) -> f64 {
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let power = pow(10.0, log10(least).floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // A step that is short of it by rounding alone will do.
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// A quantile, between values as `numpy.quantile` does it; none without values.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = share * (sorted.len().checked_sub(1)? as f64);
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_ones_twos_and_fives() {
        for (least, step) in [
            (0.3, 0.5),
            (1.0, 1.0),
            (1.1, 2.0),
            (0.02, 0.02),
            (21.0, 50.0),
            (70.0, 100.0),
            (0.0, 1.0),
        ] {
            assert!((nice(least) - step).abs() < 1e-12, "{least}: {}", nice(least));
        }
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 3, 10], [0, 0.25, 0.5, 0.9, 1])
        let values = [10.0, 1.0, 3.0, 2.0];
        for (share, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.9, 7.9), (1.0, 10.0)] {
            assert!((quantile(&values, share).unwrap() - expected).abs() < 1e-12, "{share}");
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_long_tail_is_in_an_open_bin() {
        let mut values = vec![1.0; 50];
        values.extend((0..50).map(f64::from));
        values.push(10_000.0);
        let bins = Bins::of(&[values, vec![3.0]], true).unwrap();
        assert!(bins.is_open());
        assert!(bins.end() < 100.0, "{bins:?}");
        let last = *bins.shares[0].last().unwrap();
        assert!(last > 0.9 && last < 5.0, "{bins:?}");
    }

    #[test]
    fn values_that_are_all_alike_are_in_the_middle() {
        let bins = Bins::of(&[vec![224.0; 9], Vec::new()], true).unwrap();
        let full: Vec<usize> = (0..bins.len()).filter(|i| bins.shares[0][*i] > 0.0).collect();
        assert_eq!(full.len(), 1);
        assert!(full[0] > 2 && full[0] < bins.len() - 3, "{bins:?}");
        assert!((bins.shares[0][full[0]] - 100.0).abs() < 1e-9);
        assert_eq!(Bins::of(&[Vec::new(), Vec::new()], true), None);
    }

    proptest! {
        #[test]
        fn every_value_is_in_a_bin(
            real in prop::collection::vec(0.0f64..1e5, 0..60),
            fake in prop::collection::vec(0.0f64..50.0, 1..60),
            whole: bool,
        ) {
            let round = |v: Vec<f64>| v.into_iter().map(|x| if whole { x.round() } else { x });
            let values = [round(real).collect::<Vec<f64>>(), round(fake).collect()];
            let bins = Bins::of(&values, whole).unwrap();
            for (shares, values) in bins.shares.iter().zip(&values) {
                let sum: f64 = shares.iter().sum();
                let all = if values.is_empty() { 0.0 } else { 100.0 };
                prop_assert!((sum - all).abs() < 1e-6, "{sum}");
            }
            prop_assert!(bins.len() <= 60, "{}", bins.len());
            prop_assert_eq!(bins.shares[0].len(), bins.shares[1].len());
        }
    }
}

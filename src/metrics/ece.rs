//! Expected calibration error.

use super::alike::reaches;
use super::curve::CompensatedSum;
use super::metric::{Definition, Metric, Needed, Number};
use super::replica::{Resampled, error, probable};

/// Over bins of equal width of P(fake): the distance between mean score and share of fakes, weighted by
/// the rows of a bin (Naeini, Cooper and Hauskrecht 2015, for two classes). One class is enough.
pub const ECE: Metric = Metric(&Definition {
    word: "ece",
    doc: "expected calibration error over bins of equal width of P(fake)",
    method: "the distance of mean P(fake) from the share of fakes, over bins of P(fake), weighted by \
             their size",
    label: |bins| match bins {
        Some(bins) => format!("calibration error in {bins} bins"),
        None => "calibration error".to_owned(),
    },
    needs: Some(Needed {
        number: Number::Bins,
        doc: "The distance between mean P(fake) and share of fakes of each bin, weighted by its size.",
    }),
    range: [0.0, 1.0],
    lower_is_better: true,
    needs_both_classes: false,
    value: |ranking, bins| {
        ranking.probabilities()?;
        let bins = bins as u32;
        // A bin's rows by their distance: its rows times the distance of its means.
        let mut sums: Vec<CompensatedSum> = (0..bins).map(|_| CompensatedSum::default()).collect();
        for &score in ranking.real_scores() {
            sums[bin(score, bins)].add(score);
        }
        for &score in ranking.fake_scores() {
            sums[bin(score, bins)].add(score - 1.0);
        }
        let total: f64 = sums.iter().map(|sum| sum.value().abs()).sum();
        Ok(total / ranking.rows() as f64)
    },
    varies: |_, _| true,
    resampled: |items, bins| {
        if !probable(items) {
            return Resampled::Undefined;
        }
        let bins = bins as u32;
        let mut places = vec![Vec::new(); bins as usize];
        for item in items {
            places[bin(item.score, bins)].push((item.video, error(item)));
        }
        Resampled::Bins(places)
    },
});

/// The bin of a probability among `bins` of equal width: `[i / bins, (i + 1) / bins)`, the
/// last one closed.
pub fn bin(probability: f64, bins: u32) -> usize {
    let edge = |i: usize| i as f64 / f64::from(bins);
    let last = bins as usize - 1;
    let mut bin = ((probability * f64::from(bins)) as usize).min(last);
    // The product may be rounded to the wrong side of an edge.
    while bin > 0 && !reaches(probability, edge(bin)) {
        bin -= 1;
    }
    while bin < last && reaches(probability, edge(bin + 1)) {
        bin += 1;
    }
    bin
}

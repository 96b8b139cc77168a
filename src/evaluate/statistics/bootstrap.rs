//! The bootstrap: videos drawn with replacement within each class, with all their faces.
//!
//! One draw of videos serves every row of a column, so that differences of rows, and
//! averages of columns, can be taken within each draw (Efron and Tibshirani, "An
//! introduction to the bootstrap", 1993).

use rayon::prelude::*;

use super::distributions::normal_above;
use super::interval::same;
use proofmark_metrics::LANES;
pub use proofmark_metrics::{Item, Replica, Stratum};

/// What is drawn together: the reals and fakes of one column, and metrics of them.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The reals' videos.
    pub reals: Stratum,
    /// The fakes' videos.
    pub fakes: Stratum,
    /// Metrics of its items, of any number of rows.
    pub replicas: Vec<Replica>,
}

impl Unit {
    /// Each replica's value in each draw, NaN where undefined.
    ///
    /// A value is a function of seed, strata and the number of the draw: neither threads
    /// nor other units nor the number of draws change it.
    pub fn draws(&self, draws: u32, seed: u64) -> Vec<Vec<f64>> {
        let firsts: Vec<u32> = (0..draws).step_by(LANES).collect();
        let batches: Vec<Vec<[f64; LANES]>> = firsts
            .into_par_iter()
            .map_init(Vec::new, |counts, first| {
                counts.clear();
                self.reals.draw(seed, first, counts);
                self.fakes.draw(seed, first, counts);
                self.replicas.iter().map(|replica| replica.values(counts)).collect()
            })
            .collect();
        let of = |i: usize| {
            let values = batches.iter().flat_map(|batch| batch[i]);
            values.take(draws as usize).collect()
        };
        (0..self.replicas.len()).map(of).collect()
    }
}

/// The variance of draws, over one less than their number. None with fewer than two draws, or
/// where one of them is undefined; zero where they differ by rounding alone.
pub fn variance(draws: &[f64]) -> Option<f64> {
    if draws.len() < 2 || draws.iter().any(|d| d.is_nan()) {
        return None;
    }
    if draws.iter().all(|&draw| same(draw, draws[0])) {
        return Some(0.0);
    }
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let squares: f64 = draws.iter().map(|d| (d - mean) * (d - mean)).sum();
    Some(squares / (draws.len() - 1) as f64)
}

/// Two-sided p-value of the hypothesis that a difference is zero: the difference over its
/// standard error, the deviation of its draws, against the standard normal distribution (Efron
/// and Tibshirani 1993, section 13.3; as pROC's `roc.test` does, Robin et al., "pROC", 2011).
///
/// A share of draws beyond zero could not be smaller than one of them, which no correction for
/// a table's many tests leaves significant.
///
/// None without two draws, where the difference was undefined in any of them, or where it is not
/// zero and yet the same in all, but for rounding.
pub fn p_value(difference: f64, draws: &[f64]) -> Option<f64> {
    let variance = variance(draws)?;
    match (same(difference, 0.0), variance == 0.0) {
        (true, true) => Some(1.0),
        (false, true) => None,
        (_, false) => Some(2.0 * normal_above((difference / variance.sqrt()).abs())),
    }
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;

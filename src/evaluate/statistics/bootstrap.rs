//! The bootstrap: videos drawn with replacement within each class, with all their faces.
//!
//! One draw of videos serves every row of a column, so that differences of rows, and
//! averages of columns, can be taken within each draw (Efron and Tibshirani, "An
//! introduction to the bootstrap", 1993).

use rayon::prelude::*;

pub use super::replicate::{Item, Replica};
use super::resample::LANES;
pub use super::resample::Stratum;

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

/// Two-sided p-value of the hypothesis that a difference is zero, from its draws: twice
/// the smaller share of draws on either side of zero. The sample itself counts as one
/// draw, so that no p-value is zero (Davison and Hinkley, "Bootstrap methods and their
/// application", 1997, section 4.2).
///
/// None without draws, or where the difference was undefined in any of them.
pub fn p_value(differences: &[f64]) -> Option<f64> {
    if differences.is_empty() || differences.iter().any(|d| d.is_nan()) {
        return None;
    }
    let share = |n: usize| (n + 1) as f64 / (differences.len() + 1) as f64;
    let below = differences.iter().filter(|d| **d <= 0.0).count();
    let above = differences.iter().filter(|d| **d >= 0.0).count();
    Some((2.0 * share(below.min(above))).min(1.0))
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;

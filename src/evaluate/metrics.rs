//! Metrics of a binary detector, all read off one sorted order of its scores.
//!
//! Fake is the positive class and a score is P(fake), so higher means more fake.
//! Definitions are those of scikit-learn; the equal error rate is the root of
//! `1 - x - TPR(x)` on the linearly interpolated ROC, as FSFM evaluates it.

use rayon::slice::ParallelSliceMut;
use thiserror::Error;

use crate::lang::model::Metric;

/// Why a metric has no value. It is never reported as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Undefined {
    /// Nothing was scored.
    #[error("no rows were scored")]
    Empty,
    /// Only fakes were scored.
    #[error("there is no real among {fakes} fake")]
    NoReals {
        /// How many.
        fakes: usize,
    },
    /// Only reals were scored.
    #[error("there is no fake among {reals} real")]
    NoFakes {
        /// How many.
        reals: usize,
    },
    /// The threshold is NaN.
    #[error("the threshold is not a number")]
    Threshold,
}

/// A score that cannot be ranked.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("the score of row {row} is {value}, not a finite number")]
pub struct BadScore {
    /// Row, counted from 1.
    pub row: usize,
    /// What it says: NaN or an infinity.
    pub value: f64,
}

/// Scores of reals and fakes, each sorted once, from the highest down.
///
/// Eight bytes per row; every metric is one walk or a binary search.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    reals: Vec<f64>,
    fakes: Vec<f64>,
}

impl Ranking {
    /// Ranks pairs of (is fake, score), in any order.
    ///
    /// # Errors
    /// The first score that is NaN or infinite.
    pub fn new(pairs: impl IntoIterator<Item = (bool, f64)>) -> Result<Self, BadScore> {
        let (mut reals, mut fakes) = (Vec::new(), Vec::new());
        for (i, (fake, score)) in pairs.into_iter().enumerate() {
            if !score.is_finite() {
                return Err(BadScore { row: i + 1, value: score });
            }
            // Adding zero turns -0.0 into 0.0, so that equal scores are tied.
            if fake { fakes.push(score + 0.0) } else { reals.push(score + 0.0) }
        }
        reals.par_sort_unstable_by(|a, b| b.total_cmp(a));
        fakes.par_sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Self { reals, fakes })
    }

    /// Number of reals.
    pub fn reals(&self) -> usize {
        self.reals.len()
    }

    /// Number of fakes.
    pub fn fakes(&self) -> usize {
        self.fakes.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.reals.len() + self.fakes.len()
    }

    /// The named metric, a fraction; `threshold` is used by those that need one.
    ///
    /// # Errors
    /// [`Undefined`] says why there is no value.
    pub fn metric(&self, metric: Metric, threshold: f64) -> Result<f64, Undefined> {
        match metric {
            Metric::Auc => self.roc_auc(),
            Metric::BalancedAccuracy => self.balanced_accuracy(threshold),
            Metric::Eer => self.eer(),
            Metric::AveragePrecision => self.average_precision(),
            Metric::Accuracy => self.accuracy(threshold),
        }
    }

    /// Area under the ROC curve: the probability that a fake scores above a real,
    /// a tie counting one half (Mann-Whitney).
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn roc_auc(&self) -> Result<f64, Undefined> {
        self.both_classes()?;
        // Twice the area in units of one fake by one real is a whole number.
        let mut doubled = 0u128;
        let mut last = Point { reals: 0, fakes: 0 };
        for point in self.curve() {
            doubled += (point.reals - last.reals) as u128 * (point.fakes + last.fakes) as u128;
            last = point;
        }
        Ok(doubled as f64 / (2 * self.reals() as u128 * self.fakes() as u128) as f64)
    }

    /// Mean of sensitivity and specificity; a score at the threshold is called fake.
    ///
    /// # Errors
    /// Undefined without both classes, or with a threshold of NaN.
    pub fn balanced_accuracy(&self, threshold: f64) -> Result<f64, Undefined> {
        self.both_classes()?;
        let called = self.called_fake(threshold)?;
        let sensitivity = called.fakes as f64 / self.fakes() as f64;
        let specificity = (self.reals() - called.reals) as f64 / self.reals() as f64;
        Ok((sensitivity + specificity) / 2.0)
    }

    /// Fraction of rows called by their right name; a score at the threshold is
    /// called fake.
    ///
    /// # Errors
    /// Undefined without rows, or with a threshold of NaN. One class is enough.
    pub fn accuracy(&self, threshold: f64) -> Result<f64, Undefined> {
        if self.rows() == 0 {
            return Err(Undefined::Empty);
        }
        let called = self.called_fake(threshold)?;
        Ok((called.fakes + self.reals() - called.reals) as f64 / self.rows() as f64)
    }

    /// Equal error rate: where the ROC, linear between its points, crosses
    /// `TPR = 1 - FPR`.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn eer(&self) -> Result<f64, Undefined> {
        self.both_classes()?;
        let (reals, fakes) = (self.reals() as i128, self.fakes() as i128);
        // Distance to the crossing in whole numbers: it falls from one point to the
        // next, is positive at the origin and negative at (1, 1).
        let gap = |p: Point| reals * fakes - p.reals as i128 * fakes - p.fakes as i128 * reals;
        let mut last = Point { reals: 0, fakes: 0 };
        for point in self.curve() {
            let (before, after) = (gap(last), gap(point));
            if after <= 0 {
                let share = before as f64 / (before - after) as f64;
                let crossing = last.reals as f64 + share * (point.reals - last.reals) as f64;
                return Ok(crossing / self.reals() as f64);
            }
            last = point;
        }
        unreachable!("the curve ends at (1, 1), beyond the crossing")
    }

    /// Average precision: precision at each distinct score, weighted by the recall
    /// it adds.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn average_precision(&self) -> Result<f64, Undefined> {
        self.both_classes()?;
        let mut sum = CompensatedSum::default();
        let mut last = 0;
        for Point { reals, fakes } in self.curve() {
            if fakes > last {
                sum.add((fakes - last) as f64 * (fakes as f64 / (fakes + reals) as f64));
            }
            last = fakes;
        }
        Ok(sum.value() / self.fakes() as f64)
    }

    fn both_classes(&self) -> Result<(), Undefined> {
        match (self.reals(), self.fakes()) {
            (0, 0) => Err(Undefined::Empty),
            (0, fakes) => Err(Undefined::NoReals { fakes }),
            (reals, 0) => Err(Undefined::NoFakes { reals }),
            _ => Ok(()),
        }
    }

    /// How many of each class score at or above the threshold.
    fn called_fake(&self, threshold: f64) -> Result<Point, Undefined> {
        if threshold.is_nan() {
            return Err(Undefined::Threshold);
        }
        let at_or_above = |scores: &[f64]| scores.partition_point(|&score| score >= threshold);
        Ok(Point { reals: at_or_above(&self.reals), fakes: at_or_above(&self.fakes) })
    }

    /// The ROC without its origin: one point per distinct score, from the highest.
    fn curve(&self) -> impl Iterator<Item = Point> {
        let mut at = Point { reals: 0, fakes: 0 };
        std::iter::from_fn(move || {
            let score = match (self.reals.get(at.reals), self.fakes.get(at.fakes)) {
                (Some(&real), Some(&fake)) => real.max(fake),
                (Some(&score), None) | (None, Some(&score)) => score,
                (None, None) => return None,
            };
            let tied = |scores: &[f64]| scores.iter().take_while(|&&s| s == score).count();
            at.reals += tied(&self.reals[at.reals..]);
            at.fakes += tied(&self.fakes[at.fakes..]);
            Some(at)
        })
    }
}

/// A point of the ROC as counts: reals and fakes that score at or above a threshold.
#[derive(Clone, Copy, Debug)]
struct Point {
    reals: usize,
    fakes: usize,
}

/// A sum whose rounding error does not grow with its length (Neumaier).
#[derive(Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        self.lost +=
            if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;

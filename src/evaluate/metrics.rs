//! Metrics of a binary detector, all read off one sorted order of its scores.
//!
//! Fake is the positive class and a score is P(fake), so higher means more fake.
//! Definitions are those of scikit-learn; the equal error rate is the root of
//! `1 - x - TPR(x)` on the linearly interpolated ROC, as FSFM evaluates it.

use rayon::slice::ParallelSliceMut;
use thiserror::Error;

use super::alike::{reaches, unify_sorted};
use super::curve::{self, CompensatedSum, Point};
use super::measure::{Measure, bin};

/// Why a metric has no value. It is never reported as zero.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
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
    /// A score is not in 0 to 1, where the metric is about probabilities.
    #[error("the score {0} is not a probability")]
    Probability(f64),
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

/// Scores of reals and fakes, each sorted once, from the highest down. Scores that agree to
/// 1e-12 of their size are one score, here and in every test and interval.
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
        Ok(Self::of_classes(reals, fakes))
    }

    /// Ranks the scores of both classes, all of them finite and none of them -0.0.
    pub(super) fn of_classes(mut reals: Vec<f64>, mut fakes: Vec<f64>) -> Self {
        reals.par_sort_unstable_by(|a, b| b.total_cmp(a));
        fakes.par_sort_unstable_by(|a, b| b.total_cmp(a));
        unify_sorted(&mut reals, &mut fakes);
        Self { reals, fakes }
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

    /// A metric, as a fraction.
    ///
    /// # Errors
    /// [`Undefined`] says why there is no value.
    pub fn measure(&self, measure: Measure) -> Result<f64, Undefined> {
        match measure {
            Measure::Auc => self.roc_auc(),
            Measure::BalancedAccuracy { threshold } => self.balanced_accuracy(threshold),
            Measure::Eer => self.eer(),
            Measure::AveragePrecision => self.average_precision(),
            Measure::Accuracy { threshold } => self.accuracy(threshold),
            Measure::Tpr { fpr } => self.true_positive_rate(fpr),
            Measure::Brier => self.brier(),
            Measure::Ece { bins } => self.calibration_error(bins),
        }
    }

    /// Whether a metric depends on which samples there are: not where all have one score, and
    /// not where a threshold calls all of them by one name.
    pub fn varies(&self, measure: Measure) -> bool {
        match measure {
            Measure::Auc | Measure::Eer | Measure::AveragePrecision | Measure::Tpr { .. } => {
                let ends = |scores: &[f64]| Some((*scores.first()?, *scores.last()?));
                let (reals, fakes) = (ends(&self.reals), ends(&self.fakes));
                let all = reals.into_iter().chain(fakes);
                let (high, low) = all.fold((f64::NEG_INFINITY, f64::INFINITY), |(h, l), ends| {
                    (h.max(ends.0), l.min(ends.1))
                });
                high > low
            }
            Measure::BalancedAccuracy { threshold } | Measure::Accuracy { threshold } => {
                let called = self.called_fake(threshold).unwrap_or_default();
                (1..self.rows() as u64).contains(&(called.reals + called.fakes))
            }
            Measure::Brier | Measure::Ece { .. } => true,
        }
    }

    /// Area under the ROC curve: the probability that a fake scores above a real,
    /// a tie counting one half (Mann-Whitney).
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn roc_auc(&self) -> Result<f64, Undefined> {
        Ok(curve::area(self.curve(), self.both_classes()?))
    }

    /// The ROC: (false-positive rate, true-positive rate) from (0, 0) to (1, 1), a point for
    /// each distinct score.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn roc(&self) -> Result<Vec<(f64, f64)>, Undefined> {
        let total = self.both_classes()?;
        let share = |point: Point| {
            (point.reals as f64 / total.reals as f64, point.fakes as f64 / total.fakes as f64)
        };
        Ok(std::iter::once(Point::default()).chain(self.curve()).map(share).collect())
    }

    /// Mean of sensitivity and specificity; a score at the threshold is called fake.
    ///
    /// # Errors
    /// Undefined without both classes, or with a threshold of NaN.
    pub fn balanced_accuracy(&self, threshold: f64) -> Result<f64, Undefined> {
        self.both_classes()?;
        let called = self.called_fake(threshold)?;
        let sensitivity = called.fakes as f64 / self.fakes() as f64;
        let specificity = (self.reals() as u64 - called.reals) as f64 / self.reals() as f64;
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
        Ok((called.fakes + self.reals() as u64 - called.reals) as f64 / self.rows() as f64)
    }

    /// Equal error rate: where the ROC, linear between its points, crosses
    /// `TPR = 1 - FPR`.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn eer(&self) -> Result<f64, Undefined> {
        Ok(curve::equal_error_rate(self.curve(), self.both_classes()?))
    }

    /// Average precision: precision at each distinct score, weighted by the recall
    /// it adds.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn average_precision(&self) -> Result<f64, Undefined> {
        Ok(curve::average_precision(self.curve(), self.both_classes()?))
    }

    /// The highest true-positive rate of a threshold whose false-positive rate is at most
    /// `fpr`, without interpolation.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn true_positive_rate(&self, fpr: f64) -> Result<f64, Undefined> {
        Ok(curve::true_positives_at(self.curve(), self.both_classes()?, fpr))
    }

    /// Brier score: mean squared distance of the score from 0 (real) or 1 (fake).
    ///
    /// # Errors
    /// Undefined without rows, or where a score is no probability. One class is enough.
    pub fn brier(&self) -> Result<f64, Undefined> {
        self.probabilities()?;
        let mut sum = CompensatedSum::default();
        for score in &self.reals {
            sum.add(score * score);
        }
        for score in &self.fakes {
            sum.add((1.0 - score) * (1.0 - score));
        }
        Ok(sum.value() / self.rows() as f64)
    }

    /// Expected calibration error over bins of equal width of P(fake): the distance
    /// between mean score and share of fakes, weighted by the rows of a bin (Naeini,
    /// Cooper and Hauskrecht 2015, for two classes).
    ///
    /// # Errors
    /// Undefined without rows, or where a score is no probability. One class is enough.
    pub fn calibration_error(&self, bins: u32) -> Result<f64, Undefined> {
        self.probabilities()?;
        // A bin's rows by their distance: its rows times the distance of its means.
        let mut sums: Vec<CompensatedSum> = (0..bins).map(|_| CompensatedSum::default()).collect();
        for &score in &self.reals {
            sums[bin(score, bins)].add(score);
        }
        for &score in &self.fakes {
            sums[bin(score, bins)].add(score - 1.0);
        }
        let total: f64 = sums.iter().map(|sum| sum.value().abs()).sum();
        Ok(total / self.rows() as f64)
    }

    /// The threshold of the highest balanced accuracy: halfway between two neighbouring
    /// scores, the lowest of several that are as good.
    ///
    /// # Errors
    /// Undefined without both classes.
    pub fn best_threshold(&self) -> Result<f64, Undefined> {
        let total = self.both_classes()?;
        let (mut best, mut threshold) = (i128::MIN, 0.0);
        let mut points = self.curve().peekable();
        while let Some(point) = points.next() {
            let gain = i128::from(point.fakes) * i128::from(total.reals)
                - i128::from(point.reals) * i128::from(total.fakes);
            if gain >= best {
                let score = self.lowest_of(point);
                best = gain;
                threshold = match points.peek() {
                    // The sum of two halves does not overflow.
                    Some(_) => score / 2.0 + self.highest_below(point) / 2.0,
                    None => score,
                };
            }
        }
        Ok(threshold)
    }

    /// The lowest score that a point of the curve calls fake.
    fn lowest_of(&self, point: Point) -> f64 {
        let last = |scores: &[f64], n: u64| match n {
            0 => f64::INFINITY,
            n => scores[n as usize - 1],
        };
        last(&self.reals, point.reals).min(last(&self.fakes, point.fakes))
    }

    /// The highest score that it does not.
    fn highest_below(&self, point: Point) -> f64 {
        let next =
            |scores: &[f64], n: u64| scores.get(n as usize).copied().unwrap_or(f64::NEG_INFINITY);
        next(&self.reals, point.reals).max(next(&self.fakes, point.fakes))
    }

    /// How many there are of each class.
    fn both_classes(&self) -> Result<Point, Undefined> {
        match (self.reals(), self.fakes()) {
            (0, 0) => Err(Undefined::Empty),
            (0, fakes) => Err(Undefined::NoReals { fakes }),
            (reals, 0) => Err(Undefined::NoFakes { reals }),
            (reals, fakes) => Ok(Point { reals: reals as u64, fakes: fakes as u64 }),
        }
    }

    /// Checks that there are scores and that all are probabilities.
    fn probabilities(&self) -> Result<(), Undefined> {
        if self.rows() == 0 {
            return Err(Undefined::Empty);
        }
        let ends = [&self.reals, &self.fakes].map(|scores| [scores.first(), scores.last()]);
        let outside = |score: &&f64| !(0.0..=1.0).contains(*score);
        match ends.into_iter().flatten().flatten().find(outside) {
            Some(&score) => Err(Undefined::Probability(score)),
            None => Ok(()),
        }
    }

    /// How many of each class score at or above the threshold.
    fn called_fake(&self, threshold: f64) -> Result<Point, Undefined> {
        if threshold.is_nan() {
            return Err(Undefined::Threshold);
        }
        let at_or_above =
            |scores: &[f64]| scores.partition_point(|&score| reaches(score, threshold)) as u64;
        Ok(Point { reals: at_or_above(&self.reals), fakes: at_or_above(&self.fakes) })
    }

    /// The ROC without its origin: one point per distinct score, from the highest.
    fn curve(&self) -> impl Iterator<Item = Point> {
        let (mut real, mut fake) = (0, 0);
        std::iter::from_fn(move || {
            let score = match (self.reals.get(real), self.fakes.get(fake)) {
                (Some(&real), Some(&fake)) => real.max(fake),
                (Some(&score), None) | (None, Some(&score)) => score,
                (None, None) => return None,
            };
            let tied = |scores: &[f64]| scores.iter().take_while(|&&s| s == score).count();
            real += tied(&self.reals[real..]);
            fake += tied(&self.fakes[fake..]);
            Some(Point { reals: real as u64, fakes: fake as u64 })
        })
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;

//! The scores of a detector in one sorted order, off which every metric is read.

use rayon::slice::ParallelSliceMut;
use thiserror::Error;

use super::alike::{reaches, unify_sorted};
use super::curve::Point;

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

/// How many of each class there are, and how many a threshold calls by their right name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Reals.
    pub reals: u64,
    /// Fakes.
    pub fakes: u64,
    /// Reals that are called so.
    pub right_reals: u64,
    /// Fakes that are called so.
    pub right_fakes: u64,
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
    pub fn of_classes(mut reals: Vec<f64>, mut fakes: Vec<f64>) -> Self {
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
    pub(crate) fn both_classes(&self) -> Result<Point, Undefined> {
        match (self.reals(), self.fakes()) {
            (0, 0) => Err(Undefined::Empty),
            (0, fakes) => Err(Undefined::NoReals { fakes }),
            (reals, 0) => Err(Undefined::NoFakes { reals }),
            (reals, fakes) => Ok(Point { reals: reals as u64, fakes: fakes as u64 }),
        }
    }

    /// Checks that there are scores and that all are probabilities.
    pub(crate) fn probabilities(&self) -> Result<(), Undefined> {
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

    /// The scores of the reals, from the highest down.
    pub(crate) fn real_scores(&self) -> &[f64] {
        &self.reals
    }

    /// The scores of the fakes, from the highest down.
    pub(crate) fn fake_scores(&self) -> &[f64] {
        &self.fakes
    }

    /// Whether not all have one score.
    pub(crate) fn has_two_scores(&self) -> bool {
        let ends = |scores: &[f64]| Some((*scores.first()?, *scores.last()?));
        let all = ends(&self.reals).into_iter().chain(ends(&self.fakes));
        let (high, low) = all.fold((f64::NEG_INFINITY, f64::INFINITY), |(h, l), ends| {
            (h.max(ends.0), l.min(ends.1))
        });
        high > low
    }

    /// What a threshold calls them.
    ///
    /// # Errors
    /// Undefined without rows, or with a threshold of NaN.
    pub(crate) fn calls(&self, threshold: f64) -> Result<Calls, Undefined> {
        if self.rows() == 0 {
            return Err(Undefined::Empty);
        }
        let called = self.called_fake(threshold)?;
        let (reals, fakes) = (self.reals() as u64, self.fakes() as u64);
        Ok(Calls { reals, fakes, right_reals: reals - called.reals, right_fakes: called.fakes })
    }

    /// Whether a threshold calls some fake and some real.
    pub(crate) fn calls_both_names(&self, threshold: f64) -> bool {
        let called = self.called_fake(threshold).unwrap_or_default();
        (1..self.rows() as u64).contains(&(called.reals + called.fakes))
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
    pub(crate) fn curve(&self) -> impl Iterator<Item = Point> {
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

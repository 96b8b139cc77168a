//! A metric of resampled videos, from how often each was drawn.
//!
//! Scores are sorted once; a draw is only counts beside that order. [`LANES`] draws are
//! computed at once.

use super::resample::{Counts, LANES};
use crate::alike::{reaches, unify};
use crate::curve::{self, Point};
use crate::measure::{Measure, bin};
use proofmark_base::wide::wide;

/// A scored face or video.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Place of its video: those of the reals come first, then those of the fakes.
    pub video: u32,
    /// Whether it is fake.
    pub fake: bool,
    /// P(fake).
    pub score: f64,
}

/// A metric of some items, ready to be computed for any draw of their videos.
#[derive(Clone, Debug)]
pub struct Replica {
    reals: Vec<u32>,
    fakes: Vec<u32>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Auc(Ranks),
    /// What is read off the curve point by point.
    Curve(Ranks, Reading),
    /// Videos of the items that are called by their right name.
    Balanced {
        reals: Vec<u32>,
        fakes: Vec<u32>,
    },
    Accuracy {
        right: Vec<u32>,
    },
    /// Videos and what their items add.
    Mean(Vec<(u32, f64)>),
    /// Per bin, the same.
    Bins(Vec<Vec<(u32, f64)>>),
    Undefined,
}

#[derive(Clone, Copy, Debug)]
enum Reading {
    Eer,
    AveragePrecision,
    Tpr { fpr: f64 },
}

impl Replica {
    /// Prepares a metric of items, in any order.
    pub fn new(items: &[Item], measure: Measure) -> Self {
        let of = |keep: &dyn Fn(&Item) -> bool| -> Vec<u32> {
            items.iter().filter(|item| keep(item)).map(|item| item.video).collect()
        };
        let error = |item: &Item| item.score - f64::from(u8::from(item.fake));
        let probable = || items.iter().all(|item| (0.0..=1.0).contains(&item.score));
        let kind = match measure {
            Measure::Auc => Kind::Auc(Ranks::new(items, true)),
            Measure::Eer => Kind::Curve(Ranks::new(items, false), Reading::Eer),
            Measure::AveragePrecision => {
                Kind::Curve(Ranks::new(items, false), Reading::AveragePrecision)
            }
            Measure::Tpr { fpr } => Kind::Curve(Ranks::new(items, false), Reading::Tpr { fpr }),
            Measure::BalancedAccuracy { threshold } => Kind::Balanced {
                reals: of(&|item| !item.fake && !reaches(item.score, threshold)),
                fakes: of(&|item| item.fake && reaches(item.score, threshold)),
            },
            Measure::Accuracy { threshold } => {
                Kind::Accuracy { right: of(&|item| item.fake == reaches(item.score, threshold)) }
            }
            Measure::Brier if probable() => {
                Kind::Mean(items.iter().map(|item| (item.video, error(item).powi(2))).collect())
            }
            Measure::Ece { bins } if probable() => {
                let mut places = vec![Vec::new(); bins as usize];
                for item in items {
                    places[bin(item.score, bins)].push((item.video, error(item)));
                }
                Kind::Bins(places)
            }
            Measure::Brier | Measure::Ece { .. } => Kind::Undefined,
        };
        Self { reals: of(&|item| !item.fake), fakes: of(&|item| item.fake), kind }
    }

    /// The metric in each draw; NaN where it is undefined.
    pub(super) fn values(&self, counts: &[Counts]) -> [f64; LANES] {
        let reals = wide(
            #[inline(always)]
            || count(&self.reals, counts),
        );
        let fakes = wide(
            #[inline(always)]
            || count(&self.fakes, counts),
        );
        let mut values = match &self.kind {
            Kind::Undefined => [f64::NAN; LANES],
            Kind::Auc(ranks) => {
                let won = wide(
                    #[inline(always)]
                    || ranks.won(counts),
                );
                lanes(|i| won[i] / (2.0 * f64::from(reals[i]) * f64::from(fakes[i])))
            }
            Kind::Curve(ranks, reading) => lanes(|i| {
                let total = Point { reals: reals[i].into(), fakes: fakes[i].into() };
                ranks.read(counts, i, total, *reading)
            }),
            Kind::Balanced { reals: right_reals, fakes: right_fakes } => {
                let right_reals = wide(
                    #[inline(always)]
                    || count(right_reals, counts),
                );
                let right_fakes = wide(
                    #[inline(always)]
                    || count(right_fakes, counts),
                );
                let share = |right: u32, of: u32| f64::from(right) / f64::from(of);
                lanes(|i| (share(right_reals[i], reals[i]) + share(right_fakes[i], fakes[i])) / 2.0)
            }
            Kind::Accuracy { right } => {
                let right = wide(
                    #[inline(always)]
                    || count(right, counts),
                );
                lanes(|i| f64::from(right[i]) / f64::from(reals[i] + fakes[i]))
            }
            Kind::Mean(items) => {
                let sums = wide(
                    #[inline(always)]
                    || sum(items, counts),
                );
                lanes(|i| sums[i] / f64::from(reals[i] + fakes[i]))
            }
            Kind::Bins(bins) => {
                let mut total = [0.0; LANES];
                for items in bins {
                    let sums = wide(
                        #[inline(always)]
                        || sum(items, counts),
                    );
                    total = lanes(|i| total[i] + sums[i].abs());
                }
                lanes(|i| total[i] / f64::from(reals[i] + fakes[i]))
            }
        };
        for value in values.iter_mut().filter(|value| !value.is_finite()) {
            *value = f64::NAN;
        }
        values
    }
}

fn lanes(f: impl FnMut(usize) -> f64) -> [f64; LANES] {
    std::array::from_fn(f)
}

/// How many items were drawn, from their videos.
#[inline(always)]
fn count(videos: &[u32], counts: &[Counts]) -> [u32; LANES] {
    let mut sums = [0; LANES];
    for &video in videos {
        let counts = &counts[video as usize];
        for (sum, &count) in sums.iter_mut().zip(counts) {
            *sum += u32::from(count);
        }
    }
    sums
}

/// What the drawn items add up to.
#[inline(always)]
fn sum(items: &[(u32, f64)], counts: &[Counts]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for &(video, value) in items {
        let counts = &counts[video as usize];
        for (sum, &count) in sums.iter_mut().zip(counts) {
            *sum += f64::from(count) * value;
        }
    }
    sums
}

/// Items in ascending order of their scores, as videos.
#[derive(Clone, Debug)]
struct Ranks {
    videos: Vec<u32>,
    /// Ends of each step's reals and fakes among `videos`.
    steps: Vec<Step>,
}

/// Some reals, then some fakes.
#[derive(Clone, Copy, Debug)]
struct Step {
    reals_end: u32,
    fakes_end: u32,
    /// Whether these reals and fakes have the same score, rather than the fakes higher ones.
    tied: bool,
}

impl Ranks {
    /// Sorts items. A step is one score; where only the order of the classes counts,
    /// `merged` makes one step of as many scores as have no real above a fake.
    fn new(items: &[Item], merged: bool) -> Self {
        let mut scores: Vec<f64> = items.iter().map(|item| item.score + 0.0).collect();
        unify(&mut scores);
        let mut sorted: Vec<Item> = items.to_vec();
        for (item, score) in sorted.iter_mut().zip(scores) {
            item.score = score;
        }
        // Reals first among equal scores.
        sorted.sort_unstable_by(|a, b| a.score.total_cmp(&b.score).then(a.fake.cmp(&b.fake)));
        let mut steps: Vec<Step> = Vec::new();
        let mut at = 0;
        for equal in sorted.chunk_by(|a, b| a.score == b.score) {
            let reals = equal.iter().take_while(|item| !item.fake).count();
            let step = Step {
                reals_end: (at + reals) as u32,
                fakes_end: (at + equal.len()) as u32,
                tied: reals > 0 && reals < equal.len(),
            };
            match steps.last_mut() {
                // Reals may join a step as long as it has no fakes, fakes at any time.
                Some(last) if merged && !last.tied && !step.tied => {
                    if reals == 0 {
                        last.fakes_end = step.fakes_end;
                    } else if last.reals_end == last.fakes_end {
                        *last = step;
                    } else {
                        steps.push(step);
                    }
                }
                _ => steps.push(step),
            }
            at += equal.len();
        }
        Self { videos: sorted.iter().map(|item| item.video).collect(), steps }
    }

    /// Twice the number of pairs in which the fake scores above the real, a tie counting
    /// one half: whole numbers below 2^53.
    #[inline(always)]
    fn won(&self, counts: &[Counts]) -> [f64; LANES] {
        let mut won = [0.0; LANES];
        let mut below = [0u32; LANES];
        let mut start = 0;
        for step in &self.steps {
            let (middle, end) = (step.reals_end as usize, step.fakes_end as usize);
            let reals = count(&self.videos[start..middle], counts);
            let fakes = count(&self.videos[middle..end], counts);
            let share = if step.tied { 1 } else { 2 };
            for i in 0..LANES {
                won[i] += f64::from(fakes[i]) * f64::from(2 * below[i] + share * reals[i]);
                below[i] += reals[i];
            }
            start = end;
        }
        won
    }

    /// What is read off the curve of one draw.
    fn read(&self, counts: &[Counts], lane: usize, total: Point, reading: Reading) -> f64 {
        if total.reals == 0 || total.fakes == 0 {
            return f64::NAN;
        }
        let drawn = |videos: &[u32]| -> u64 {
            videos.iter().map(|&video| u64::from(counts[video as usize][lane])).sum()
        };
        let mut at = Point::default();
        let curve = self.steps.iter().enumerate().rev().map(|(i, step)| {
            let start = if i == 0 { 0 } else { self.steps[i - 1].fakes_end as usize };
            let (middle, end) = (step.reals_end as usize, step.fakes_end as usize);
            at.reals += drawn(&self.videos[start..middle]);
            at.fakes += drawn(&self.videos[middle..end]);
            at
        });
        match reading {
            Reading::Eer => curve::equal_error_rate(curve, total),
            Reading::AveragePrecision => curve::average_precision(curve, total),
            Reading::Tpr { fpr } => curve::true_positives_at(curve, total, fpr),
        }
    }
}

//! A metric of resampled videos, from how often each was drawn.
//!
//! Scores are sorted once; a draw is only counts beside that order. [`LANES`] draws are
//! computed at once.

use proofmark_base::wide::wide;

use super::alike::{reaches, unify};
use super::curve::Point;
use super::ranking::Calls;
use super::resample::{Counts, LANES};

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
    resampled: Resampled,
}

/// How a metric is computed of any draw of videos.
#[derive(Clone, Debug)]
pub enum Resampled {
    /// The area under the curve.
    Area(Ranks),
    /// What is read off the curve point by point, given a number.
    Curve(Ranks, Reading, f64),
    /// What is made of the counts of a threshold: the videos of the items that are called by their
    /// right name.
    Calls {
        /// Of reals.
        reals: Vec<u32>,
        /// Of fakes.
        fakes: Vec<u32>,
        /// What is made of the counts.
        of: fn(Calls) -> f64,
    },
    /// A mean over items: videos and what their items add.
    Mean(Vec<(u32, f64)>),
    /// The distances of bins, of which each has the same.
    Bins(Vec<Vec<(u32, f64)>>),
    /// It has no value.
    Undefined,
}

/// Reads a metric off a curve, given all reals and fakes and the number that it needs.
pub type Reading = fn(&mut dyn Iterator<Item = Point>, Point, f64) -> f64;

impl Resampled {
    pub(crate) fn area(items: &[Item]) -> Self {
        Self::Area(Ranks::new(items, true))
    }

    pub(crate) fn curve(items: &[Item], reading: Reading, number: f64) -> Self {
        Self::Curve(Ranks::new(items, false), reading, number)
    }

    pub(crate) fn calls(items: &[Item], threshold: f64, of: fn(Calls) -> f64) -> Self {
        let right = |fake: bool| {
            let right = |item: &&Item| item.fake == fake && reaches(item.score, threshold) == fake;
            items.iter().filter(right).map(|item| item.video).collect()
        };
        Self::Calls { reals: right(false), fakes: right(true), of }
    }
}

/// How far a score is above 0 (real) or 1 (fake).
pub(crate) fn error(item: &Item) -> f64 {
    item.score - f64::from(u8::from(item.fake))
}

/// Whether every score is a probability.
pub(crate) fn probable(items: &[Item]) -> bool {
    items.iter().all(|item| (0.0..=1.0).contains(&item.score))
}

impl Replica {
    /// Items in any order, and how their metric is computed of draws.
    pub(crate) fn of(items: &[Item], resampled: Resampled) -> Self {
        let of = |fake: bool| -> Vec<u32> {
            items.iter().filter(|item| item.fake == fake).map(|item| item.video).collect()
        };
        Self { reals: of(false), fakes: of(true), resampled }
    }

    /// The metric in each draw; NaN where it is undefined.
    pub fn values(&self, counts: &[Counts]) -> [f64; LANES] {
        let reals = wide(
            #[inline(always)]
            || count(&self.reals, counts),
        );
        let fakes = wide(
            #[inline(always)]
            || count(&self.fakes, counts),
        );
        let mut values = match &self.resampled {
            Resampled::Undefined => [f64::NAN; LANES],
            Resampled::Area(ranks) => {
                let won = wide(
                    #[inline(always)]
                    || ranks.won(counts),
                );
                lanes(|i| won[i] / (2.0 * f64::from(reals[i]) * f64::from(fakes[i])))
            }
            Resampled::Curve(ranks, reading, number) => lanes(|i| {
                let total = Point { reals: reals[i].into(), fakes: fakes[i].into() };
                ranks.read(counts, i, total, *reading, *number)
            }),
            Resampled::Calls { reals: right_reals, fakes: right_fakes, of } => {
                let right_reals = wide(
                    #[inline(always)]
                    || count(right_reals, counts),
                );
                let right_fakes = wide(
                    #[inline(always)]
                    || count(right_fakes, counts),
                );
                lanes(|i| {
                    of(Calls {
                        reals: reals[i].into(),
                        fakes: fakes[i].into(),
                        right_reals: right_reals[i].into(),
                        right_fakes: right_fakes[i].into(),
                    })
                })
            }
            Resampled::Mean(items) => {
                let sums = wide(
                    #[inline(always)]
                    || sum(items, counts),
                );
                lanes(|i| sums[i] / f64::from(reals[i] + fakes[i]))
            }
            Resampled::Bins(bins) => {
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
pub struct Ranks {
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
    fn read(
        &self,
        counts: &[Counts],
        lane: usize,
        total: Point,
        reading: Reading,
        number: f64,
    ) -> f64 {
        if total.reals == 0 || total.fakes == 0 {
            return f64::NAN;
        }
        let drawn = |videos: &[u32]| -> u64 {
            videos.iter().map(|&video| u64::from(counts[video as usize][lane])).sum()
        };
        let mut at = Point::default();
        let mut curve = self.steps.iter().enumerate().rev().map(|(i, step)| {
            let start = if i == 0 { 0 } else { self.steps[i - 1].fakes_end as usize };
            let (middle, end) = (step.reals_end as usize, step.fakes_end as usize);
            at.reals += drawn(&self.videos[start..middle]);
            at.fakes += drawn(&self.videos[middle..end]);
            at
        });
        reading(&mut curve, total, number)
    }
}

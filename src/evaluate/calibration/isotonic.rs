//! Isotonic regression (Zadrozny and Elkan 2002), by pooling adjacent violators.

use serde::{Deserialize, Serialize};

use super::scored::ScoredFace;

/// Scores that are nearer than this are one, as in scikit-learn.
const TIED: f64 = 1e-15;

/// A function that never falls: given at some scores, on straight lines between them, and beyond
/// them as at the nearest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Scores, rising.
    scores: Vec<f64>,
    /// Shares of fakes there.
    values: Vec<f64>,
}

/// Neighbouring scores with one share of fakes.
struct Block {
    first: f64,
    last: f64,
    fakes: f64,
    faces: f64,
}

impl Block {
    fn value(&self) -> f64 {
        self.fakes / self.faces
    }
}

impl Isotonic {
    /// The rising function that is nearest to 0 (real) and 1 (fake) in the mean of squares. Scores
    /// that are equal but for the last digits are one.
    pub(super) fn fit(faces: &[ScoredFace]) -> Self {
        let mut faces: Vec<(f64, bool)> =
            faces.iter().map(|face| (face.score, face.fake)).collect();
        faces.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        let mut rest = faces.as_slice();
        while let Some(&(score, _)) = rest.first() {
            let (equal, after) = rest.split_at(rest.partition_point(|(at, _)| at - score < TIED));
            rest = after;
            let fakes = equal.iter().filter(|(_, fake)| *fake).count() as f64;
            let mut block = Block { first: score, last: score, fakes, faces: equal.len() as f64 };
            while let Some(before) = blocks.pop_if(|before| before.value() >= block.value()) {
                block.first = before.first;
                block.fakes += before.fakes;
                block.faces += before.faces;
            }
            blocks.push(block);
        }
        let (mut scores, mut values) = (Vec::new(), Vec::new());
        for block in &blocks {
            let ends = [Some(block.first), (block.last > block.first).then_some(block.last)];
            for score in ends.into_iter().flatten() {
                scores.push(score);
                values.push(block.value());
            }
        }
        Self { scores, values }
    }

    /// P(fake) of a score.
    pub(super) fn probability(&self, score: f64) -> f64 {
        let (scores, values) = (&self.scores, &self.values);
        let after = scores.partition_point(|at| *at < score);
        if after == 0 {
            return values[0];
        }
        if after == scores.len() {
            return values[after - 1];
        }
        let share = (score - scores[after - 1]) / (scores[after] - scores[after - 1]);
        values[after - 1] + share * (values[after] - values[after - 1])
    }

    /// Different values that it takes where it is given.
    pub(super) fn steps(&self) -> usize {
        self.values.chunk_by(|a, b| a == b).count()
    }
}

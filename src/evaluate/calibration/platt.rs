//! Platt scaling (Platt 1999), by Newton's method as Lin, Lin and Weng (2007) correct it.

use serde::{Deserialize, Serialize};

use super::scored::{ScoredFace, softplus};
use proofmark_base::math::{exp, ln};

/// Steps at most; a few are enough.
const STEPS: usize = 200;
/// Size of the gradient, per face, at which it has arrived.
const FLAT: f64 = 1e-12;
/// What is added to the diagonal of the second derivatives, so that they can be inverted.
const RIDGE: f64 = 1e-12;

/// P(fake) is the logistic function of slope times log odds plus offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Below 1 it makes a model less certain; below 0 it turns its scores round.
    pub slope: f64,
    /// Above 0 it calls more faces fake.
    pub offset: f64,
}

impl Platt {
    /// The one of the highest likelihood, where faces count as fake not with 0 and 1, but with
    /// 1 / (reals + 2) and (fakes + 1) / (fakes + 2), as Platt does against certainty.
    pub(super) fn fit(faces: &[ScoredFace]) -> Self {
        let fakes = faces.iter().filter(|face| face.fake).count() as f64;
        let reals = faces.len() as f64 - fakes;
        let (high, low) = ((fakes + 1.0) / (fakes + 2.0), 1.0 / (reals + 2.0));
        let faces: Vec<(f64, f64)> = faces
            .iter()
            .map(|face| (face.log_odds(), if face.fake { high } else { low }))
            .collect();
        let mut fitted = Self { slope: 0.0, offset: ln((fakes + 1.0) / (reals + 1.0)) };
        let mut loss = fitted.loss(&faces);
        for _ in 0..STEPS {
            let mut gradient = [0.0; 2];
            let mut second = [RIDGE, 0.0, RIDGE];
            for &(odds, target) in &faces {
                let p = fitted.probability(odds);
                let (off, weight) = (p - target, p * (1.0 - p));
                gradient = [gradient[0] + off * odds, gradient[1] + off];
                second[0] += weight * odds * odds;
                second[1] += weight * odds;
                second[2] += weight;
            }
            if gradient.iter().all(|value| value.abs() <= FLAT * faces.len() as f64) {
                break;
            }
            let [a, b, c] = second;
            let inverse = 1.0 / (a * c - b * b);
            let step = [
                (b * gradient[1] - c * gradient[0]) * inverse,
                (b * gradient[0] - a * gradient[1]) * inverse,
            ];
            let slope = gradient[0] * step[0] + gradient[1] * step[1];
            let mut share = 1.0;
            let next = loop {
                let next = Self {
                    slope: fitted.slope + share * step[0],
                    offset: fitted.offset + share * step[1],
                };
                let reached = next.loss(&faces);
                if reached < loss + 1e-4 * share * slope {
                    loss = reached;
                    break Some(next);
                }
                share /= 2.0;
                // Nothing is left to win but what rounding hides.
                if share < 1e-10 {
                    break None;
                }
            };
            let Some(next) = next else { break };
            fitted = next;
        }
        fitted
    }

    /// P(fake) at a logarithm of the odds.
    pub(super) fn probability(self, odds: f64) -> f64 {
        let x = self.slope * odds + self.offset;
        let power = exp(-x.abs());
        if x >= 0.0 { 1.0 / (1.0 + power) } else { power / (1.0 + power) }
    }

    /// The negative log-likelihood of log odds with what they count as.
    fn loss(self, faces: &[(f64, f64)]) -> f64 {
        let of = |&(odds, target): &(f64, f64)| {
            let x = self.slope * odds + self.offset;
            softplus(x) - target * x
        };
        faces.iter().map(of).sum()
    }
}

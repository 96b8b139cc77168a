//! Temperature scaling (Guo et al. 2017).

use serde::{Deserialize, Serialize};

use super::scored::{CalibrationError, ScoredFace, log_odds, softplus};
use proofmark_base::math::{exp, ln};

/// Temperatures that are tried lie between this and one over it.
const LOWEST: f64 = 1e-3;
/// Temperatures that are tried first, from the lowest to the highest, in equal ratios.
const TRIED: usize = 113;
/// How near to the best the logarithm of the temperature is found.
const NEAR: f64 = 1e-9;

/// Every logit is divided by it before the softmax.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// Above 1 it makes a model less certain.
    pub temperature: f64,
}

impl Temperature {
    /// A temperature.
    pub(super) fn new(temperature: f64) -> Self {
        Self { temperature }
    }

    /// The one of the least mean negative log-likelihood of real or fake, where P(fake) is the sum
    /// over all fake classes.
    ///
    /// # Errors
    /// Faces for which none is the best.
    pub(super) fn fit(faces: &[ScoredFace]) -> Result<Self, CalibrationError> {
        let at = |log: f64| Self::new(exp(log)).loss(faces);
        let (low, high) = (ln(LOWEST), -ln(LOWEST));
        let step = (high - low) / (TRIED - 1) as f64;
        let tried = (0..TRIED).map(|i| at(low + step * i as f64));
        let mut best = (0, f64::INFINITY);
        for (place, loss) in tried.enumerate() {
            if loss < best.1 {
                best = (place, loss);
            }
        }
        let faces = faces.len();
        match best.0 {
            0 => return Err(CalibrationError::Separated { faces }),
            place if place == TRIED - 1 => return Err(CalibrationError::Useless { faces }),
            _ => {}
        }
        let middle = low + step * best.0 as f64;
        Ok(Self::new(exp(lowest(middle - step, middle + step, at))))
    }

    /// Probabilities of the classes.
    pub(super) fn probabilities(self, logits: &[f64]) -> Vec<f64> {
        let top = logits.iter().fold(f64::NEG_INFINITY, |top, logit| top.max(*logit));
        let powers = logits.iter().map(|logit| exp((logit - top) / self.temperature));
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|power| power / sum).collect()
    }

    /// Mean negative log-likelihood of real or fake.
    fn loss(self, faces: &[ScoredFace]) -> f64 {
        let of = |face: &ScoredFace| {
            let odds = log_odds(&face.logits, self.temperature);
            softplus(if face.fake { -odds } else { odds })
        };
        faces.iter().map(of).sum::<f64>() / faces.len() as f64
    }
}

/// Where a function is lowest between two places, by golden sections.
fn lowest(mut low: f64, mut high: f64, of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5.0f64.sqrt() - 1.0) / 2.0;
    let inner = |low: f64, high: f64| [high - golden * (high - low), low + golden * (high - low)];
    let [mut left, mut right] = inner(low, high);
    let [mut at_left, mut at_right] = [of(left), of(right)];
    while high - low > NEAR {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inner(low, high)[0];
            at_left = of(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = inner(low, high)[1];
            at_right = of(right);
        }
    }
    (low + high) / 2.0
}

//! What calibrations are fitted on, and why they cannot be.

use thiserror::Error;

use crate::predictions::Prediction;
use proofmark_base::math::{exp, ln, ln_1p};
use proofmark_lang::model::Label;

/// What a calibration is fitted on, of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredFace {
    /// Logits of the classes, real first, up to a number that they share.
    pub logits: Vec<f64>,
    /// P(fake).
    pub score: f64,
    /// Whether it is fake.
    pub fake: bool,
}

impl ScoredFace {
    /// The face of a prediction.
    pub fn of(row: &Prediction) -> Self {
        Self {
            logits: logits(&row.probabilities),
            score: row.score(),
            fake: row.of.label == Label::Fake,
        }
    }

    /// The logarithm of P(fake) over P(real) at a temperature of 1.
    pub(super) fn log_odds(&self) -> f64 {
        log_odds(&self.logits, 1.0)
    }
}

/// The logarithms of probabilities, which are the logits less a number that they share. What single
/// precision holds as 0, or with fewer digits, is taken for its least number of full precision.
pub(super) fn logits(probabilities: &[f32]) -> Vec<f64> {
    probabilities.iter().map(|p| ln(f64::from(p.max(f32::MIN_POSITIVE)))).collect()
}

/// The logarithm of P(fake) over P(real) at a temperature.
pub(super) fn log_odds(logits: &[f64], temperature: f64) -> f64 {
    let scaled = |logit: &f64| logit / temperature;
    let top = logits[1..].iter().map(scaled).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits[1..].iter().map(|logit| exp(scaled(logit) - top)).sum();
    top + ln(sum) - scaled(&logits[0])
}

/// ln(1 + e^x).
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}

/// Why nothing can be fitted.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CalibrationError {
    /// A class without a face.
    #[error(
        "the validation splits have {reals} real and {fakes} fake faces; a calibration is fitted on \
         both, so give a source a val split that has them, or remove `calibrate`"
    )]
    OneClass {
        /// Real faces.
        reals: usize,
        /// Fake faces.
        fakes: usize,
    },
    /// Faces that are told apart without an error: the lower, the better.
    #[error(
        "no temperature is the best: the {faces} validation faces are told apart without an error, \
         and the lower it is the better; `calibrate platt` allows for faces that were not seen"
    )]
    Separated {
        /// Faces.
        faces: usize,
    },
    /// Scores that say nothing, or the opposite: the higher, the better.
    #[error(
        "no temperature is the best: the scores of the {faces} validation faces say less than one \
         number for all of them, and the higher it is the better; `calibrate platt` has an offset, \
         too"
    )]
    Useless {
        /// Faces.
        faces: usize,
    },
}

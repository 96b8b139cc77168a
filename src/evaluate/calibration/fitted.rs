//! A calibration that was fitted, and its use on predictions.

use serde::{Deserialize, Serialize};

use super::isotonic::Isotonic;
use super::platt::Platt;
use super::scored::{CalibrationError, ScoredFace, logits};
use super::temperature::Temperature;
use crate::predictions::Prediction;
use proofmark_lang::model::Calibration;

/// A map from a model's outputs to P(fake).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibrator {
    /// Logits are divided by a number.
    Temperature(Temperature),
    /// A logistic function of the logarithm of the odds.
    Platt(Platt),
    /// A rising function of P(fake).
    Isotonic(Isotonic),
}

/// A calibration and what it was fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The map.
    pub calibrator: Calibrator,
    /// Data sets whose validation faces it was fitted on.
    pub datasets: Vec<String>,
    /// Real faces among them.
    pub reals: usize,
    /// Fake faces among them.
    pub fakes: usize,
}

/// Fits a calibration on faces, each of which counts the same.
///
/// # Errors
/// Faces of one class; scores for which there is no best temperature.
pub fn fit(method: Calibration, faces: &[ScoredFace]) -> Result<Calibrator, CalibrationError> {
    let fakes = faces.iter().filter(|face| face.fake).count();
    let reals = faces.len() - fakes;
    if reals == 0 || fakes == 0 {
        return Err(CalibrationError::OneClass { reals, fakes });
    }
    Ok(match method {
        Calibration::Temperature => Calibrator::Temperature(Temperature::fit(faces)?),
        Calibration::Platt => Calibrator::Platt(Platt::fit(faces)),
        Calibration::Isotonic => Calibrator::Isotonic(Isotonic::fit(faces)),
    })
}

impl Calibrator {
    /// A prediction with calibrated probabilities. Where the map gives P(fake) alone, fake classes
    /// share it as they shared the one before.
    #[must_use]
    pub fn apply(&self, row: &Prediction) -> Prediction {
        let fake = match self {
            Self::Temperature(temperature) => {
                let probabilities = temperature.probabilities(&logits(&row.probabilities));
                let score = probabilities[1..].iter().sum::<f64>().min(1.0);
                let probabilities = probabilities.iter().map(|p| *p as f32).collect();
                return Prediction { probabilities, exact: Some(score), ..row.clone() };
            }
            Self::Platt(platt) => platt.probability(ScoredFace::of(row).log_odds()),
            Self::Isotonic(isotonic) => isotonic.probability(row.score()),
        };
        let shares: Vec<f64> = row.probabilities[1..].iter().map(|p| f64::from(*p)).collect();
        let sum: f64 = shares.iter().sum();
        let equal = 1.0 / shares.len() as f64;
        let share = |share: f64| if sum > 0.0 { share / sum } else { equal };
        let fakes = shares.iter().map(|p| (fake * share(*p)) as f32);
        let probabilities = std::iter::once((1.0 - fake) as f32).chain(fakes).collect();
        Prediction { probabilities, exact: Some(fake), ..row.clone() }
    }

    /// What it is, for readers.
    pub fn words(&self) -> String {
        match self {
            Self::Temperature(temperature) => {
                format!("temperature scaling, T = {:.3}", temperature.temperature)
            }
            Self::Platt(platt) => {
                let Platt { slope, offset } = platt;
                format!("Platt scaling, slope {slope:.3} and offset {offset:.3}")
            }
            Self::Isotonic(isotonic) => {
                format!("isotonic regression, {} steps", isotonic.steps())
            }
        }
    }
}

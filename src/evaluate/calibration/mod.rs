//! Calibration: what makes of a model's output a probability that can be taken at its word, fitted
//! on faces that were neither trained on nor tested.

mod fitted;
mod isotonic;
mod platt;
mod scored;
mod temperature;

pub use fitted::{Calibrator, Fitted, fit};
pub use scored::{CalibrationError, ScoredFace};

#[cfg(test)]
mod tests;

//! One prediction, and rows of them as columns.

use polars::prelude::*;

use crate::face::{self, Face};

/// How far rounding may take a score out of 0 to 1.
const SLACK: f64 = 1e-5;

/// What a model says of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Which face.
    pub of: Face,
    /// Area of its box in pixels of its frame, where a detector found it.
    pub area: Option<f32>,
    /// Probability of each class, real first.
    pub probabilities: Vec<f32>,
    /// P(fake) where it is known beyond the digits of the probabilities, as another tool's.
    pub exact: Option<f64>,
}

impl Prediction {
    /// P(fake): the probabilities of all fake classes added (paper section 3.4).
    pub fn score(&self) -> f64 {
        let sum = || self.probabilities.iter().skip(1).map(|&p| f64::from(p)).sum();
        self.exact.unwrap_or_else(sum)
    }
}

/// Rows as a Polars frame with the columns of the file.
pub(super) fn frame(classes: &[String], rows: &[Prediction]) -> PolarsResult<DataFrame> {
    let mut columns = face::columns(rows.iter().map(|row| &row.of));
    let areas: Vec<Option<f32>> = rows.iter().map(|row| row.area).collect();
    columns.push(Column::new("area".into(), areas));
    for (i, class) in classes.iter().enumerate() {
        let probabilities: Vec<f32> = rows.iter().map(|row| row.probabilities[i]).collect();
        columns.push(Column::new(format!("p_{class}").into(), probabilities));
    }
    let scores: Vec<f64> = rows.iter().map(Prediction::score).collect();
    columns.push(Column::new("score".into(), scores));
    DataFrame::new(rows.len(), columns)
}

/// Whether a probability or score is finite and in 0 to 1, but for rounding.
pub(super) fn in_unit(p: f64) -> bool {
    (-SLACK..=1.0 + SLACK).contains(&p)
}

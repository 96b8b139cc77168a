//! What a weights file gave, for people and beside the model.

use serde::{Deserialize, Serialize};

use super::error::shortened;

/// Up to here a position table is the sin-cos table: f32 keeps it to 6e-8.
const SINCOS: f64 = 1e-5;

/// What a weights file gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// The file.
    pub file: String,
    /// Keys and wrappers that stand before the names of what was taken, joined by dots.
    #[serde(default)]
    pub prefix: String,
    /// Whether what was taken is an average of weights over steps of training.
    #[serde(default)]
    pub average: bool,
    /// What else in the file would have fitted as well.
    #[serde(default)]
    pub others: Vec<String>,
    /// Parameters taken from it.
    pub matched: Vec<String>,
    /// Parameters that it lacks, left at their random beginnings.
    pub missing: Vec<String>,
    /// Tensors in it that the model has no place for.
    pub unexpected: Vec<String>,
    /// Classifier tensors not taken because the file has another class count.
    pub dropped: Vec<String>,
    /// Grids (from, to) between which the position table was interpolated.
    pub interpolated: Option<(usize, usize)>,
    /// Whether positions of the class token or of register tokens were moved: the file has none
    /// for the class token, or some for registers. What is computed is the same.
    #[serde(default)]
    pub moved: bool,
    /// Whether the file's normalisation of all tokens became that of the class token, which is
    /// the same where that one is pooled.
    #[serde(default)]
    pub norm: bool,
    /// Greatest difference of the file's position table from MAE's fixed 2-D sin-cos
    /// table, which FSFM's pre-training keeps; none if it has no such table.
    pub sincos_deviation: Option<f64>,
}

impl LoadReport {
    /// One line for people.
    pub fn summary(&self) -> String {
        let mut text = format!(
            "weights: {} matched, {} missing ({}), {} unexpected ({})",
            self.matched.len(),
            self.missing.len(),
            shortened(&self.missing),
            self.unexpected.len(),
            shortened(&self.unexpected)
        );
        if !self.prefix.is_empty() {
            text += &format!(", taken from `{}`", self.prefix);
        }
        if self.average {
            text += ", an average over steps of training";
        }
        if !self.others.is_empty() {
            let others = self.others.join(" and ");
            text += &format!(", not from {others} (`weights .. key=..` takes another)");
        }
        if !self.dropped.is_empty() {
            text += &format!(", dropped for another class count: {}", shortened(&self.dropped));
        }
        if let Some((from, to)) = self.interpolated {
            text += &format!(", positions interpolated from {from}x{from} to {to}x{to}");
        }
        if self.moved {
            text += ", positions of class and register tokens moved into the tokens";
        }
        match self.sincos_deviation {
            Some(deviation) if deviation <= SINCOS => text += ", positions are sin-cos",
            Some(deviation) => {
                text += &format!(", positions are learned (up to {deviation:.2} from sin-cos)");
            }
            None => {}
        }
        text.replace(" ()", "")
    }
}

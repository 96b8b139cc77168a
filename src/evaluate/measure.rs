//! A metric together with the numbers it needs.

use super::alike::reaches;

/// What is computed of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Area under the ROC curve.
    Auc,
    /// Mean of sensitivity and specificity.
    BalancedAccuracy {
        /// Score from which a sample is called fake.
        threshold: f64,
    },
    /// Equal error rate.
    Eer,
    /// Average precision.
    AveragePrecision,
    /// Fraction called by their right name.
    Accuracy {
        /// Score from which a sample is called fake.
        threshold: f64,
    },
    /// True-positive rate at a false-positive rate.
    Tpr {
        /// The false-positive rate allowed.
        fpr: f64,
    },
    /// Brier score.
    Brier,
    /// Expected calibration error.
    Ece {
        /// Number of bins of equal width.
        bins: u32,
    },
}

/// The bin of a probability among `bins` of equal width: `[i / bins, (i + 1) / bins)`, the
/// last one closed.
pub fn bin(probability: f64, bins: u32) -> usize {
    let edge = |i: usize| i as f64 / f64::from(bins);
    let last = bins as usize - 1;
    let mut bin = ((probability * f64::from(bins)) as usize).min(last);
    // The product may be rounded to the wrong side of an edge.
    while bin > 0 && !reaches(probability, edge(bin)) {
        bin -= 1;
    }
    while bin < last && reaches(probability, edge(bin + 1)) {
        bin += 1;
    }
    bin
}

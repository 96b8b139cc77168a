//! The log of a training: a line for each epoch.

use serde::{Deserialize, Serialize};

/// One epoch of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLog {
    /// Counted from 1.
    pub epoch: u32,
    /// Learning rate of its last step, before layer scales.
    pub lr: f64,
    /// Mean objective over its steps.
    pub train_loss: f64,
    /// Mean plain cross-entropy over its steps.
    pub train_cross_entropy: f64,
    /// Fraction of considered triplets that were active, per triplet term.
    pub active_triplets: Vec<f64>,
    /// Mean plain cross-entropy over validation faces.
    pub val_loss: f64,
    /// ROC-AUC of validation faces; none when one class is absent.
    pub val_auc: Option<f64>,
}

//! The training objective: cross-entropy and triplet terms (paper section 3.3).

use candle_core::{D, Result, Tensor};
use candle_nn::ops::log_softmax;

use super::triplet::{TripletStats, triplet};
use crate::lang::model::{Loss, LossTerm};

/// The objective on one batch.
#[derive(Debug)]
pub struct Objective {
    /// The weighted sum, with its gradient: a scalar.
    pub total: Tensor,
    /// The mean cross-entropy without smoothing or weight, if a term has it.
    pub cross_entropy: Option<f64>,
    /// What the triplet terms saw, in order of declaration.
    pub triplets: Vec<TripletStats>,
}

/// Mean cross-entropy of logits (B, C) against class indices (B). With smoothing s
/// the target is 1 - s + s/C on the class and s/C elsewhere.
pub fn cross_entropy(logits: &Tensor, classes: &[u32], smoothing: f64) -> Result<Tensor> {
    let logp = log_softmax(logits, D::Minus1)?;
    let index = Tensor::new(classes, logits.device())?.unsqueeze(1)?;
    let nll = logp.gather(&index, 1)?.mean_all()?.neg()?;
    if smoothing == 0.0 {
        return Ok(nll);
    }
    let uniform = logp.mean(D::Minus1)?.mean_all()?.neg()?;
    (nll * (1.0 - smoothing))? + (uniform * smoothing)?
}

/// The declared objective of logits (B, C) and embeddings (B, D) for classes (B).
pub fn objective(
    loss: &Loss,
    logits: &Tensor,
    embedding: &Tensor,
    classes: &[u32],
) -> Result<Objective> {
    let mut total: Option<Tensor> = None;
    let mut plain = None;
    let mut triplets = Vec::new();
    for term in &loss.terms {
        let (value, weight) = match term {
            LossTerm::CrossEntropy { weight, smoothing } => {
                let value = cross_entropy(logits, classes, smoothing.value)?;
                plain = Some(match smoothing.value {
                    0.0 => scalar(&value)?,
                    _ => scalar(&cross_entropy(&logits.detach(), classes, 0.0)?)?,
                });
                (value, weight.value)
            }
            LossTerm::Triplet { mining, margin, weight, normalize } => {
                let (value, stats) =
                    triplet(embedding, classes, mining.value, margin.value, normalize.value)?;
                triplets.push(stats);
                (value, weight.value)
            }
        };
        let value = (value * weight)?;
        total = Some(match total {
            Some(total) => (total + value)?,
            None => value,
        });
    }
    let total = match total {
        Some(total) => total,
        None => logits.sum_all()?.affine(0.0, 0.0)?,
    };
    Ok(Objective { total, cross_entropy: plain, triplets })
}

/// The value of a scalar tensor.
pub fn scalar(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}

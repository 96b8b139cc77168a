//! The training objective: cross-entropy and triplet terms (paper section 3.3).

use candle_core::{Result, Tensor};

use super::exact::known;
use super::triplet::{TripletStats, triplet};
use proofmark_base::math::{exp, ln};
use proofmark_lang::model::{Loss, LossTerm};

/// What the faces of a batch are.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// Classes (B).
    pub classes: &'a [u32],
    /// Weight of a face's own class; the rest belongs to the class of the face that it
    /// was mixed with, that of the batch in reverse order. 1 for faces that are not mixed.
    pub own: f64,
}

/// The objective on one batch.
#[derive(Debug)]
pub struct Objective {
    /// The weighted sum, with its gradient: a scalar.
    pub total: Tensor,
    /// Each term without its weight, in order of declaration.
    pub parts: Vec<f64>,
    /// The mean cross-entropy without smoothing or weight, if a term has it.
    pub cross_entropy: Option<f64>,
    /// What the triplet terms saw, in order of declaration.
    pub triplets: Vec<TripletStats>,
}

/// Mean cross-entropy of logits (B, C) against class indices (B). With smoothing s
/// the target is 1 - s + s/C on the class and s/C elsewhere. Computed in f64 from the few logits of a
/// batch, on the CPU: the same on every machine.
pub fn cross_entropy(logits: &Tensor, classes: &[u32], smoothing: f64) -> Result<Tensor> {
    let rows = logits.detach().to_vec2::<f32>()?;
    let count = rows.len() as f64;
    let (mut value, mut gradient) = (0.0, Vec::with_capacity(logits.elem_count()));
    for (row, class) in rows.iter().zip(classes) {
        let row: Vec<f64> = row.iter().map(|v| f64::from(*v)).collect();
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = top + ln(row.iter().map(|v| exp(v - top)).sum());
        let share = smoothing / row.len() as f64;
        for (place, v) in row.iter().enumerate() {
            let own = if place == *class as usize { 1.0 - smoothing } else { 0.0 };
            value += (own + share) * (log_sum - v);
            gradient.push(((exp(v - log_sum) - own - share) / count) as f32);
        }
    }
    known(logits, value / count, gradient)
}

/// Cross-entropy against mixed classes, which is that of each, mixed.
pub fn mixed_cross_entropy(
    logits: &Tensor,
    targets: Targets<'_>,
    smoothing: f64,
) -> Result<Tensor> {
    let own = cross_entropy(logits, targets.classes, smoothing)?;
    if targets.own == 1.0 {
        return Ok(own);
    }
    let partners: Vec<u32> = targets.classes.iter().rev().copied().collect();
    let partner = cross_entropy(logits, &partners, smoothing)?;
    (own * targets.own)? + (partner * (1.0 - targets.own))?
}

/// The declared objective of logits (B, C) and embeddings (B, D).
///
/// # Errors
/// A triplet loss of mixed faces: they are of no class, so no face is their positive.
pub fn objective(
    loss: &Loss,
    logits: &Tensor,
    embedding: &Tensor,
    targets: Targets<'_>,
) -> Result<Objective> {
    let mut total: Option<Tensor> = None;
    let mut plain = None;
    let (mut parts, mut triplets) = (Vec::new(), Vec::new());
    for term in &loss.terms {
        let (value, weight) = match term {
            LossTerm::CrossEntropy(term) => {
                let value = mixed_cross_entropy(logits, targets, term.smoothing)?;
                plain = Some(match term.smoothing {
                    0.0 => scalar(&value)?,
                    _ => scalar(&mixed_cross_entropy(&logits.detach(), targets, 0.0)?)?,
                });
                (value, term.weight)
            }
            LossTerm::Triplet(term) => {
                if targets.own != 1.0 {
                    candle_core::bail!("a triplet loss of mixed faces");
                }
                let (value, stats) =
                    triplet(embedding, targets.classes, term.mining, term.margin, term.normalize)?;
                triplets.push(stats);
                (value, term.weight)
            }
        };
        parts.push(scalar(&value)?);
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
    Ok(Objective { total, parts, cross_entropy: plain, triplets })
}

/// The value of a scalar tensor.
pub fn scalar(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use proofmark_lang::model::Mining;
    use proofmark_lang::model::{CrossEntropy, Triplet};

    fn logits() -> Var {
        Var::new(&[[2f32, 0.0, -1.0], [0.5, 0.5, 0.5]], &Device::Cpu).unwrap()
    }

    /// -log softmax by hand, in f64.
    fn nll(row: [f64; 3], class: usize) -> f64 {
        ln(row.iter().map(|z| exp(*z)).sum::<f64>()) - row[class]
    }

    #[test]
    fn cross_entropy_is_the_mean_of_the_definition() {
        let (a, b) = ([2.0, 0.0, -1.0], [0.5; 3]);
        let plain = scalar(&cross_entropy(&logits(), &[0, 2], 0.0).unwrap()).unwrap();
        assert!((plain - (nll(a, 0) + nll(b, 2)) / 2.0).abs() < 1e-6);
        // Smoothing s puts 1 - s + s/C on the class and s/C on each of the others.
        let s = 0.1;
        let smoothed = |row, class| {
            let uniform: f64 = (0..3).map(|c| nll(row, c)).sum::<f64>() / 3.0;
            (1.0 - s) * nll(row, class) + s * uniform
        };
        let got = scalar(&cross_entropy(&logits(), &[0, 2], s).unwrap()).unwrap();
        assert!((got - (smoothed(a, 0) + smoothed(b, 2)) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn cross_entropy_has_softmax_minus_target_as_gradient() {
        let logits = logits();
        let grads = cross_entropy(&logits, &[0, 2], 0.0).unwrap().backward().unwrap();
        let gradient = grads.get(&logits).unwrap().to_vec2::<f32>().unwrap();
        for (row, class, got) in [([2.0, 0.0, -1.0], 0, &gradient[0]), ([0.5; 3], 2, &gradient[1])]
        {
            for (c, got) in got.iter().enumerate() {
                let p = exp(-nll(row, c));
                let expected = (p - f64::from(u8::from(c == class))) / 2.0;
                assert!((f64::from(*got) - expected).abs() < 1e-6, "{gradient:?}");
            }
        }
    }

    /// candle-nn's operations are the reference; their bits depend on the processor.
    #[test]
    fn cross_entropy_is_candles_with_its_gradient() {
        for smoothing in [0.0, 0.1] {
            let (ours, theirs) = (logits(), logits());
            let classes = Tensor::new(&[0u32, 2], &Device::Cpu).unwrap();
            let logp = candle_nn::ops::log_softmax(&theirs, candle_core::D::Minus1).unwrap();
            let nll = candle_nn::loss::nll(&logp, &classes).unwrap();
            let uniform = logp.mean_all().unwrap().neg().unwrap();
            let expected =
                ((nll * (1.0 - smoothing)).unwrap() + (uniform * smoothing).unwrap()).unwrap();
            let got = cross_entropy(&ours, &[0, 2], smoothing).unwrap();
            let apart = scalar(&got).unwrap() - scalar(&expected).unwrap();
            assert!(apart.abs() < 1e-6, "{apart}");
            let of = |loss: &Tensor, var: &Var| {
                let gradients = loss.backward().unwrap();
                gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
            };
            for (ours, theirs) in of(&got, &ours).into_iter().zip(of(&expected, &theirs)) {
                assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
            }
        }
    }

    #[test]
    fn an_objective_is_the_weighted_sum_of_its_terms() {
        let embedding = Var::new(&[[0f32], [1.0]], &Device::Cpu).unwrap();
        let triplet = |weight| {
            LossTerm::from(Triplet {
                mining: Mining::HardPositiveHardNegative,
                margin: 0.3,
                weight,
                normalize: false,
            })
        };
        let classes = [0, 0, 1, 1];
        let four = Tensor::cat(&[logits().as_tensor(), logits().as_tensor()], 0).unwrap();
        let points = Tensor::cat(&[embedding.as_tensor(), embedding.as_tensor()], 0).unwrap();
        let cross = LossTerm::from(CrossEntropy { weight: 2.0, smoothing: 0.1 });
        let loss = Loss { terms: vec![cross, triplet(0.5), triplet(0.25)] };
        let targets = Targets { classes: &classes, own: 1.0 };
        let got = objective(&loss, &four, &points, targets).unwrap();
        let smoothed = scalar(&cross_entropy(&four, &classes, 0.1).unwrap()).unwrap();
        // Each anchor's positive is 1 away and a negative lies on top of it: 1 - 0 + 0.3.
        assert_eq!(got.triplets.len(), 2);
        assert!((got.triplets[0].loss - 1.3).abs() < 1e-6, "{:?}", got.triplets);
        let expected = 2.0 * smoothed + (0.5 + 0.25) * 1.3;
        assert!((scalar(&got.total).unwrap() - expected).abs() < 1e-5);
        let plain = scalar(&cross_entropy(&four, &classes, 0.0).unwrap()).unwrap();
        assert_eq!(got.cross_entropy, Some(plain));
        let parts = [smoothed, 1.3, 1.3];
        assert!(got.parts.iter().zip(parts).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", got.parts);
        assert_eq!(got.parts.len(), 3);
    }
}

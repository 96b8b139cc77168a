//! The gradient of one step, in micro-batches if the whole batch does not fit into
//! memory.
//!
//! Triplets are mined over the whole batch whatever the size of the micro-batches: the
//! embeddings are computed first, without activations; the objective over all of them
//! gives the gradient of each; a second pass over the micro-batches, now with
//! activations, carries these into the parameters. (The gradient cache of Gao et al.
//! 2021; exact up to rounding, at the price of a second forward pass.)

use candle_core::{Result, Tensor};

use proofmark_lang::model::Loss;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::Gradients;
use proofmark_model::losses::{Targets, mixed_cross_entropy, objective, scalar};
use proofmark_model::network::Network;
use proofmark_model::triplet::TripletStats;

/// The faces of a step.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Normalised images (B, 3, S, S), row-major.
    pub images: &'a [f32],
    /// What they are.
    pub targets: Targets<'a>,
}

/// What a step saw.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// The objective.
    pub total: f64,
    /// Each of its terms without weight, in order of declaration.
    pub parts: Vec<f64>,
    /// Mean cross-entropy without smoothing or weight.
    pub cross_entropy: f64,
    /// What the triplet terms saw, in order of declaration.
    pub triplets: Vec<TripletStats>,
    /// Mean Euclidean norm of the embeddings.
    pub embedding_norm: f64,
}

/// Adds the gradient of the objective to `grads`, with the activations of at most
/// `micro` images in memory at a time. An objective that is not finite has no gradient.
pub fn gradients(
    network: &Network<'_>,
    loss: &Loss,
    batch: Batch<'_>,
    micro: usize,
    drop: DropPath,
    grads: &mut Gradients<'_>,
) -> Result<StepReport> {
    let count = batch.targets.classes.len();
    let pixels = batch.images.len() / count.max(1);
    let in_one = count <= micro || !network.architecture().supports_micro_batches();
    let embedding = if in_one {
        network.embed_keeping(batch.images, Some(drop))?
    } else {
        network.embed(batch.images, Some(drop))?
    };
    let (gradient, report) = network.head_backward(&embedding, grads, |embedding, logits| {
        let objective = objective(loss, logits, embedding, network.classifier(), batch.targets)?;
        let report = StepReport {
            total: scalar(&objective.total)?,
            parts: objective.parts,
            cross_entropy: match objective.cross_entropy {
                Some(plain) => plain,
                None => scalar(&mixed_cross_entropy(&logits.detach(), batch.targets, 0.0)?)?,
            },
            triplets: objective.triplets,
            embedding_norm: mean_norm(embedding)?,
        };
        Ok((objective.total, report))
    })?;
    if !report.total.is_finite() {
        return Ok(report);
    }
    if in_one {
        network.backward(&gradient, grads)?;
    } else {
        for (i, images) in batch.images.chunks(micro * pixels).enumerate() {
            let from = i * micro;
            network.embed_keeping(images, Some(drop.at(from)))?;
            network.backward(&gradient.narrow(0, from, images.len() / pixels)?, grads)?;
        }
    }
    Ok(report)
}

/// Mean Euclidean norm of embeddings (B, D).
fn mean_norm(embedding: &Tensor) -> Result<f64> {
    let rows = embedding.detach().to_vec2::<f32>()?;
    let square = |v: &f32| f64::from(*v) * f64::from(*v);
    let norms = rows.iter().map(|row| row.iter().map(square).sum::<f64>().sqrt());
    Ok(norms.sum::<f64>() / rows.len() as f64)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use proofmark_base::rng::{Rng, Stream};
    use proofmark_lang::model::{
        ArcFace, CrossEntropy, LossTerm, Mining, Pool, Precision, Triplet,
    };
    use proofmark_model::backbone::Backbone as _;
    use proofmark_model::gradients::Gradient;
    use proofmark_model::init::{Scheme, randomize};
    use proofmark_model::params::Params;
    use proofmark_model::vit::VitConfig;

    /// Micro-batches mine the triplets of the whole batch and give its gradient.
    #[test]
    fn micro_batches_give_the_gradient_of_the_whole_batch() {
        let config = VitConfig {
            patch: 4,
            width: 16,
            depth: 2,
            heads: 2,
            image: 8,
            hidden: 24,
            layer_scale: None,
            registers: 0,
            pool: Pool::PatchMean,
            drop_path: 0.3,
            classes: 3,
        };
        let params = Params::zeros(config.parameters(), &Device::Cpu).unwrap();
        randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
        let mut rng = Rng::new(2, Stream::Demo, 0, 0);
        // A head near zero would leave gradients that are rounding alone.
        let head: Vec<f32> = (0..3 * 16).map(|_| rng.normal() as f32).collect();
        let head = Tensor::from_vec(head, (3, 16), &Device::Cpu).unwrap();
        params.var("head.weight").unwrap().set(&head).unwrap();
        let images: Vec<f32> = (0..11 * 3 * 64).map(|_| rng.normal() as f32).collect();
        let classes: Vec<u32> = (0..11).map(|i| i % 3).collect();
        let targets = Targets { classes: &classes, own: 1.0 };
        let batch = Batch { images: &images, targets };
        let triplet =
            |mining| LossTerm::from(Triplet { mining, margin: 0.3, weight: 0.5, normalize: false });
        let cross = LossTerm::from(CrossEntropy { weight: 1.0, smoothing: 0.1 });
        let angles = LossTerm::from(ArcFace { margin: 28.6, scale: 16.0, weight: 0.2 });
        let (all, hard) = (triplet(Mining::BatchAll), triplet(Mining::HardPositiveHardNegative));
        let terms = vec![cross, all, hard, angles];
        let loss = Loss { terms };
        let network = Network::new(config, &params, Precision::F32);
        let run = |micro: usize| {
            let mut grads = Gradients::new(&params);
            let drop = DropPath { seed: 1, epoch: 0, step: 7, offset: 0 };
            let report = gradients(&network, &loss, batch, micro, drop, &mut grads).unwrap();
            let values = |i| match grads.get(i).unwrap() {
                Gradient::Host(values) => values.to_vec(),
                Gradient::Device(tensor) => tensor.flatten_all().unwrap().to_vec1().unwrap(),
            };
            let values: Vec<Vec<f32>> = (0..params.specs().len()).map(values).collect();
            (report, values)
        };
        let (whole, reference) = run(11);
        assert_eq!(
            (whole.triplets.len(), whole.triplets[0].considered),
            (2, 2 * 4 * 3 * 7 + 3 * 2 * 8)
        );
        for micro in [1, 4, 10] {
            let (report, values) = run(micro);
            assert!((report.total - whole.total).abs() < 1e-5, "{report:?}");
            for (got, expected) in report.triplets.iter().zip(&whole.triplets) {
                assert_eq!((got.considered, got.active), (expected.considered, expected.active));
            }
            for ((spec, a), b) in params.specs().iter().zip(&values).zip(&reference) {
                let top = b.iter().fold(1e-6f32, |top, v| top.max(v.abs()));
                let off = a.iter().zip(b).fold(0f32, |off, (a, b)| off.max((a - b).abs()));
                assert!(off / top < 1e-5, "{} at {micro}: {}", spec.name, off / top);
            }
        }
    }
}

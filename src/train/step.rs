//! The gradient of one step, in parts of the batch if the whole does not fit into memory, or several
//! processes share it.
//!
//! Triplets are mined over the whole batch whatever the size of the micro-batches: the
//! embeddings are computed first, without activations; the objective over all of them
//! gives the gradient of each; a second pass over the micro-batches, now with
//! activations, carries these into the parameters. (The gradient cache of Gao et al.
//! 2021; exact up to rounding, at the price of a second forward pass.)
//!
//! A micro-batch is a leaf of a fixed tree, in which gradients are added ([`Node`]), and every pass
//! goes leaf by leaf, because the bits of a product depend on how many rows it has. So they do not
//! depend on which process computes which leaf.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};

use proofmark_base::work::Failure;
use proofmark_group::alone::Alone;
use proofmark_group::group::{Group, gather_values};
use proofmark_group::reduce::reduce;
use proofmark_group::tree::{Leaves, Node, share};
use proofmark_lang::model::Loss;
use proofmark_model::architecture::Architecture;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::{Gradient, Gradients};
use proofmark_model::images::Images;
use proofmark_model::losses::{Targets, mixed_cross_entropy, objective, scalar};
use proofmark_model::network::Network;
use proofmark_model::triplet::TripletStats;

/// Values of gradients that processes tell each other at a time.
const BUNDLE: usize = 4 << 20;

/// The faces of a step.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The images of the leaves of this process.
    pub images: Images<'a>,
    /// What they are, of the whole batch.
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

/// [`Team::gradients`] of one process.
pub fn gradients(
    network: &Network<'_>,
    loss: &Loss,
    batch: Batch<'_>,
    micro: usize,
    drop: DropPath,
    grads: &mut Gradients<'_>,
) -> Result<StepReport> {
    let rows = batch.targets.classes.len();
    let mut team = Team::new(&Alone, network.architecture(), rows, Some(micro));
    team.gradients(network, loss, batch, drop, grads).map_err(candle_core::Error::wrap)
}

/// The leaves of a batch of this size. Batch norm needs the whole in one.
pub fn leaves(architecture: &Architecture, batch: usize, micro: Option<usize>) -> Leaves {
    let divides = architecture.supports_micro_batches();
    Leaves::new(batch, micro.filter(|_| divides).unwrap_or(batch))
}

/// The processes that compute the gradient of a batch, this one's leaves of it, and room for sums.
pub struct Team<'a, 'p> {
    group: &'a dyn Group,
    leaves: Leaves,
    spare: Vec<Gradients<'p>>,
}

impl<'a, 'p> Team<'a, 'p> {
    /// For batches of this size. There are to be no more processes than leaves.
    pub fn new(
        group: &'a dyn Group,
        architecture: &Architecture,
        batch: usize,
        micro: Option<usize>,
    ) -> Self {
        Self { group, leaves: leaves(architecture, batch, micro), spare: Vec::new() }
    }

    /// The leaves of this process.
    fn own(&self) -> Range<usize> {
        share(self.leaves.count(), self.group.rank(), self.group.size())
    }

    /// The rows of the batch that this process computes.
    pub fn rows(&self) -> Range<usize> {
        self.leaves.rows(self.own())
    }

    /// Adds the gradient of the objective to `grads`, with the activations of one leaf in memory at
    /// a time. An objective that is not finite has no gradient.
    ///
    /// # Errors
    /// Arithmetic, and processes that have ended.
    pub fn gradients(
        &mut self,
        network: &Network<'p>,
        loss: &Loss,
        batch: Batch<'_>,
        drop: DropPath,
        grads: &mut Gradients<'_>,
    ) -> std::result::Result<StepReport, Failure> {
        let (own, rows) = (self.own(), self.rows());
        let in_one = self.leaves.count() <= 1;
        let passes = Passes { network, leaves: self.leaves, images: batch.images, rows, drop };
        let embedding = if in_one {
            network.embed_keeping(passes.images.clone(), Some(drop))?
        } else {
            let values = gather_values(self.group, passes.embed(own.clone())?)?;
            let rows = batch.targets.classes.len();
            let shape = (rows, values.len() / rows.max(1));
            Tensor::from_vec(values, shape, &Device::Cpu)?
        };
        let (gradient, report) =
            network.head_backward(&embedding, grads, |embedding, logits| {
                let objective =
                    objective(loss, logits, embedding, network.classifier(), batch.targets)?;
                let report = StepReport {
                    total: scalar(&objective.total)?,
                    parts: objective.parts,
                    cross_entropy: match objective.cross_entropy {
                        Some(plain) => plain,
                        None => {
                            scalar(&mixed_cross_entropy(&logits.detach(), batch.targets, 0.0)?)?
                        }
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
            return Ok(report);
        }
        // The first node's sum is made where the whole's will be.
        let mut nodes = Node::root(self.leaves.count()).within(&own).into_iter();
        if let Some(node) = nodes.next() {
            passes.sum(node, &gradient, grads, &mut self.spare)?;
        }
        let mut others = Vec::new();
        for node in nodes {
            let mut sum = room(&mut self.spare, network);
            passes.sum(node, &gradient, &mut sum, &mut self.spare)?;
            others.push(sum);
        }
        if self.group.size() > 1 {
            self.reduce(network, grads, &others)?;
        }
        self.spare.extend(others);
        Ok(report)
    }

    /// The sum over all processes, of the trunk's gradients: the head's were made of the whole batch
    /// by each of them. `grads` holds this one's first node, `others` the rest.
    fn reduce(
        &self,
        network: &Network<'p>,
        grads: &mut Gradients<'_>,
        others: &[Gradients<'_>],
    ) -> std::result::Result<(), Failure> {
        let (specs, head) = (network.params().specs(), network.architecture().head());
        let of_trunk = |i: &usize| !head.contains(&specs[*i].name.as_str()) && grads.is_written(*i);
        let mut bundles: Vec<Vec<usize>> = Vec::new();
        let mut room = 0;
        for index in (0..specs.len()).filter(of_trunk) {
            let count = specs[index].count();
            match bundles.last_mut().filter(|_| count <= room) {
                Some(bundle) => bundle.push(index),
                None => {
                    bundles.push(vec![index]);
                    room = BUNDLE;
                }
            }
            room = room.saturating_sub(count);
        }
        for bundle in bundles {
            let mut own = vec![flat(grads, &bundle)?];
            for other in others {
                own.push(flat(other, &bundle)?);
            }
            let sum = reduce(self.group, self.leaves.count(), &own)?;
            let mut sum = sum.as_slice();
            for index in bundle {
                let (values, rest) = sum.split_at(specs[index].count());
                grads.set(index, values)?;
                sum = rest;
            }
        }
        Ok(())
    }
}

/// Gradients of which none is written.
fn room<'p>(spare: &mut Vec<Gradients<'p>>, network: &Network<'p>) -> Gradients<'p> {
    let mut room = spare.pop().unwrap_or_else(|| Gradients::new(network.params()));
    room.clear();
    room
}

/// The gradients of some parameters, one's values after the other's.
fn flat(grads: &Gradients<'_>, parameters: &[usize]) -> Result<Vec<f32>> {
    let mut values = Vec::new();
    for index in parameters {
        match grads.get(*index)? {
            Gradient::Host(host) => values.extend_from_slice(host),
            Gradient::OnGpu(_) => {
                values.extend(grads.tensor(*index)?.flatten_all()?.to_vec1::<f32>()?);
            }
        }
    }
    Ok(values)
}

/// Passes over leaves.
struct Passes<'b, 'p> {
    network: &'b Network<'p>,
    leaves: Leaves,
    images: Images<'b>,
    /// Rows of the batch that the images are.
    rows: Range<usize>,
    drop: DropPath,
}

impl<'b, 'p> Passes<'b, 'p> {
    /// The images of a leaf.
    fn leaf(&self, rows: &Range<usize>) -> Images<'b> {
        let first = self.rows.start;
        self.images.part(rows.start - first..rows.end - first, self.rows.len())
    }

    /// Embeddings of these leaves, row-major.
    fn embed(&self, leaves: Range<usize>) -> Result<Vec<f32>> {
        let mut values = Vec::new();
        for leaf in leaves {
            let rows = self.leaves.rows(leaf..leaf + 1);
            let drop = self.drop.at(rows.start);
            let embedding = self.network.embed(self.leaf(&rows), Some(drop))?;
            values.extend(embedding.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(values)
    }

    /// Adds the gradients below a node of the tree to `sum`, in which none of the trunk's is written.
    fn sum(
        &self,
        node: Node,
        gradient: &Tensor,
        sum: &mut Gradients<'_>,
        spare: &mut Vec<Gradients<'p>>,
    ) -> Result<()> {
        let Some((left, right)) = node.halves() else {
            let rows = self.leaves.rows(node.first..node.first + 1);
            self.network.embed_keeping(self.leaf(&rows), Some(self.drop.at(rows.start)))?;
            let gradient = gradient.narrow(0, rows.start, rows.len())?;
            return self.network.backward(&gradient, sum);
        };
        self.sum(left, gradient, sum, spare)?;
        let mut other = room(spare, self.network);
        self.sum(right, gradient, &mut other, spare)?;
        sum.join(&other)?;
        spare.push(other);
        Ok(())
    }
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
        let params = Params::zeros(config.parameters()).unwrap();
        randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
        let mut rng = Rng::new(2, Stream::Demo, 0, 0);
        // A head near zero would leave gradients that are rounding alone.
        let head: Vec<f32> = (0..3 * 16).map(|_| rng.normal() as f32).collect();
        let head = Tensor::from_vec(head, (3, 16), &Device::Cpu).unwrap();
        params.set(params.index("head.weight"), &head).unwrap();
        let images: Vec<f32> = (0..11 * 3 * 64).map(|_| rng.normal() as f32).collect();
        let classes: Vec<u32> = (0..11).map(|i| i % 3).collect();
        let targets = Targets { classes: &classes, own: 1.0 };
        let batch = Batch { images: (&images).into(), targets };
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
            let report =
                gradients(&network, &loss, batch.clone(), micro, drop, &mut grads).unwrap();
            let values = |i| match grads.get(i).unwrap() {
                Gradient::Host(values) => values.to_vec(),
                Gradient::OnGpu(_) => panic!("all lies on the CPU"),
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

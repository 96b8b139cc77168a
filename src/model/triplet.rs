//! Triplet losses with online mining (paper section 3.3.1), exact, in
//! O(B² log B) time and O(B²) memory.
//!
//! A batch has few embeddings, so distances, mining and the gradient are computed on
//! the CPU in f64 and handed to the graph as a loss of known gradient: the same on
//! every device.

use candle_core::{D, Result, Tensor};
use rayon::prelude::*;

use crate::lang::model::Mining;

/// Distances below this are duplicates: they count as 0 and give no gradient, where
/// the derivative of the root would be infinite.
const DUPLICATE: f64 = 1e-6;

/// What a triplet loss saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TripletStats {
    /// The loss, without its weight.
    pub loss: f64,
    /// Triplets considered: all valid ones for batch-all, one per usable anchor else.
    pub considered: u64,
    /// Those with a loss above zero.
    pub active: u64,
    /// Mean distance from anchor to positive over what was considered.
    pub positive_distance: f64,
    /// Mean distance from anchor to negative.
    pub negative_distance: f64,
}

/// Loss of embeddings (B, D) for classes (B), differentiable.
///
/// Batch-all averages over active triplets and is 0 if there are none. The other two
/// sum over anchors that have a positive and a negative and divide by all B anchors.
/// A triplet exactly on the margin is inactive.
pub fn triplet(
    embedding: &Tensor,
    classes: &[u32],
    mining: Mining,
    margin: f64,
    normalize: bool,
) -> Result<(Tensor, TripletStats)> {
    let embedding = if normalize {
        let norm = embedding.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?.clamp(1e-12, f64::MAX)?;
        embedding.broadcast_div(&norm)?
    } else {
        embedding.clone()
    };
    let (batch, width) = embedding.dims2()?;
    let host: Vec<f32> = embedding.detach().flatten_all()?.to_vec1()?;
    let (stats, gradient) = loss_and_gradient(&host, width, classes, mining, margin);
    let gradient = Tensor::from_vec(gradient, (batch, width), embedding.device())?;
    // The inner product has the gradient; the constant makes the value right.
    let inner = (&embedding * gradient)?.sum_all()?;
    let value = (&inner + (stats.loss - f64::from(inner.to_scalar::<f32>()?)))?;
    Ok((value, stats))
}

/// The loss and its gradient with respect to embeddings (B × D, row-major).
pub fn loss_and_gradient(
    embedding: &[f32],
    width: usize,
    classes: &[u32],
    mining: Mining,
    margin: f64,
) -> (TripletStats, Vec<f32>) {
    let distance = distances(embedding, width);
    let batch = classes.len();
    let anchors: Vec<Anchor> = (0..batch)
        .into_par_iter()
        .map(|a| {
            let row = &distance[a * batch..(a + 1) * batch];
            match mining {
                Mining::BatchAll => batch_all(a, row, classes, margin),
                Mining::HardPositiveHardNegative => one_triplet(a, row, classes, margin, true),
                Mining::EasyPositiveHardNegative => one_triplet(a, row, classes, margin, false),
            }
        })
        .collect();
    let mut stats = TripletStats::default();
    for anchor in &anchors {
        stats.loss += anchor.stats.loss;
        stats.considered += anchor.stats.considered;
        stats.active += anchor.stats.active;
        stats.positive_distance += anchor.stats.positive_distance;
        stats.negative_distance += anchor.stats.negative_distance;
    }
    let divisor = match mining {
        Mining::BatchAll => stats.active.max(1),
        _ => batch.max(1) as u64,
    } as f64;
    stats.loss /= divisor;
    let considered = stats.considered.max(1) as f64;
    stats.positive_distance /= considered;
    stats.negative_distance /= considered;
    (stats, gradient(embedding, width, &distance, &anchors, divisor))
}

/// One anchor's sums, and how often the loss contains each of its distances.
struct Anchor {
    stats: TripletStats,
    /// Derivative of the summed loss by the distance to each sample; empty if zero.
    weights: Vec<f64>,
}

/// Euclidean distances (B × B). Explicit differences: the Gram form would lose the
/// small distances that easy positives live on.
fn distances(embedding: &[f32], width: usize) -> Vec<f64> {
    let batch = embedding.len() / width;
    let row = |i: usize| &embedding[i * width..(i + 1) * width];
    let mut distance = vec![0f64; batch * batch];
    distance.par_chunks_mut(batch).enumerate().for_each(|(i, out)| {
        for (j, out) in out.iter_mut().enumerate() {
            let sum: f64 = row(i)
                .iter()
                .zip(row(j))
                .map(|(a, b)| {
                    let d = f64::from(*a) - f64::from(*b);
                    d * d
                })
                .sum();
            *out = if sum < DUPLICATE * DUPLICATE { 0.0 } else { sum.sqrt() };
        }
    });
    distance
}

/// All triplets of an anchor. With both sides sorted, the active negatives of a
/// positive are a prefix that only grows from one positive to the next.
fn batch_all(anchor: usize, row: &[f64], classes: &[u32], margin: f64) -> Anchor {
    let side = |same: bool| {
        let mut side: Vec<usize> = (0..row.len())
            .filter(|&j| j != anchor && (classes[j] == classes[anchor]) == same)
            .collect();
        side.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        side
    };
    let (positives, negatives) = (side(true), side(false));
    let mut stats = TripletStats {
        considered: (positives.len() * negatives.len()) as u64,
        positive_distance: positives.iter().map(|&p| row[p]).sum::<f64>() * negatives.len() as f64,
        negative_distance: negatives.iter().map(|&n| row[n]).sum::<f64>() * positives.len() as f64,
        ..TripletStats::default()
    };
    let mut weights = vec![0f64; row.len()];
    let (mut reach, mut reached_sum) = (0, 0.0);
    for (rank, &p) in positives.iter().enumerate() {
        let limit = row[p] + margin;
        while reach < negatives.len() && row[negatives[reach]] < limit {
            reached_sum += row[negatives[reach]];
            // This positive and all later, farther ones reach this negative.
            weights[negatives[reach]] = -((positives.len() - rank) as f64);
            reach += 1;
        }
        stats.loss += reach as f64 * limit - reached_sum;
        stats.active += reach as u64;
        weights[p] = reach as f64;
    }
    if stats.active == 0 {
        weights.clear();
    }
    Anchor { stats, weights }
}

/// One triplet per anchor: the farthest (`hard`) or nearest positive, and the nearest
/// negative.
fn one_triplet(anchor: usize, row: &[f64], classes: &[u32], margin: f64, hard: bool) -> Anchor {
    let same = |&j: &usize| j != anchor && classes[j] == classes[anchor];
    let by_distance = |a: &usize, b: &usize| row[*a].total_cmp(&row[*b]);
    let positives = (0..row.len()).filter(same);
    let positive = match hard {
        true => positives.max_by(by_distance),
        false => positives.min_by(by_distance),
    };
    let negative = (0..row.len()).filter(|&j| classes[j] != classes[anchor]).min_by(by_distance);
    let (Some(p), Some(n)) = (positive, negative) else {
        return Anchor { stats: TripletStats::default(), weights: Vec::new() };
    };
    let loss = (row[p] - row[n] + margin).max(0.0);
    let active = loss > 0.0;
    let mut weights = Vec::new();
    if active {
        weights = vec![0f64; row.len()];
        weights[p] = 1.0;
        weights[n] = -1.0;
    }
    let stats = TripletStats {
        loss,
        considered: 1,
        active: u64::from(active),
        positive_distance: row[p],
        negative_distance: row[n],
    };
    Anchor { stats, weights }
}

/// d loss / d embedding, from how often the loss contains each distance.
fn gradient(
    embedding: &[f32],
    width: usize,
    distance: &[f64],
    anchors: &[Anchor],
    divisor: f64,
) -> Vec<f32> {
    let batch = anchors.len();
    let weight = |a: usize, j: usize| anchors[a].weights.get(j).copied().unwrap_or(0.0);
    let mut gradient = vec![0f32; embedding.len()];
    gradient.par_chunks_mut(width).enumerate().for_each(|(i, out)| {
        let mut sum = vec![0f64; width];
        for j in 0..batch {
            let d = distance[i * batch + j];
            // A distance belongs to both its ends; each may be the anchor.
            let w = weight(i, j) + weight(j, i);
            if w == 0.0 || d == 0.0 {
                continue;
            }
            let scale = w / (d * divisor);
            let (a, b) = (&embedding[i * width..], &embedding[j * width..]);
            for k in 0..width {
                sum[k] += scale * (f64::from(a[k]) - f64::from(b[k]));
            }
        }
        out.iter_mut().zip(&sum).for_each(|(o, s)| *o = *s as f32);
    });
    gradient
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use proptest::prelude::*;

    use super::*;

    /// The paper's equations word for word over all triples, in f64.
    fn brute_force(x: &[Vec<f64>], y: &[u32], mining: Mining, m: f64) -> (f64, u64) {
        let d = |i: usize, j: usize| {
            let s: f64 = x[i].iter().zip(&x[j]).map(|(a, b)| (a - b) * (a - b)).sum();
            if s < DUPLICATE * DUPLICATE { 0.0 } else { s.sqrt() }
        };
        let n = x.len();
        if mining == Mining::BatchAll {
            let (mut sum, mut active) = (0.0, 0);
            for i in 0..n {
                for j in 0..n {
                    for k in 0..n {
                        if i != j && y[i] == y[j] && y[i] != y[k] && d(i, j) + m > d(i, k) {
                            sum += d(i, j) - d(i, k) + m;
                            active += 1;
                        }
                    }
                }
            }
            return (if active == 0 { 0.0 } else { sum / active as f64 }, active);
        }
        let (mut sum, mut active) = (0.0, 0);
        for i in 0..n {
            let p = (0..n).filter(|&j| j != i && y[i] == y[j]).map(|j| d(i, j));
            let p = match mining {
                Mining::HardPositiveHardNegative => p.reduce(f64::max),
                _ => p.reduce(f64::min),
            };
            let q = (0..n).filter(|&j| y[i] != y[j]).map(|j| d(i, j)).reduce(f64::min);
            if let (Some(p), Some(q)) = (p, q) {
                let loss = (p - q + m).max(0.0);
                sum += loss;
                active += u64::from(loss > 0.0);
            }
        }
        (sum / n as f64, active)
    }

    const MININGS: [Mining; 3] =
        [Mining::BatchAll, Mining::HardPositiveHardNegative, Mining::EasyPositiveHardNegative];

    #[test]
    fn worked_example_of_the_recipe() {
        // Recipe 5.6: 1-D embeddings 0, 1, 3, 4 in classes 0, 0, 1, 1.
        let (x, y) = ([0.0, 1.0, 3.0, 4.0], [0, 0, 1, 1]);
        let run = |mining, m| loss_and_gradient(&x, 1, &y, mining, m).0;
        assert_eq!((run(Mining::BatchAll, 1.0).loss, run(Mining::BatchAll, 1.0).active), (0.0, 0));
        let two = run(Mining::BatchAll, 2.0);
        assert_eq!((two.loss, two.active, two.considered), (1.0, 2, 8));
        assert_eq!(run(Mining::HardPositiveHardNegative, 2.0).loss, 0.5);
    }

    #[test]
    fn duplicates_and_lonely_anchors_have_finite_gradients() {
        for mining in MININGS {
            let x = [1.0, 2.0, 1.0, 2.0, 1.1, 2.1];
            let (stats, gradient) = loss_and_gradient(&x, 2, &[0, 0, 1], mining, 0.3);
            assert!(stats.loss.is_finite() && gradient.iter().all(|g| g.is_finite()));
            assert!(gradient.iter().any(|g| *g != 0.0), "{mining:?} {gradient:?}");
            let (one_class, zero) = loss_and_gradient(&x, 2, &[1, 1, 1], mining, 0.3);
            assert_eq!((one_class.loss, one_class.active), (0.0, 0));
            assert!(zero.iter().all(|g| *g == 0.0));
        }
    }

    #[test]
    fn the_graph_sees_the_value_and_the_gradient() {
        let x = Var::new(&[[0f32, 1.0], [1.0, 0.5], [0.2, 0.9], [2.0, 1.0]], &Device::Cpu).unwrap();
        let y = [0, 0, 1, 1];
        for mining in MININGS {
            for normalize in [false, true] {
                let (value, stats) = triplet(&x, &y, mining, 0.5, normalize).unwrap();
                let got = f64::from(value.to_scalar::<f32>().unwrap());
                assert!((got - stats.loss).abs() < 1e-6);
                let grads = value.backward().unwrap();
                let gradient = grads.get(&x).unwrap().to_vec2::<f32>().unwrap();
                let base = x.to_vec2::<f32>().unwrap();
                for i in 0..4 {
                    for k in 0..2 {
                        let at = |delta: f32| {
                            let mut moved = base.clone();
                            moved[i][k] += delta;
                            let moved = Tensor::new(moved, &Device::Cpu).unwrap();
                            triplet(&moved, &y, mining, 0.5, normalize).unwrap().1.loss
                        };
                        let numeric = (at(1e-3) - at(-1e-3)) / 2e-3;
                        assert!(
                            (numeric - f64::from(gradient[i][k])).abs() < 2e-3,
                            "{mining:?} normalize={normalize} ({i},{k}): {numeric} {}",
                            gradient[i][k]
                        );
                    }
                }
            }
        }
    }

    proptest! {
        /// Values and active counts are those of the definition, on batches with ties,
        /// duplicates, lonely classes and one class.
        #[test]
        fn agrees_with_brute_force(
            rows in prop::collection::vec((prop::collection::vec(-3i32..4, 3), 0u32..3), 1..14),
            margin in prop::sample::select(vec![0.25, 1.0, 2.0]),
        ) {
            let x: Vec<Vec<f64>> =
                rows.iter().map(|(v, _)| v.iter().map(|a| f64::from(*a)).collect()).collect();
            let y: Vec<u32> = rows.iter().map(|r| r.1).collect();
            let flat: Vec<f32> = x.iter().flatten().map(|v| *v as f32).collect();
            for mining in MININGS {
                let (stats, gradient) = loss_and_gradient(&flat, 3, &y, mining, margin);
                let (loss, active) = brute_force(&x, &y, mining, margin);
                prop_assert!((stats.loss - loss).abs() < 1e-9, "{:?}: {} {}", mining, stats.loss, loss);
                prop_assert_eq!(stats.active, active);
                // Moving all points together changes no distance.
                for k in 0..3 {
                    let sum: f64 = gradient.iter().skip(k).step_by(3).map(|g| f64::from(*g)).sum();
                    prop_assert!(sum.abs() < 1e-4);
                }
            }
        }
    }
}

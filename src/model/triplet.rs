//! Triplet losses with online mining (paper section 3.3.1), exact, in
//! O(B² log B) time and O(B²) memory.
//!
//! A batch has few embeddings, so distances, mining and the gradient are computed on
//! the CPU in f64 and handed to the graph as a loss of known gradient: the same on
//! every device.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::distance::Distances;
use super::exact::known;
use proofmark_lang::model::Mining;

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
///
/// pytorch-metric-learning agrees with batch-all (`TripletMarginLoss` and its default
/// average, on embeddings that it does not normalise). Its batch-hard and batch-easy
/// miners choose the same triplets, but the default average is over non-zero losses, and
/// `MeanReducer`'s over usable anchors, where the paper divides by all B.
pub fn triplet(
    embedding: &Tensor,
    classes: &[u32],
    mining: Mining,
    margin: f64,
    normalize: bool,
) -> Result<(Tensor, TripletStats)> {
    let (batch, width) = embedding.dims2()?;
    let mut points: Vec<f32> = embedding.detach().flatten_all()?.to_vec1()?;
    if !normalize {
        let (stats, gradient) = loss_and_gradient(&points, width, classes, mining, margin);
        return Ok((known(embedding, stats.loss, gradient)?, stats));
    }
    let mut norms = Vec::with_capacity(batch);
    for point in points.chunks_exact_mut(width) {
        let squares: f64 = point.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        let norm = squares.sqrt().max(LEAST);
        point.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
        norms.push(norm);
    }
    let (stats, mut gradient) = loss_and_gradient(&points, width, classes, mining, margin);
    // What points away from the origin changes no direction.
    let rows = gradient.chunks_exact_mut(width).zip(points.chunks_exact(width)).zip(norms);
    for ((gradient, point), norm) in rows {
        let terms = gradient.iter().zip(point).map(|(g, x)| f64::from(*g) * f64::from(*x));
        let along = if norm > LEAST { terms.sum() } else { 0.0 };
        for (g, x) in gradient.iter_mut().zip(point) {
            *g = ((f64::from(*g) - along * f64::from(*x)) / norm) as f32;
        }
    }
    Ok((known(embedding, stats.loss, gradient)?, stats))
}

/// Norms below this count as this.
const LEAST: f64 = 1e-12;

/// The loss and its gradient with respect to embeddings (B × D, row-major).
pub fn loss_and_gradient(
    embedding: &[f32],
    width: usize,
    classes: &[u32],
    mining: Mining,
    margin: f64,
) -> (TripletStats, Vec<f32>) {
    let batch = classes.len();
    if batch == 0 {
        return (TripletStats::default(), Vec::new());
    }
    let distances = Distances::between(embedding, width);
    // Derivative of the summed loss by each distance, B × B.
    let mut weights = vec![0f64; batch * batch];
    let anchors: Vec<TripletStats> = weights
        .par_chunks_mut(batch)
        .enumerate()
        .map_init(Sides::default, |sides, (a, weights)| {
            let distance = distances.from(a);
            match mining {
                Mining::BatchAll => batch_all(a, distance, classes, margin, sides, weights),
                Mining::HardPositiveHardNegative => {
                    one_triplet(a, distance, classes, margin, true, weights)
                }
                Mining::EasyPositiveHardNegative => {
                    one_triplet(a, distance, classes, margin, false, weights)
                }
            }
        })
        .collect();
    let mut stats = TripletStats::default();
    for anchor in &anchors {
        stats.loss += anchor.loss;
        stats.considered += anchor.considered;
        stats.active += anchor.active;
        stats.positive_distance += anchor.positive_distance;
        stats.negative_distance += anchor.negative_distance;
    }
    let divisor = match mining {
        Mining::BatchAll => stats.active.max(1),
        _ => batch as u64,
    } as f64;
    stats.loss /= divisor;
    let considered = stats.considered.max(1) as f64;
    stats.positive_distance /= considered;
    stats.negative_distance /= considered;
    if stats.active == 0 {
        return (stats, vec![0.0; embedding.len()]);
    }
    (stats, distances.gradient(&weights, 1.0 / divisor))
}

/// An anchor's positives and negatives, nearest first: distance and place in the batch.
#[derive(Default)]
struct Sides {
    positives: Vec<(f64, usize)>,
    negatives: Vec<(f64, usize)>,
}

impl Sides {
    fn fill(&mut self, anchor: usize, distance: &[f64], classes: &[u32]) {
        self.positives.clear();
        self.negatives.clear();
        for (j, &d) in distance.iter().enumerate() {
            match classes[j] == classes[anchor] {
                true if j == anchor => {}
                true => self.positives.push((d, j)),
                false => self.negatives.push((d, j)),
            }
        }
        for side in [&mut self.positives, &mut self.negatives] {
            side.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
    }
}

/// All triplets of an anchor: their sums, and the derivatives of the summed loss by the
/// anchor's distances in `weights`. With both sides sorted, the active negatives of a
/// positive are a prefix that only grows from one positive to the next.
fn batch_all(
    anchor: usize,
    distance: &[f64],
    classes: &[u32],
    margin: f64,
    sides: &mut Sides,
    weights: &mut [f64],
) -> TripletStats {
    sides.fill(anchor, distance, classes);
    let Sides { positives, negatives } = sides;
    let total = |side: &[(f64, usize)]| side.iter().map(|(d, _)| d).sum::<f64>();
    let mut stats = TripletStats {
        considered: (positives.len() * negatives.len()) as u64,
        positive_distance: total(positives) * negatives.len() as f64,
        negative_distance: total(negatives) * positives.len() as f64,
        ..TripletStats::default()
    };
    let (mut reach, mut reached_sum) = (0, 0.0);
    for (rank, &(d, p)) in positives.iter().enumerate() {
        let limit = d + margin;
        while reach < negatives.len() && negatives[reach].0 < limit {
            let (d, n) = negatives[reach];
            reached_sum += d;
            // This positive and all later, farther ones reach this negative.
            weights[n] = -((positives.len() - rank) as f64);
            reach += 1;
        }
        stats.loss += reach as f64 * limit - reached_sum;
        stats.active += reach as u64;
        weights[p] = reach as f64;
    }
    stats
}

/// One triplet per anchor: the farthest (`hard`) or nearest positive, and the nearest
/// negative.
fn one_triplet(
    anchor: usize,
    distance: &[f64],
    classes: &[u32],
    margin: f64,
    hard: bool,
    weights: &mut [f64],
) -> TripletStats {
    let by_distance = |a: &usize, b: &usize| distance[*a].total_cmp(&distance[*b]);
    let all = 0..distance.len();
    let positives = all.clone().filter(|&j| j != anchor && classes[j] == classes[anchor]);
    let positive = match hard {
        true => positives.max_by(by_distance),
        false => positives.min_by(by_distance),
    };
    let negative = all.filter(|&j| classes[j] != classes[anchor]).min_by(by_distance);
    let (Some(p), Some(n)) = (positive, negative) else {
        return TripletStats::default();
    };
    let loss = (distance[p] - distance[n] + margin).max(0.0);
    if loss > 0.0 {
        weights[p] = 1.0;
        weights[n] = -1.0;
    }
    TripletStats {
        loss,
        considered: 1,
        active: u64::from(loss > 0.0),
        positive_distance: distance[p],
        negative_distance: distance[n],
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use proptest::prelude::*;

    use super::*;
    use crate::distance::DUPLICATE;

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

    /// Values and active counts are those of the definition.
    fn agrees(rows: &[(Vec<i32>, u32)], margin: f64) {
        let x: Vec<Vec<f64>> =
            rows.iter().map(|(v, _)| v.iter().map(|a| f64::from(*a)).collect()).collect();
        let y: Vec<u32> = rows.iter().map(|r| r.1).collect();
        let flat: Vec<f32> = x.iter().flatten().map(|v| *v as f32).collect();
        for mining in MININGS {
            let (stats, gradient) = loss_and_gradient(&flat, 3, &y, mining, margin);
            let (loss, active) = brute_force(&x, &y, mining, margin);
            assert!((stats.loss - loss).abs() < 1e-9, "{mining:?}: {} {loss}", stats.loss);
            assert_eq!(stats.active, active);
            // Moving all points together changes no distance.
            for k in 0..3 {
                let sum: f64 = gradient.iter().skip(k).step_by(3).map(|g| f64::from(*g)).sum();
                assert!(sum.abs() < 1e-4);
            }
        }
    }

    /// What a property test once found.
    #[test]
    fn points_that_are_equal_or_in_a_line_agree_with_brute_force() {
        let line = [(vec![0, -3, -1], 1), (vec![-1, -3, -1], 1), (vec![0, -3, -3], 0)];
        agrees(&line, 1.0);
        agrees(&[(vec![0; 3], 1), (vec![0; 3], 0), (vec![0; 3], 0)], 0.25);
    }

    proptest! {
        /// On batches with ties,
        /// duplicates, lonely classes and one class.
        #[test]
        fn agrees_with_brute_force(
            rows in prop::collection::vec((prop::collection::vec(-3i32..4, 3), 0u32..3), 1..14),
            margin in prop::sample::select(vec![0.25, 1.0, 2.0]),
        ) {
            agrees(&rows, margin);
        }
    }
}

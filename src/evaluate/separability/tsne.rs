//! t-SNE (van der Maaten and Hinton 2008), exact, with the settings of scikit-learn: begun at the
//! principal components, early exaggeration, gains and momentum.

use proofmark_base::math::{exp, ln};
use rayon::prelude::*;

use super::space::Space;

/// Neighbours, so to say, that a point has; fewer where there are few points.
const PERPLEXITY: f64 = 30.0;
/// Factor of the attraction in the first iterations.
const EXAGGERATION: f64 = 12.0;
/// Iterations with it, and all of them.
const ITERATIONS: (usize, usize) = (250, 1000);
/// The smallest probability.
const LEAST: f64 = f64::EPSILON;
/// Fewest points of which a map is made.
pub(super) const FEWEST: usize = 10;

/// A map of points, of which there are at least [`FEWEST`], that begins at `start`.
pub(super) fn map(space: &Space, start: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let count = space.len();
    let near = affinities(space);
    let mean = start.iter().map(|point| point[0]).sum::<f64>() / count as f64;
    let variance = start.iter().map(|point| (point[0] - mean) * (point[0] - mean)).sum::<f64>();
    let deviation = (variance / count as f64).sqrt();
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    let mut map: Vec<[f64; 2]> = start.iter().map(|point| point.map(|x| x * scale)).collect();
    let rate = (count as f64 / EXAGGERATION / 4.0).max(50.0);
    descend(&mut map, &near, EXAGGERATION, rate, 0.5, ITERATIONS.0);
    descend(&mut map, &near, 1.0, rate, 0.8, ITERATIONS.1 - ITERATIONS.0);
    map
}

/// How likely two points are neighbours, N × N, adding up to 1.
fn affinities(space: &Space) -> Vec<f64> {
    let count = space.len();
    let perplexity = PERPLEXITY.min((count - 1) as f64 / 3.0);
    let rows = (0..count).into_par_iter().map(|i| neighbours(i, &space.squares(i), ln(perplexity)));
    let rows: Vec<Vec<f64>> = rows.collect();
    let mut near = vec![0.0; count * count];
    for i in 0..count {
        for j in 0..count {
            near[i * count + j] = rows[i][j] + rows[j][i];
        }
    }
    let total: f64 = near.iter().sum();
    near.iter_mut().for_each(|p| *p = (*p / total.max(LEAST)).max(LEAST));
    near
}

/// How likely each point is the neighbour of point `i`, by a normal distribution as wide as gives the
/// entropy.
fn neighbours(i: usize, squares: &[f64], entropy: f64) -> Vec<f64> {
    // What all have in common changes no probability, and keeps one of them at 1.
    let others = squares.iter().enumerate().filter(|(j, _)| *j != i);
    let nearest = others.fold(f64::INFINITY, |least, (_, square)| least.min(*square));
    let (mut beta, mut low, mut high) = (1.0, 0.0, f64::INFINITY);
    let mut likely = vec![0.0; squares.len()];
    for _ in 0..100 {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (j, (p, square)) in likely.iter_mut().zip(squares).enumerate() {
            *p = if j == i { 0.0 } else { exp(-(square - nearest) * beta) };
            sum += *p;
            weighted += *p * (square - nearest);
        }
        likely.iter_mut().for_each(|p| *p /= sum);
        let found = ln(sum) + beta * weighted / sum;
        if (found - entropy).abs() <= 1e-5 {
            break;
        }
        if found > entropy {
            low = beta;
            beta = if high.is_finite() { (beta + high) / 2.0 } else { beta * 2.0 };
        } else {
            high = beta;
            beta = (beta + low) / 2.0;
        }
    }
    likely
}

/// Gradient descent, each coordinate with a gain of its own.
fn descend(
    map: &mut [[f64; 2]],
    near: &[f64],
    exaggeration: f64,
    rate: f64,
    momentum: f64,
    iterations: usize,
) {
    let mut gains = vec![[1.0f64; 2]; map.len()];
    let mut steps = vec![[0.0; 2]; map.len()];
    for _ in 0..iterations {
        let gradient = gradient(map, near, exaggeration);
        for (i, gradient) in gradient.into_iter().enumerate() {
            for k in 0..2 {
                let (gain, step) = (&mut gains[i][k], &mut steps[i][k]);
                let onward = *step * gradient[k] < 0.0;
                *gain = (if onward { *gain + 0.2 } else { *gain * 0.8 }).max(0.01);
                *step = momentum * *step - rate * *gain * gradient[k];
                map[i][k] += *step;
            }
        }
    }
}

/// The gradient of the divergence of the map from the affinities.
fn gradient(map: &[[f64; 2]], near: &[f64], exaggeration: f64) -> Vec<[f64; 2]> {
    let close = |a: &[f64; 2], b: &[f64; 2]| {
        let (x, y) = (a[0] - b[0], a[1] - b[1]);
        1.0 / (1.0 + x * x + y * y)
    };
    // Each point is as close to itself as can be, which is no pair.
    let sums = map.par_iter().map(|a| map.iter().map(|b| close(a, b)).sum::<f64>() - 1.0);
    let total: f64 = sums.collect::<Vec<f64>>().into_iter().sum();
    let of = |(i, a): (usize, &[f64; 2])| {
        let mut sum = [0.0; 2];
        for (b, p) in map.iter().zip(&near[i * map.len()..]) {
            let closeness = close(a, b);
            let pull = (exaggeration * p - (closeness / total).max(LEAST)) * closeness;
            sum[0] += pull * (a[0] - b[0]);
            sum[1] += pull * (a[1] - b[1]);
        }
        sum.map(|sum| 4.0 * sum)
    };
    map.par_iter().enumerate().map(of).collect()
}

//! The two principal components of points, by subspace iteration.

use proofmark_base::rng::{Rng, Stream};

use super::space::Space;

/// Directions that are iterated together: the more, the faster the first two settle.
const TOGETHER: usize = 8;
/// Most iterations. What has not settled by then are directions of almost equal variance.
const MOST: usize = 1000;
/// Change of the two variances, as a share of them, that counts as none.
const SETTLED: f64 = 1e-14;

/// Points on their two principal components.
pub(super) struct Components {
    /// N pairs.
    pub points: Vec<[f64; 2]>,
    /// The share of the variance that each component has.
    pub explained: [f64; 2],
}

/// Projects points, of which there is at least one, on the two directions of most variance. The sign of
/// a direction is that which makes its largest coefficient positive.
pub(super) fn project(space: &Space) -> Components {
    let (count, width) = (space.len(), space.width());
    let mut mean = vec![0.0; width];
    for i in 0..count {
        mean.iter_mut().zip(space.point(i)).for_each(|(m, x)| *m += x / count as f64);
    }
    let centred = |i: usize| space.point(i).iter().zip(&mean).map(|(x, m)| x - m);
    let rows: Vec<Vec<f64>> = (0..count).map(|i| centred(i).collect()).collect();
    let total: f64 = rows.iter().flatten().map(|x| x * x).sum();
    let mut random = Rng::new(0, Stream::Sample, 0, 0);
    let directions = TOGETHER.min(width).max(1);
    let mut basis: Vec<Vec<f64>> =
        (0..directions).map(|_| (0..width).map(|_| random.normal()).collect()).collect();
    orthonormal(&mut basis);
    let mut before = [f64::INFINITY; 2];
    for _ in 0..MOST {
        let on = along(&rows, &basis);
        let variances = rotate(&mut basis, &on);
        let [first, second] = [0, 1].map(|i| variances.get(i).copied().unwrap_or(0.0));
        let change = (first - before[0]).abs() + (second - before[1]).abs();
        if change <= SETTLED * total {
            break;
        }
        before = [first, second];
        let on = along(&rows, &basis);
        for (k, direction) in basis.iter_mut().enumerate() {
            direction.fill(0.0);
            for (row, on) in rows.iter().zip(&on) {
                direction.iter_mut().zip(row).for_each(|(d, x)| *d += on[k] * x);
            }
        }
        orthonormal(&mut basis);
    }
    basis.truncate(2);
    for direction in &mut basis {
        let largest =
            direction.iter().fold(0.0, |most: f64, x| if x.abs() > most.abs() { *x } else { most });
        if largest < 0.0 {
            direction.iter_mut().for_each(|x| *x = -*x);
        }
    }
    let points: Vec<[f64; 2]> = along(&rows, &basis)
        .into_iter()
        .map(|on| [0, 1].map(|k| on.get(k).copied().unwrap_or(0.0)))
        .collect();
    let explained = [0, 1].map(|k| {
        let variance: f64 = points.iter().map(|point| point[k] * point[k]).sum();
        if total > 0.0 { variance / total } else { 0.0 }
    });
    Components { points, explained }
}

/// Rows along directions, N × K.
fn along(rows: &[Vec<f64>], basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| basis.iter().map(|direction| dot(row, direction)).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Gram-Schmidt. A direction that is a sum of those before becomes zero.
fn orthonormal(basis: &mut [Vec<f64>]) {
    for k in 0..basis.len() {
        let (before, after) = basis.split_at_mut(k);
        let direction = &mut after[0];
        let length = dot(direction, direction).sqrt();
        // Twice, since the first pass leaves what it rounds.
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(direction, other);
                direction.iter_mut().zip(other).for_each(|(d, o)| *d -= along * o);
            }
        }
        let left = dot(direction, direction).sqrt();
        let scale = if left > 1e-12 * length { 1.0 / left } else { 0.0 };
        direction.iter_mut().for_each(|d| *d *= scale);
    }
}

/// Turns a basis within what it spans until the points along it are uncorrelated, by Jacobi's method,
/// the largest variance first. Returns the variances, times the number of points.
fn rotate(basis: &mut [Vec<f64>], on: &[Vec<f64>]) -> Vec<f64> {
    let size = basis.len();
    let mut products = vec![vec![0.0; size]; size];
    for on in on {
        for (a, row) in products.iter_mut().enumerate() {
            row.iter_mut().zip(on).for_each(|(sum, b)| *sum += on[a] * b);
        }
    }
    for _ in 0..30 {
        for a in 0..size {
            for b in a + 1..size {
                if products[a][b] == 0.0 {
                    continue;
                }
                let theta = (products[b][b] - products[a][a]) / (2.0 * products[a][b]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if t.is_finite() { t } else { 0.0 };
                let cos = 1.0 / (t * t + 1.0).sqrt();
                let sin = t * cos;
                for row in &mut products {
                    let (x, y) = (row[a], row[b]);
                    (row[a], row[b]) = (cos * x - sin * y, sin * x + cos * y);
                }
                let (before, after) = products.split_at_mut(b);
                turn(&mut before[a], &mut after[0], cos, sin);
                let (before, after) = basis.split_at_mut(b);
                turn(&mut before[a], &mut after[0], cos, sin);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|a, b| products[*b][*b].total_cmp(&products[*a][*a]));
    let turned: Vec<Vec<f64>> = order.iter().map(|k| std::mem::take(&mut basis[*k])).collect();
    basis.iter_mut().zip(turned).for_each(|(place, direction)| *place = direction);
    order.iter().map(|k| products[*k][*k]).collect()
}

/// Two rows turned by an angle.
fn turn(first: &mut [f64], second: &mut [f64], cos: f64, sin: f64) {
    for (x, y) in first.iter_mut().zip(second) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

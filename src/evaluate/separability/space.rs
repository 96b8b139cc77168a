//! The space in which distances are taken: that of the triplet loss (paper section 3.3).

use super::points::Points;

/// Norms below this count as this.
const LEAST: f64 = 1e-12;
/// Sums that are added up beside each other; fixed, so that every machine rounds alike.
const LANES: usize = 8;

/// N points of D coordinates.
pub(super) struct Space {
    width: usize,
    points: Vec<f64>,
}

impl Space {
    /// Embeddings as they are, or scaled to unit length.
    pub fn of(points: &Points, normalize: bool) -> Self {
        let width = points.values.len() / points.len().max(1);
        let mut all: Vec<f64> = points.values.iter().map(|v| f64::from(*v)).collect();
        if normalize && width > 0 {
            for point in all.chunks_exact_mut(width) {
                let norm = point.iter().map(|v| v * v).sum::<f64>().sqrt().max(LEAST);
                point.iter_mut().for_each(|v| *v /= norm);
            }
        }
        Self { width, points: all }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.len() / self.width.max(1)
    }

    /// Number of coordinates.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A point.
    pub fn point(&self, i: usize) -> &[f64] {
        &self.points[i * self.width..(i + 1) * self.width]
    }

    /// Squared Euclidean distances from a point to all, itself included.
    pub fn squares(&self, i: usize) -> Vec<f64> {
        let from = self.point(i);
        (0..self.len()).map(|j| square(from, self.point(j))).collect()
    }

    /// Euclidean distances from a point to all, itself included.
    pub fn distances(&self, i: usize) -> Vec<f64> {
        self.squares(i).into_iter().map(f64::sqrt).collect()
    }
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = (a.chunks_exact(LANES), a.len() / LANES * LANES);
    for (a, b) in whole.zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let d = a[lane] - b[lane];
            sums[lane] += d * d;
        }
    }
    let rest = a[rest..].iter().zip(&b[rest..]).map(|(a, b)| (a - b) * (a - b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

//! Euclidean distances between the embeddings of a batch, and the gradient back through
//! them: two matrix products in f64, O(B² D) time and O(B²) memory.

use proofmark_base::wide::wide;
use rayon::prelude::*;

/// Rows of a product that one task computes. Fixed, so that no rounding depends on the
/// number of threads.
const ROWS: usize = 64;

/// Distances below this are duplicates: they count as 0 and give no gradient, because
/// the direction from one to the other would be made of rounding.
pub const DUPLICATE: f64 = 1e-6;

/// A squared distance that is a smaller share than this of the squared norms it comes
/// from has lost too many digits to cancellation, and is summed from differences.
const CANCELLED: f64 = 1e-6;

/// All distances between B points of D coordinates.
#[derive(Debug)]
pub struct Distances {
    /// The points relative to the first, which moves no distance and takes away what
    /// they have in common (B × D).
    points: Vec<f64>,
    width: usize,
    /// B × B.
    values: Vec<f64>,
}

impl Distances {
    /// Distances between the rows of `points` (B × D, row-major, D = `width`): at least
    /// one point of at least one coordinate.
    pub fn between(points: &[f32], width: usize) -> Self {
        let origin = &points[..width];
        let relative = |row: &[f32]| -> Vec<f64> {
            row.iter().zip(origin).map(|(x, o)| f64::from(*x) - f64::from(*o)).collect()
        };
        let points: Vec<f64> = points.chunks_exact(width).flat_map(relative).collect();
        let batch = points.len() / width;
        let point = |i: usize| &points[i * width..(i + 1) * width];
        let squares: Vec<f64> = (0..batch).map(|i| dot(point(i), point(i))).collect();
        let mut values = product(&points, width, &points, Order::ColumnMajor);
        values.par_chunks_mut(batch).enumerate().for_each(|(i, row)| {
            for (j, value) in row.iter_mut().enumerate() {
                let norms = squares[i] + squares[j];
                let mut square = norms - 2.0 * *value;
                if square < CANCELLED * norms {
                    square = square_of_difference(point(i), point(j));
                }
                *value = if square < DUPLICATE * DUPLICATE { 0.0 } else { square.sqrt() };
            }
        });
        Self { points, width, values }
    }

    /// Distances from point `i` to every point.
    pub fn from(&self, i: usize) -> &[f64] {
        let batch = self.points.len() / self.width;
        &self.values[i * batch..(i + 1) * batch]
    }

    /// `scale` times the gradient by the points (B × D) of a function whose derivative
    /// by the distance from `i` to `j` is `weights[i * B + j]`.
    ///
    /// With `s_ij = (w_ij + w_ji) / d_ij` that is `(Σ_j s_ij) x_i - Σ_j s_ij x_j`.
    pub fn gradient(self, weights: &[f64], scale: f64) -> Vec<f32> {
        let Self { points, width, values: mut shares } = self;
        let batch = points.len() / width;
        // Tasks of several rows read the columns of `weights` in pieces of that length.
        shares.par_chunks_mut(ROWS * batch).enumerate().for_each(|(block, shares)| {
            for j in 0..batch {
                for (r, row) in shares.chunks_exact_mut(batch).enumerate() {
                    let i = block * ROWS + r;
                    let weight = weights[i * batch + j] + weights[j * batch + i];
                    row[j] = if row[j] == 0.0 { 0.0 } else { weight / row[j] };
                }
            }
        });
        let mixed = product(&shares, batch, &points, Order::RowMajor);
        let mut gradient = vec![0f32; points.len()];
        gradient.par_chunks_mut(width).enumerate().for_each(|(i, out)| {
            let total: f64 = shares[i * batch..(i + 1) * batch].iter().sum();
            let own = &points[i * width..(i + 1) * width];
            let mixed = &mixed[i * width..(i + 1) * width];
            for ((out, x), m) in out.iter_mut().zip(own).zip(mixed) {
                *out = (scale * (total * x - m)) as f32;
            }
        });
        gradient
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn square_of_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// How the right side of a product lies in memory.
enum Order {
    RowMajor,
    ColumnMajor,
}

/// Columns that lie in registers, and rows that they are summed for, at a time.
const ACROSS: usize = 8;
const DOWN: usize = 6;

/// `left` (M × K, row-major, K = `inner`) times `right` (K × N), row-major. An element is one chain
/// of fused multiply-adds from 0, in the order of k.
fn product(left: &[f64], inner: usize, right: &[f64], order: Order) -> Vec<f64> {
    let columns = right.len() / inner;
    let at = |k: usize, column: usize| match order {
        Order::RowMajor => right[k * columns + column],
        Order::ColumnMajor => right[column * inner + k],
    };
    // A few columns of each k side by side.
    let mut panels = vec![[0f64; ACROSS]; columns.div_ceil(ACROSS) * inner];
    panels.par_chunks_mut(inner).enumerate().for_each(|(panel, lines)| {
        let from = panel * ACROSS;
        for (k, line) in lines.iter_mut().enumerate() {
            for (value, column) in line.iter_mut().zip(from..columns) {
                *value = at(k, column);
            }
        }
    });
    let mut out = vec![0f64; left.len() / inner * columns];
    out.par_chunks_mut(ROWS * columns).zip(left.par_chunks(ROWS * inner)).for_each(
        |(out, left)| {
            for (panel, lines) in panels.chunks_exact(inner).enumerate() {
                let from = panel * ACROSS;
                let tiles = out.chunks_mut(DOWN * columns).zip(left.chunks(DOWN * inner));
                for (out, left) in tiles {
                    let sums = if left.len() == DOWN * inner {
                        sums_of::<DOWN>(left, inner, lines)
                    } else {
                        let mut some = [[0.0; ACROSS]; DOWN];
                        for (sum, left) in some.iter_mut().zip(left.chunks_exact(inner)) {
                            [*sum] = sums_of::<1>(left, inner, lines);
                        }
                        some
                    };
                    for (out, sums) in out.chunks_exact_mut(columns).zip(sums) {
                        let out = &mut out[from..columns.min(from + ACROSS)];
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
                    }
                }
            }
        },
    );
    out
}

/// The sums of R rows for the columns of a panel.
fn sums_of<const R: usize>(
    left: &[f64],
    inner: usize,
    lines: &[[f64; ACROSS]],
) -> [[f64; ACROSS]; R] {
    wide(
        #[inline(always)]
        || {
            let mut sums = [[0.0; ACROSS]; R];
            let rows: [&[f64]; R] = std::array::from_fn(|r| &left[r * inner..][..lines.len()]);
            for (k, line) in lines.iter().enumerate() {
                for (sums, row) in sums.iter_mut().zip(rows) {
                    for (sum, value) in sums.iter_mut().zip(line) {
                        *sum = row[k].mul_add(*value, *sum);
                    }
                }
            }
            sums
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_exact_where_the_arithmetic_is() {
        let points = [1000.0, 1000.0, 1003.0, 1004.0, 1000.0, 1000.0];
        let distances = Distances::between(&points, 2);
        assert_eq!(distances.from(0), [0.0, 5.0, 0.0]);
        assert_eq!(distances.from(1), [5.0, 0.0, 5.0]);
    }

    /// Two frames of a video lie close together and far from the rest, where a Gram
    /// matrix alone keeps no digit of their distance.
    #[test]
    fn near_duplicates_keep_their_distance() {
        let width = 768;
        let frame: Vec<f32> = (0..width).map(|k| 700.0 + (k % 7) as f32 / 7.0).collect();
        let mut next = frame.clone();
        next[5] += 2f32.powi(-13);
        let step = f64::from(next[5]) - f64::from(frame[5]);
        let distances = Distances::between(&[vec![0.0; width], frame, next].concat(), width);
        let distance = distances.from(1)[2];
        assert!((distance / step - 1.0).abs() < 1e-12, "{distance} {step}");
    }

    #[test]
    fn duplicates_are_at_distance_zero_and_do_not_pull() {
        let distances = Distances::between(&[1.0, 0.5, 1.0, 0.5 + 2f32.powi(-21)], 2);
        assert_eq!(distances.from(0), [0.0, 0.0]);
        assert_eq!(distances.gradient(&[1.0; 4], 1.0), [0.0; 4]);
    }

    /// More points than one task takes, with a duplicate, against the sum written down.
    #[test]
    fn gradient_is_that_of_the_definition() {
        let (batch, width) = (ROWS + 6, 3);
        let value = |k: usize| ((k * 37 + 11) % 101) as f32 / 101.0;
        let mut points: Vec<f32> = (0..batch * width).map(value).collect();
        points.copy_within(0..width, width);
        let weights: Vec<f64> = (0..batch * batch).map(|k| f64::from(value(3 * k)) - 0.5).collect();
        let x = |i: usize, k: usize| f64::from(points[i * width + k]);
        let gradient = Distances::between(&points, width).gradient(&weights, 0.5);
        for i in 0..batch {
            for k in 0..width {
                let mut expected = 0.0;
                for j in 0..batch {
                    let d = (0..width).map(|k| (x(i, k) - x(j, k)).powi(2)).sum::<f64>().sqrt();
                    if d > DUPLICATE {
                        let weight = weights[i * batch + j] + weights[j * batch + i];
                        expected += 0.5 * weight * (x(i, k) - x(j, k)) / d;
                    }
                }
                let got = f64::from(gradient[i * width + k]);
                assert!((got - expected).abs() < 1e-5, "({i}, {k}): {got} {expected}");
            }
        }
    }
}

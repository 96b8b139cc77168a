//! Position tables: onto another grid, and against the table of MAE.

use candle_core::{Device, Result, Tensor};
use proofmark_base::math::{cos, pow, sin};

/// How the rows of a file's table (1, rows, D) lie: those before the grid of patches, then the
/// grid row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Rows before the grid: the class token's and perhaps those of registers, or none.
    pub front: usize,
    /// Side of the grid of patches.
    pub side: usize,
}

impl Table {
    /// How a table of this shape lies, in a file with so many register tokens. Where more than
    /// one way is possible, it is that of the network's own `grid`.
    pub fn of(shape: &[usize], width: usize, grid: usize, registers: usize) -> Option<Self> {
        let [1, rows, w] = shape else { return None };
        let square = |front: usize| {
            let patches = rows.checked_sub(front)?;
            let side = patches.isqrt();
            (side > 0 && side * side == patches).then_some(Self { front, side })
        };
        let mut ways = [1, 0, 1 + registers].into_iter().filter_map(square);
        if *w != width {
            return None;
        }
        ways.clone().find(|table| table.side == grid).or_else(|| ways.next())
    }

    /// Whether registers have positions.
    pub fn of_registers(self) -> bool {
        self.front > 1
    }

    /// The table with one row for the class token and those of the grid. A class token without a
    /// position has one of zeros, and those of registers belong to the registers themselves: the
    /// sums are the same.
    pub fn positions(self, table: &Tensor) -> Result<Tensor> {
        let patches = table.narrow(1, self.front, self.side * self.side)?;
        let class = match self.front {
            0 => Tensor::zeros((1, 1, table.dim(2)?), table.dtype(), table.device())?,
            _ => table.narrow(1, 0, 1)?,
        };
        Tensor::cat(&[&class, &patches], 1)
    }

    /// The positions of the registers (1, R, D).
    pub fn registers(self, table: &Tensor) -> Result<Tensor> {
        table.narrow(1, 1, self.front - 1)
    }
}

/// Greatest difference of a table (1, 1 + side², width) from the fixed table of MAE and
/// FSFM (recipe section 8): zeros for CLS, then row by row of the grid a quarter of the
/// width each of sin(x w), cos(x w), sin(y w), cos(y w), with w_k = 10000^(-4k/width).
/// None if the width has no quarter.
pub(super) fn sincos_deviation(table: &Tensor, side: usize) -> Result<Option<f64>> {
    let width = table.dim(2)?;
    if !width.is_multiple_of(4) {
        return Ok(None);
    }
    let quarter = width / 4;
    let expected = |token: usize, i: usize| -> f64 {
        let Some(patch) = token.checked_sub(1) else { return 0.0 };
        let at = if i < 2 * quarter { patch % side } else { patch / side };
        let angle = at as f64 * pow(10_000.0, -((i % quarter) as f64) / quarter as f64);
        if (i / quarter).is_multiple_of(2) { sin(angle) } else { cos(angle) }
    };
    let rows: Vec<Vec<f32>> = table.squeeze(0)?.to_vec2()?;
    let differences = rows.iter().enumerate().flat_map(|(token, row)| {
        row.iter().enumerate().map(move |(i, v)| (f64::from(*v) - expected(token, i)).abs())
    });
    Ok(Some(differences.fold(0.0, f64::max)))
}

/// A position table on another grid: the CLS row kept, the rest by bicubic
/// interpolation (a = -0.75, half-pixel centres, edges clamped, no antialiasing), as
/// PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
pub(super) fn interpolate(table: &Tensor, from: usize, to: usize) -> Result<Tensor> {
    let width = table.dim(2)?;
    let rows: Vec<Vec<f32>> = table.squeeze(0)?.to_vec2()?;
    let taps = cubic_taps(from, to);
    let mut out = rows[0].clone();
    for ys in &taps {
        for xs in &taps {
            let mut sum = vec![0f64; width];
            for (y, wy) in ys {
                for (x, wx) in xs {
                    let row = &rows[1 + y * from + x];
                    sum.iter_mut().zip(row).for_each(|(s, v)| *s += wy * wx * f64::from(*v));
                }
            }
            out.extend(sum.iter().map(|v| *v as f32));
        }
    }
    Tensor::from_vec(out, (1, 1 + to * to, width), &Device::Cpu)
}

/// For each output position the four input positions and their weights.
fn cubic_taps(from: usize, to: usize) -> Vec<[(usize, f64); 4]> {
    const A: f64 = -0.75;
    let near = |t: f64| ((A + 2.0) * t - (A + 3.0)) * t * t + 1.0;
    let far = |t: f64| ((A * t - 5.0 * A) * t + 8.0 * A) * t - 4.0 * A;
    (0..to)
        .map(|i| {
            let at = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
            let (base, t) = (at.floor(), at - at.floor());
            let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
            std::array::from_fn(|k| {
                let index = (base as isize + k as isize - 1).clamp(0, from as isize - 1);
                (index as usize, weights[k])
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lie_in_the_ways_of_timm() {
        let table = |rows, grid, registers| Table::of(&[1, rows, 8], 8, grid, registers);
        let some = |front, side| Some(Table { front, side });
        assert_eq!(table(197, 14, 0), some(1, 14));
        assert_eq!(table(197, 16, 0), some(1, 14));
        assert_eq!(table(196, 14, 0), some(0, 14));
        assert_eq!(table(1369, 16, 4), some(0, 37));
        assert_eq!(table(201, 14, 4), some(5, 14));
        assert_eq!(table(198, 14, 0), None);
        assert_eq!(Table::of(&[1, 197, 9], 8, 14, 0), None);
        // Two ways: the network's own decides.
        assert_eq!((table(9, 2, 4), table(9, 3, 4)), (some(5, 2), some(0, 3)));
    }

    #[test]
    fn cubic_weights_sum_to_one_and_keep_a_grid() {
        for (from, to) in [(14, 16), (37, 8), (4, 4)] {
            for taps in cubic_taps(from, to) {
                let sum: f64 = taps.iter().map(|t| t.1).sum();
                assert!((sum - 1.0).abs() < 1e-12);
            }
        }
        let same = cubic_taps(5, 5);
        assert!(same.iter().enumerate().all(|(i, taps)| taps[1] == (i, 1.0)));
    }
}

//! Position tables: onto another grid, and against the table of MAE.

use candle_core::{Device, Result, Tensor};

/// Side of the patch grid of a position table (1, 1 + side², width).
pub(super) fn square_grid(shape: &[usize], width: usize) -> Option<usize> {
    let [1, tokens, w] = shape else { return None };
    let side = tokens.checked_sub(1)?.isqrt();
    (*w == width && side > 0 && side * side + 1 == *tokens).then_some(side)
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
        let angle = at as f64 * 10_000f64.powf(-((i % quarter) as f64) / quarter as f64);
        if (i / quarter).is_multiple_of(2) { angle.sin() } else { angle.cos() }
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

//! ArcFace (Deng et al., "ArcFace: additive angular margin loss", 2019), in f64 from the few embeddings
//! of a batch, with its gradient.

use candle_core::{Result, Tensor};

use super::exact::known;
use proofmark_base::math::{exp, ln, sin_cos};
use proofmark_lang::model::ArcFace;

/// How far a cosine stays from 1 and -1, where its angle has no slope.
const CLOSEST: f64 = 1e-7;
/// A shorter vector has no direction.
const LEAST: f64 = 1e-12;

/// Loss of embeddings (B, D) of classes (B), given a centre for each class (C, D): the mean
/// cross-entropy of `scale` times the cosines, that of the own class at an angle larger by the margin.
/// Where that would pass 180 degrees, the cosine less `margin * sin(margin)`, so that the loss falls
/// with the angle everywhere (as in pytorch-metric-learning). Embeddings and centres get its gradient.
pub fn arcface(
    embedding: &Tensor,
    centres: &Tensor,
    classes: &[u32],
    term: &ArcFace,
) -> Result<Tensor> {
    let (points, lengths) = directions(embedding)?;
    let (middles, sizes) = directions(centres)?;
    let margin = term.margin.to_radians();
    let count = points.len() as f64;
    let width = points.first().map_or(0, Vec::len);
    let mut value = 0.0;
    let mut of_points = vec![vec![0.0; width]; points.len()];
    let mut of_middles = vec![vec![0.0; width]; middles.len()];
    for (i, (point, class)) in points.iter().zip(classes).enumerate() {
        let own = *class as usize;
        let cosines: Vec<f64> = middles.iter().map(|middle| dot(point, middle)).collect();
        let (with_margin, slope) = own_cosine(cosines[own], margin);
        let logit = |place: usize| match place == own {
            true => term.scale * with_margin,
            false => term.scale * cosines[place],
        };
        let logits: Vec<f64> = (0..middles.len()).map(logit).collect();
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = top + ln(logits.iter().map(|v| exp(v - top)).sum());
        value += log_sum - logits[own];
        for (place, middle) in middles.iter().enumerate() {
            let share = exp(logits[place] - log_sum);
            let slope = match place == own {
                true => (share - 1.0) * slope,
                false => share,
            };
            let slope = term.scale * slope / count;
            for d in 0..width {
                // A direction's own part of a gradient does not turn it.
                of_points[i][d] += slope * (middle[d] - cosines[place] * point[d]) / lengths[i];
                of_middles[place][d] +=
                    slope * (point[d] - cosines[place] * middle[d]) / sizes[place];
            }
        }
    }
    let single = |rows: Vec<Vec<f64>>| rows.into_iter().flatten().map(|v| v as f32).collect();
    // Its value once, and both gradients.
    known(embedding, value / count, single(of_points))? + known(centres, 0.0, single(of_middles))?
}

/// The cosine of an angle that is larger by the margin, of at most a right angle, and its slope over
/// the cosine.
fn own_cosine(cosine: f64, margin: f64) -> (f64, f64) {
    let clamped = cosine.clamp(-1.0 + CLOSEST, 1.0 - CLOSEST);
    let sine = (1.0 - clamped * clamped).sqrt();
    let [sine_of_margin, cosine_of_margin] = <[f64; 2]>::from(sin_cos(margin));
    let slope = if clamped == cosine { 1.0 } else { 0.0 };
    // The angle is at most 180 degrees less the margin where its cosine is at least that of it.
    if clamped >= -cosine_of_margin || margin == 0.0 {
        let moved = clamped * cosine_of_margin - sine * sine_of_margin;
        (moved, slope * (cosine_of_margin + sine_of_margin * clamped / sine))
    } else {
        (clamped - margin * sine_of_margin, slope)
    }
}

/// The rows of a matrix as unit vectors, and their lengths.
fn directions(matrix: &Tensor) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let rows = matrix.detach().to_vec2::<f32>()?;
    let rows = rows.into_iter().map(|row| {
        let row: Vec<f64> = row.into_iter().map(f64::from).collect();
        let length = dot(&row, &row).sqrt().max(LEAST);
        (row.iter().map(|v| v / length).collect(), length)
    });
    Ok(rows.unzip())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

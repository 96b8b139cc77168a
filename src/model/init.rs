//! First weights from Proofmark's own generator.

use candle_core::{Result, Tensor};

use super::params::{Begin, ParamSpec, Params};
use crate::rng::{Rng, Stream};

/// How matrices are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// Uniform within +-sqrt(6 / (fan in + fan out)).
    Xavier,
    /// Normal of this standard deviation, cut at two standard deviations.
    TruncatedNormal(f64),
}

/// Sets every parameter, or only those that `select` names, to its first value.
/// A parameter's values depend on the seed and its name, not on the others.
pub fn randomize(
    params: &Params,
    scheme: Scheme,
    seed: u64,
    mut select: impl FnMut(&str) -> bool,
) -> Result<()> {
    for (spec, var) in params.specs().iter().zip(params.vars()) {
        if select(&spec.name) {
            let values = draw(spec, scheme, seed);
            var.set(&Tensor::from_vec(values, spec.shape.as_slice(), var.device())?)?;
        }
    }
    Ok(())
}

fn draw(spec: &ParamSpec, scheme: Scheme, seed: u64) -> Vec<f32> {
    let count = spec.shape.iter().product();
    let mut rng = Rng::named(seed, Stream::Init, &spec.name);
    let mut truncated = |std: f64| -> Vec<f32> {
        (0..count).map(|_| (rng.truncated_normal() * std) as f32).collect()
    };
    match (spec.begin, scheme) {
        (Begin::Constant(value), _) => vec![value; count],
        (Begin::Token, _) => truncated(0.02),
        (Begin::Head, _) => truncated(2e-5),
        (Begin::Matrix, Scheme::TruncatedNormal(std)) => truncated(std),
        (Begin::Matrix, Scheme::Xavier) => {
            let fan_out = spec.shape[0];
            let bound = (6.0 / (count / fan_out + fan_out) as f64).sqrt();
            (0..count).map(|_| rng.range(-bound, bound) as f32).collect()
        }
    }
}

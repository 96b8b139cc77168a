//! First weights from Proofmark's own generator.

use candle_core::{Device, Result, Tensor};

use super::params::Params;
use super::spec::{Begin, ParamSpec};
use proofmark_base::rng::{Rng, Stream};

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
    for (index, spec) in params.specs().iter().enumerate() {
        if select(&spec.name) {
            let values = draw(spec, scheme, seed);
            params.set(index, &Tensor::from_vec(values, spec.shape.as_slice(), &Device::Cpu)?)?;
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
        (Begin::Constant(value) | Begin::Statistic(value), _) => vec![value; count],
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str, shape: &[usize], begin: Begin) -> ParamSpec {
        ParamSpec { name: name.into(), shape: shape.to_vec(), begin }
    }

    fn deviation(values: &[f32]) -> f64 {
        let squares: f64 = values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        (squares / values.len() as f64).sqrt()
    }

    #[test]
    fn schemes_have_their_spread() {
        let matrix = spec("m", &[60, 40, 2, 2], Begin::Matrix);
        let xavier = draw(&matrix, Scheme::Xavier, 0);
        let bound = (6.0f64 / (160.0 + 60.0)).sqrt();
        assert!(xavier.iter().all(|v| f64::from(v.abs()) <= bound));
        assert!((deviation(&xavier) / (bound / 3f64.sqrt()) - 1.0).abs() < 0.03);
        let normal = draw(&matrix, Scheme::TruncatedNormal(0.02), 0);
        assert!(normal.iter().all(|v| v.abs() <= 0.04));
        // A normal cut at two deviations keeps 0.88 of its deviation.
        assert!((deviation(&normal) / 0.0176 - 1.0).abs() < 0.03);
        assert!(deviation(&draw(&spec("h", &[2, 500], Begin::Head), Scheme::Xavier, 0)) < 2e-5);
        assert_eq!(draw(&spec("c", &[3], Begin::Constant(1.0)), Scheme::Xavier, 0), [1.0; 3]);
    }

    #[test]
    fn values_depend_on_seed_and_name_only() {
        let one = spec("one", &[4, 4], Begin::Matrix);
        let base = draw(&one, Scheme::Xavier, 0);
        assert_eq!(base, draw(&one, Scheme::Xavier, 0));
        assert_ne!(base, draw(&one, Scheme::Xavier, 1));
        assert_ne!(base, draw(&spec("two", &[4, 4], Begin::Matrix), Scheme::Xavier, 0));
    }
}

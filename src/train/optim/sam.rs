//! The detour of sharpness-aware minimisation around any optimiser.

use candle_core::{Result, Tensor};

use proofmark_model::gradients::Gradients;
use proofmark_model::params::Params;

/// Moves the parameters to where the loss is worst within a distance: rho along the gradient,
/// whose norm over all parameters is given (Foret et al. 2021, equation 2). Returns what they
/// were.
pub fn ascend(params: &Params, grads: &Gradients<'_>, rho: f64, norm: f64) -> Result<Vec<Tensor>> {
    let mut before = Vec::with_capacity(params.vars().len());
    for (i, (spec, var)) in params.specs().iter().zip(params.vars()).enumerate() {
        before.push(var.copy()?);
        if spec.trained() {
            let step = (grads.tensor(i)? * (rho / (norm + 1e-12)))?;
            var.set(&(var.as_tensor() + step)?)?;
        }
    }
    Ok(before)
}

/// Puts the parameters back to the bit.
pub fn descend(params: &Params, before: &[Tensor]) -> Result<()> {
    params.vars().iter().zip(before).try_for_each(|(var, before)| var.set(before))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use proofmark_model::params::{Begin, ParamSpec};

    fn params() -> Params {
        let spec = |name: &str, begin| ParamSpec { name: name.into(), shape: vec![1, 2], begin };
        let specs = vec![spec("w", Begin::Matrix), spec("mean", Begin::Statistic(0.0))];
        let params = Params::zeros(specs, &Device::Cpu).unwrap();
        params.vars()[0].set(&Tensor::new(&[[0.5f32, -1.0]], &Device::Cpu).unwrap()).unwrap();
        params
    }

    fn values(params: &Params) -> Vec<f32> {
        params.vars()[0].flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_worst_place_is_at_the_declared_distance_and_left_again() {
        let params = params();
        let mut grads = Gradients::new(&params);
        grads.add("w", &[3.0, 4.0]);
        let before = ascend(&params, &grads, 0.05, grads.norm().unwrap()).unwrap();
        let moved = values(&params);
        assert!((moved[0] - 0.53).abs() < 1e-6 && (moved[1] + 0.96).abs() < 1e-6, "{moved:?}");
        descend(&params, &before).unwrap();
        assert_eq!(values(&params), [0.5, -1.0]);
    }
}

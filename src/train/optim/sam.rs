//! The detour of sharpness-aware minimisation around any optimiser.

use candle_core::{Result, bail};

use proofmark_gpu::kernels::steps::add_scaled;
use proofmark_model::failed::failed;
use proofmark_model::gradients::Gradients;
use proofmark_model::params::Params;

/// Moves the parameters to where the loss is worst within a distance: rho along the gradient,
/// whose norm over all parameters is given (Foret et al. 2021, equation 2). Returns what they
/// were.
pub fn ascend(params: &Params, grads: &Gradients<'_>, rho: f64, norm: f64) -> Result<Params> {
    let before = params.copy()?;
    let factor = rho / (norm + 1e-12);
    for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
        if params.var(i).is_some() {
            let step = (grads.tensor(i)? * factor)?;
            params.set(i, &(params.tensor(i)? + step)?)?;
        } else if !grads.is_written(i) {
            bail!("no gradient reached parameter `{}`", spec.name)
        }
    }
    if let (Some(resident), Some(gradient)) = (params.resident(), grads.values_on_gpu()) {
        let gpu = &**resident.gpu();
        add_scaled(gpu, resident.change(), gradient, factor as f32).map_err(failed)?;
    }
    Ok(before)
}

/// Puts the parameters back to the bit.
pub fn descend(params: &Params, before: &Params) -> Result<()> {
    params.take_over(before)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use proofmark_model::spec::{Begin, ParamSpec};

    fn params() -> Params {
        let spec = |name: &str, begin| ParamSpec { name: name.into(), shape: vec![1, 2], begin };
        let specs = vec![spec("w", Begin::Matrix), spec("mean", Begin::Statistic(0.0))];
        let params = Params::zeros(specs).unwrap();
        params.set(0, &Tensor::new(&[[0.5f32, -1.0]], &Device::Cpu).unwrap()).unwrap();
        params
    }

    fn values(params: &Params) -> Vec<f32> {
        params.tensor(0).unwrap().flatten_all().unwrap().to_vec1().unwrap()
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

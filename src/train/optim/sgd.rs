//! Stochastic gradient descent with momentum.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, bail};

use proofmark_lang::model::Sgd as Settings;
use proofmark_model::gradients::Gradients;
use proofmark_model::params::Params;

/// Heavy-ball momentum as in PyTorch: v = momentum v + g, w = w - lr v. Decay is added to
/// the gradient.
#[derive(Debug)]
pub struct Sgd {
    momentum: f64,
    decay: f64,
    /// Steps taken.
    pub steps: u64,
    /// v of each parameter, where the parameter is.
    velocities: Vec<Tensor>,
}

impl Sgd {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, params: &Params) -> Result<Self> {
        Ok(Self {
            momentum: settings.momentum,
            decay: settings.weight_decay,
            steps: 0,
            velocities: params.vars().iter().map(|v| v.zeros_like()).collect::<Result<_>>()?,
        })
    }

    /// One step at learning rate `lr`. A parameter without a gradient is an error.
    pub fn step(&mut self, params: &Params, grads: &Gradients<'_>, lr: f64) -> Result<()> {
        self.steps += 1;
        for (i, (spec, var)) in params.specs().iter().zip(params.vars()).enumerate() {
            if !spec.trained() {
                continue;
            }
            let mut gradient = grads.tensor(i)?;
            if self.decay > 0.0 && spec.shape.len() > 1 {
                gradient = (gradient + (var.as_tensor() * self.decay)?)?;
            }
            let velocity = ((&self.velocities[i] * self.momentum)? + gradient)?;
            var.set(&(var.as_tensor() - (&velocity * lr)?)?)?;
            self.velocities[i] = velocity;
        }
        Ok(())
    }

    /// The velocities as tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> BTreeMap<String, Tensor> {
        let all = params.specs().iter().zip(&self.velocities).filter(|(spec, _)| spec.trained());
        all.map(|(spec, v)| (format!("velocity.{}", spec.name), v.clone())).collect()
    }

    /// Takes up what [`Sgd::state`] gave.
    pub fn restore(&mut self, params: &Params, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let all = params.specs().iter().zip(params.vars()).zip(&mut self.velocities);
        for ((spec, var), velocity) in all.filter(|((spec, _), _)| spec.trained()) {
            *velocity = match state.get(&format!("velocity.{}", spec.name)) {
                Some(tensor) if tensor.shape() == var.shape() => tensor.to_device(var.device())?,
                _ => bail!("there is no `velocity.{}` of shape {:?}", spec.name, spec.shape),
            };
        }
        Ok(())
    }
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

    fn sgd(params: &Params) -> Sgd {
        let settings = Settings { lr: 0.1, momentum: 0.9, weight_decay: 0.01 };
        Sgd::new(&settings, params).unwrap()
    }

    /// Three steps against PyTorch's rule written down in f64; stopped and taken up between.
    #[test]
    fn steps_are_those_of_the_definition_also_when_taken_up() {
        let params = params();
        let mut optimizer = sgd(&params);
        let mut grads = Gradients::new(&params);
        let (mut w, mut v) = ([0.5f64, -1.0], [0f64; 2]);
        for step in 0..3 {
            grads.clear();
            grads.add("w", &w.map(|w| 2.0 * w as f32));
            optimizer.step(&params, &grads, 0.1).unwrap();
            for i in 0..2 {
                v[i] = 0.9 * v[i] + 2.0 * w[i] + 0.01 * w[i];
                w[i] -= 0.1 * v[i];
            }
            if step == 1 {
                let state = optimizer.state(&params);
                optimizer = sgd(&params);
                optimizer.restore(&params, &state).unwrap();
            }
        }
        for (ours, expected) in values(&params).iter().zip(w) {
            assert!((f64::from(*ours) - expected).abs() < 1e-6, "{ours} {expected}");
        }
        assert!(optimizer.restore(&params, &BTreeMap::new()).is_err());
    }
}

//! Stochastic gradient descent with momentum.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, bail};

use super::rates::rates;
use proofmark_gpu::kernels::steps::sgd;
use proofmark_gpu::memory::Buffer;
use proofmark_lang::model::Sgd as Settings;
use proofmark_model::failed::failed;
use proofmark_model::gradients::Gradients;
use proofmark_model::params::Params;
use proofmark_model::resident::{tensor, zeros};
use proofmark_model::spec::ParamSpec;

/// Heavy-ball momentum as in PyTorch: v = momentum v + g, w = w - lr v. Decay is added to
/// the gradient.
#[derive(Debug)]
pub struct Sgd {
    momentum: f64,
    decay: f64,
    /// Steps taken.
    pub steps: u64,
    /// v of each parameter on the CPU.
    velocities: Vec<Option<Tensor>>,
    on_gpu: Option<OnGpu>,
}

/// v of all parameters on a GPU, and what each is stepped with.
#[derive(Debug)]
struct OnGpu {
    velocities: Buffer,
    rates: Buffer,
}

impl Sgd {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, params: &Params) -> Result<Self> {
        let decay = settings.weight_decay;
        let velocity = |i: usize| params.var(i).map(|var| var.zeros_like()).transpose();
        let on_gpu = params.resident().map(|resident| -> proofmark_gpu::error::Result<OnGpu> {
            let of = |spec: &ParamSpec| [1.0, if spec.shape.len() > 1 { decay } else { 0.0 }];
            let each: Vec<[f64; 2]> = params.specs().iter().map(of).collect();
            Ok(OnGpu {
                velocities: zeros(resident.gpu(), resident.places().len())?,
                rates: Buffer::of(resident.gpu(), &rates(params, &each))?,
            })
        });
        Ok(Self {
            momentum: settings.momentum,
            decay,
            steps: 0,
            velocities: (0..params.specs().len()).map(velocity).collect::<Result<_>>()?,
            on_gpu: on_gpu.transpose().map_err(failed)?,
        })
    }

    /// One step at learning rate `lr`. A parameter without a gradient is an error.
    pub fn step(&mut self, params: &Params, grads: &Gradients<'_>, lr: f64) -> Result<()> {
        self.steps += 1;
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let (Some(var), Some(velocity)) = (params.var(i), &mut self.velocities[i]) else {
                continue;
            };
            let mut gradient = grads.tensor(i)?;
            if self.decay > 0.0 && spec.shape.len() > 1 {
                gradient = (gradient + (var.as_tensor() * self.decay)?)?;
            }
            *velocity = ((&*velocity * self.momentum)? + gradient)?;
            var.set(&(var.as_tensor() - (&*velocity * lr)?)?)?;
        }
        let (Some(on_gpu), Some(resident)) = (&self.on_gpu, params.resident()) else {
            return Ok(());
        };
        let Some(gradient) = grads.values_on_gpu() else {
            bail!("no gradient reached the parameters on the GPU")
        };
        let (velocities, rates) = (on_gpu.velocities.all(), on_gpu.rates.all());
        let (gpu, step) = (&**resident.gpu(), [lr as f32, self.momentum as f32]);
        sgd(gpu, resident.change(), gradient, velocities, rates, step).map_err(failed)
    }

    /// The velocities as tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let velocity = match (&self.velocities[i], params.on_gpu(i), &self.on_gpu) {
                (None, Some((resident, place)), Some(on_gpu)) => {
                    let values = on_gpu.velocities.all().part(place);
                    tensor(&**resident.gpu(), values, &spec.shape)?
                }
                (Some(velocity), _, _) => velocity.clone(),
                (None, _, _) => bail!("the velocity of `{}` lies nowhere", spec.name),
            };
            state.insert(format!("velocity.{}", spec.name), velocity);
        }
        Ok(state)
    }

    /// Takes up what [`Sgd::state`] gave.
    pub fn restore(&mut self, params: &Params, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let found = state.get(&format!("velocity.{}", spec.name));
            let Some(stored) = found.filter(|tensor| tensor.dims() == spec.shape) else {
                bail!("there is no `velocity.{}` of shape {:?}", spec.name, spec.shape)
            };
            match (params.on_gpu(i), &self.on_gpu) {
                (Some((resident, place)), Some(on_gpu)) => {
                    let values = stored.flatten_all()?.to_vec1::<f32>()?;
                    let there = on_gpu.velocities.all().part(place);
                    there.set(&**resident.gpu(), &values).map_err(failed)?;
                }
                _ => self.velocities[i] = Some(stored.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

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
                let state = optimizer.state(&params).unwrap();
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

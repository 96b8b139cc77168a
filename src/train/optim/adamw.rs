//! AdamW with layer-wise learning rates and decay groups (recipe 2.7).

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::rates::rates;
use proofmark_base::math::powi;
use proofmark_gpu::kernels::steps as kernel;
use proofmark_gpu::memory::Buffer;
use proofmark_lang::model::AdamW as Settings;
use proofmark_model::architecture::Architecture;
use proofmark_model::failed::failed;
use proofmark_model::gradients::{Gradient, Gradients};
use proofmark_model::params::Params;
use proofmark_model::resident::{tensor, zeros};
use proofmark_model::spec::ParamSpec;

/// Elements that one task updates.
const CHUNK: usize = 16 * 1024;

/// How one parameter is stepped.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Factor on the scheduled learning rate: `layer_decay ^ (top - layer)`.
    pub scale: f64,
    /// Weight decay: 0 for what the network exempts from it.
    pub decay: f64,
}

/// The group of each parameter, in order.
pub fn groups(settings: &Settings, config: &Architecture, params: &Params) -> Vec<Group> {
    let top = config.top_layer();
    let group = |spec: &ParamSpec| Group {
        scale: powi(settings.layer_decay, (top - config.layer_of(&spec.name)) as i32),
        decay: if config.decays(spec) { settings.weight_decay } else { 0.0 },
    };
    params.specs().iter().map(group).collect()
}

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), its state
/// open for checkpoints.
#[derive(Debug)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    eps: f64,
    groups: Vec<Group>,
    /// Steps taken.
    pub steps: u64,
    /// Empty for a parameter on a GPU.
    moments: Vec<Moments>,
    on_gpu: Option<OnGpu>,
}

/// First and second moment of one parameter on the CPU.
#[derive(Debug)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// The moments of all parameters on a GPU, and what each is stepped with.
#[derive(Debug)]
struct OnGpu {
    first: Buffer,
    second: Buffer,
    rates: Buffer,
}

impl AdamW {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, groups: Vec<Group>, params: &Params) -> Result<Self> {
        let moments = |index: usize| {
            let count = params.var(index).map_or(0, |var| var.elem_count());
            Moments { first: vec![0.0; count], second: vec![0.0; count] }
        };
        let on_gpu = params.resident().map(|resident| -> proofmark_gpu::error::Result<OnGpu> {
            let (gpu, len) = (resident.gpu(), resident.places().len());
            let each = groups.iter().map(|group| [group.scale, group.decay]);
            let rates = rates(params, &each.collect::<Vec<_>>());
            Ok(OnGpu {
                first: zeros(gpu, len)?,
                second: zeros(gpu, len)?,
                rates: Buffer::of(gpu, &rates)?,
            })
        });
        Ok(Self {
            beta1: settings.beta1,
            beta2: settings.beta2,
            eps: settings.eps,
            steps: 0,
            moments: (0..params.specs().len()).map(moments).collect(),
            on_gpu: on_gpu.transpose().map_err(failed)?,
            groups,
        })
    }

    /// One step at learning rate `lr` (before layer scales). A parameter without a
    /// gradient is an error: the network does not reach it.
    pub fn step(&mut self, params: &Params, grads: &Gradients<'_>, lr: f64) -> Result<()> {
        self.steps += 1;
        let steps = self.steps as i32;
        let correction1 = 1.0 - powi(self.beta1, steps);
        let correction2 = 1.0 - powi(self.beta2, steps);
        let root = 1.0 / correction2.sqrt();
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let (gradient, var) = match (grads.get(i)?, params.var(i)) {
                (Gradient::Host(gradient), Some(var)) => (gradient, var),
                (Gradient::OnGpu(_), None) => continue,
                _ => bail!("gradient and parameter `{}` lie apart", spec.name),
            };
            let lr = lr * self.groups[i].scale;
            let rule = Rule {
                keep: 1.0 - lr * self.groups[i].decay,
                beta1: self.beta1,
                beta2: self.beta2,
                step: lr / correction1,
                root,
                eps: self.eps,
            };
            let Moments { first, second } = &mut self.moments[i];
            let moments = Mutex::new((first.as_mut_slice(), second.as_mut_slice()));
            var.as_tensor().inplace_op1(&HostUpdate { rule, gradient, moments })?;
        }
        let (Some(on_gpu), Some(resident)) = (&self.on_gpu, params.resident()) else {
            return Ok(());
        };
        let Some(gradient) = grads.values_on_gpu() else {
            bail!("no gradient reached the parameters on the GPU")
        };
        let step = kernel::AdamW {
            lr: lr as f32,
            correction: correction1 as f32,
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            root: root as f32,
            eps: self.eps as f32,
        };
        let moments = [on_gpu.first.all(), on_gpu.second.all()];
        let (gpu, rates) = (&**resident.gpu(), on_gpu.rates.all());
        kernel::adamw(gpu, resident.change(), gradient, moments, rates, step).map_err(failed)
    }

    /// The moments as tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let shape = spec.shape.as_slice();
            let [first, second] = match (params.on_gpu(i), &self.on_gpu) {
                (Some((resident, place)), Some(on_gpu)) => {
                    let read = |moments: &Buffer| {
                        tensor(&**resident.gpu(), moments.all().part(place.clone()), shape)
                    };
                    [read(&on_gpu.first)?, read(&on_gpu.second)?]
                }
                _ => {
                    let Moments { first, second } = &self.moments[i];
                    let host = |values: &[f32]| Tensor::from_slice(values, shape, &Device::Cpu);
                    [host(first)?, host(second)?]
                }
            };
            state.insert(format!("first.{}", spec.name), first);
            state.insert(format!("second.{}", spec.name), second);
        }
        Ok(state)
    }

    /// Takes up moments that [`AdamW::state`] gave, from the first name that is not there.
    pub fn restore(&mut self, params: &Params, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.trained()) {
            let get = |kind: &str| match state.get(&format!("{kind}.{}", spec.name)) {
                Some(tensor) if tensor.dims() == spec.shape => {
                    tensor.flatten_all()?.to_vec1::<f32>()
                }
                _ => bail!("there is no `{kind}.{}` of shape {:?}", spec.name, spec.shape),
            };
            let (first, second) = (get("first")?, get("second")?);
            match (params.on_gpu(i), &self.on_gpu) {
                (Some((resident, place)), Some(on_gpu)) => {
                    for (moments, values) in [(&on_gpu.first, &first), (&on_gpu.second, &second)] {
                        let moments = moments.all().part(place.clone());
                        moments.set(&**resident.gpu(), values).map_err(failed)?;
                    }
                }
                _ => self.moments[i] = Moments { first, second },
            }
        }
        Ok(())
    }
}

/// The numbers of one parameter's step.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// What weight decay leaves of the value.
    keep: f64,
    beta1: f64,
    beta2: f64,
    /// Learning rate over the bias correction of the first moment.
    step: f64,
    /// Reciprocal root of the bias correction of the second moment.
    root: f64,
    eps: f64,
}

/// The step of a parameter on the CPU.
struct HostUpdate<'a> {
    rule: Rule,
    gradient: &'a [f32],
    /// Behind a lock because candle lends an operation out for reading only.
    moments: Mutex<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for HostUpdate<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, values: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(values) = values else { bail!("the optimiser takes f32 only") };
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("the optimiser takes contiguous tensors only")
        };
        let rule = &self.rule;
        let [keep, beta1, beta2] = [rule.keep, rule.beta1, rule.beta2].map(|v| v as f32);
        let [step, root, eps] = [rule.step, rule.root, rule.eps].map(|v| v as f32);
        let mut moments = self.moments.lock().expect("no other thread holds the moments");
        let (first, second) = &mut *moments;
        let chunks = values[start..end].par_chunks_mut(CHUNK).zip(self.gradient.par_chunks(CHUNK));
        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
        chunks.zip(moments).for_each(|((values, gradient), (first, second))| {
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((value, g), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
                *first = beta1 * *first + (1.0 - beta1) * g;
                *second = beta2 * *second + (1.0 - beta2) * g * g;
                *value = *value * keep - step * *first / (second.sqrt() * root + eps);
            }
        });
        Ok(())
    }
}

#[cfg(test)]
#[path = "adamw_tests.rs"]
mod tests;

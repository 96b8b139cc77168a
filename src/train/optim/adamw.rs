//! AdamW with layer-wise learning rates and decay groups (recipe 2.7).

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;

use proofmark_base::math::powi;
use proofmark_lang::model::AdamW as Settings;
use proofmark_model::architecture::Architecture;
use proofmark_model::gradients::{Gradient, Gradients};
use proofmark_model::params::{ParamSpec, Params};

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
    moments: Vec<Moments>,
}

/// First and second moment of one parameter, where the parameter is.
#[derive(Debug)]
enum Moments {
    Host { first: Vec<f32>, second: Vec<f32> },
    Device { first: Tensor, second: Tensor },
}

impl AdamW {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, groups: Vec<Group>, params: &Params) -> Result<Self> {
        let zeros = |var: &Var| {
            Ok(if var.device().is_cpu() {
                let zeros = vec![0f32; var.elem_count()];
                Moments::Host { first: zeros.clone(), second: zeros }
            } else {
                Moments::Device { first: var.zeros_like()?, second: var.zeros_like()? }
            })
        };
        Ok(Self {
            beta1: settings.beta1,
            beta2: settings.beta2,
            eps: settings.eps,
            groups,
            steps: 0,
            moments: params.vars().iter().map(zeros).collect::<Result<_>>()?,
        })
    }

    /// One step at learning rate `lr` (before layer scales). A parameter without a
    /// gradient is an error: the network does not reach it.
    pub fn step(&mut self, params: &Params, grads: &Gradients<'_>, lr: f64) -> Result<()> {
        self.steps += 1;
        let steps = self.steps as i32;
        let correction1 = 1.0 - powi(self.beta1, steps);
        let correction2 = 1.0 - powi(self.beta2, steps);
        for (i, (spec, var)) in params.specs().iter().zip(params.vars()).enumerate() {
            if !spec.trained() {
                continue;
            }
            let lr = lr * self.groups[i].scale;
            let rule = Rule {
                keep: 1.0 - lr * self.groups[i].decay,
                beta1: self.beta1,
                beta2: self.beta2,
                step: lr / correction1,
                root: 1.0 / correction2.sqrt(),
                eps: self.eps,
            };
            match (grads.get(i)?, &mut self.moments[i]) {
                (Gradient::Host(gradient), Moments::Host { first, second }) => {
                    let moments = Mutex::new((first.as_mut_slice(), second.as_mut_slice()));
                    var.as_tensor().inplace_op1(&HostUpdate { rule, gradient, moments })?;
                }
                (Gradient::Device(gradient), Moments::Device { first, second }) => {
                    rule.apply_on_device(var, gradient, first, second)?;
                }
                _ => bail!("gradient and parameter `{}` lie apart", spec.name),
            }
        }
        Ok(())
    }

    /// The moments as tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for ((spec, var), moments) in params.specs().iter().zip(params.vars()).zip(&self.moments) {
            if !spec.trained() {
                continue;
            }
            let (first, second) = match moments {
                Moments::Host { first, second } => (
                    Tensor::from_slice(first, var.shape(), var.device())?,
                    Tensor::from_slice(second, var.shape(), var.device())?,
                ),
                Moments::Device { first, second } => (first.clone(), second.clone()),
            };
            state.insert(format!("first.{}", spec.name), first);
            state.insert(format!("second.{}", spec.name), second);
        }
        Ok(state)
    }

    /// Takes up moments that [`AdamW::state`] gave, from the first name that is not there.
    pub fn restore(&mut self, params: &Params, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for ((spec, var), moments) in
            params.specs().iter().zip(params.vars()).zip(&mut self.moments)
        {
            if !spec.trained() {
                continue;
            }
            let get = |kind: &str| match state.get(&format!("{kind}.{}", spec.name)) {
                Some(tensor) if tensor.shape() == var.shape() => tensor.to_device(var.device()),
                _ => bail!("there is no `{kind}.{}` of shape {:?}", spec.name, spec.shape),
            };
            let (stored_first, stored_second) = (get("first")?, get("second")?);
            match moments {
                Moments::Host { first, second } => {
                    *first = stored_first.flatten_all()?.to_vec1()?;
                    *second = stored_second.flatten_all()?.to_vec1()?;
                }
                Moments::Device { first, second } => {
                    (*first, *second) = (stored_first, stored_second);
                }
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

impl Rule {
    fn apply_on_device(
        &self,
        var: &Var,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
    ) -> Result<()> {
        *first = ((&*first * self.beta1)? + (gradient * (1.0 - self.beta1))?)?;
        *second = ((&*second * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
        let root = ((second.sqrt()? * self.root)? + self.eps)?;
        let moved = (first.div(&root)? * self.step)?;
        var.set(&((var.as_tensor() * self.keep)? - moved)?)
    }
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

//! AdamW with layer-wise learning rates and decay groups (recipe 2.7).

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use crate::lang::model::AdamW as Settings;
use crate::model::params::Params;
use crate::model::vit::VitConfig;

/// Elements that one task updates.
const CHUNK: usize = 16 * 1024;

/// How one parameter is stepped.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Factor on the scheduled learning rate: `layer_decay ^ (depth + 1 - layer)`.
    pub scale: f64,
    /// Weight decay: 0 for vectors, biases, norms, tokens and positions.
    pub decay: f64,
}

/// The group of each parameter, in order.
pub fn groups(settings: &Settings, config: &VitConfig, params: &Params) -> Vec<Group> {
    let top = config.depth + 1;
    let group = |name: &str, rank: usize| {
        let undecayed = rank <= 1 || name == "pos_embed" || name == "cls_token";
        Group {
            scale: settings.layer_decay.value.powi((top - config.layer_of(name)) as i32),
            decay: if undecayed { 0.0 } else { settings.weight_decay.value },
        }
    };
    params.specs().iter().map(|s| group(&s.name, s.shape.len())).collect()
}

/// Adam with decoupled weight decay, its state open for checkpoints.
#[derive(Debug)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    eps: f64,
    groups: Vec<Group>,
    /// Steps taken.
    pub steps: u64,
    /// First moments, in parameter order.
    pub first: Vec<Vec<f32>>,
    /// Second moments.
    pub second: Vec<Vec<f32>>,
}

impl AdamW {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, groups: Vec<Group>, params: &Params) -> Self {
        let zeros = || -> Vec<Vec<f32>> {
            params.specs().iter().map(|s| vec![0.0; s.shape.iter().product()]).collect()
        };
        Self {
            beta1: settings.beta1.value,
            beta2: settings.beta2.value,
            eps: settings.eps.value,
            groups,
            steps: 0,
            first: zeros(),
            second: zeros(),
        }
    }

    /// One step at learning rate `lr` (before layer scales). A parameter without a
    /// gradient is an error: the graph was cut somewhere.
    pub fn step(&mut self, params: &Params, grads: &GradStore, lr: f64) -> Result<()> {
        self.steps += 1;
        let steps = self.steps as i32;
        let correction1 = 1.0 - self.beta1.powi(steps);
        let correction2 = 1.0 - self.beta2.powi(steps);
        for (i, (spec, var)) in params.specs().iter().zip(params.vars()).enumerate() {
            let Some(grad) = grads.get(var) else {
                bail!("no gradient reached parameter `{}`", spec.name)
            };
            let lr = lr * self.groups[i].scale;
            let update = Update {
                keep: (1.0 - lr * self.groups[i].decay) as f32,
                beta1: self.beta1 as f32,
                beta2: self.beta2 as f32,
                step: (lr / correction1) as f32,
                root: (1.0 / correction2.sqrt()) as f32,
                eps: self.eps as f32,
                moments: Mutex::new((&mut self.first[i], &mut self.second[i])),
            };
            let grad = grad.contiguous()?;
            if var.device().is_cpu() {
                var.as_tensor().inplace_op2(&grad, &update)?;
            } else {
                // The same arithmetic on the host: moments live there.
                let mut values: Vec<f32> = var.flatten_all()?.to_vec1()?;
                update.apply(&mut values, &grad.flatten_all()?.to_vec1()?);
                var.set(&Tensor::from_vec(values, spec.shape.as_slice(), var.device())?)?;
            }
        }
        Ok(())
    }

    /// The moments as tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (i, spec) in params.specs().iter().enumerate() {
            for (kind, values) in [("first", &self.first[i]), ("second", &self.second[i])] {
                let tensor =
                    Tensor::from_slice(values, spec.shape.as_slice(), &candle_core::Device::Cpu)?;
                state.insert(format!("{kind}.{}", spec.name), tensor);
            }
        }
        Ok(state)
    }
}

/// One parameter's step.
struct Update<'a> {
    keep: f32,
    beta1: f32,
    beta2: f32,
    step: f32,
    root: f32,
    eps: f32,
    moments: Mutex<(&'a mut Vec<f32>, &'a mut Vec<f32>)>,
}

impl Update<'_> {
    fn apply(&self, values: &mut [f32], grads: &[f32]) {
        let mut moments = self.moments.lock().expect("no other thread holds the moments");
        let (first, second) = &mut *moments;
        values
            .par_chunks_mut(CHUNK)
            .zip(grads.par_chunks(CHUNK))
            .zip(first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK)))
            .for_each(|((values, grads), (first, second))| {
                for i in 0..values.len() {
                    let g = grads[i];
                    first[i] = self.beta1 * first[i] + (1.0 - self.beta1) * g;
                    second[i] = self.beta2 * second[i] + (1.0 - self.beta2) * g * g;
                    let root = second[i].sqrt() * self.root + self.eps;
                    values[i] = values[i] * self.keep - self.step * first[i] / root;
                }
            });
    }
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        values: &mut CpuStorage,
        values_layout: &Layout,
        grads: &CpuStorage,
        grads_layout: &Layout,
    ) -> Result<()> {
        let (CpuStorage::F32(values), CpuStorage::F32(grads)) = (values, grads) else {
            bail!("the optimiser takes f32 only")
        };
        let (Some((a, b)), Some((c, d))) =
            (values_layout.contiguous_offsets(), grads_layout.contiguous_offsets())
        else {
            bail!("the optimiser takes contiguous tensors only")
        };
        self.apply(&mut values[a..b], &grads[c..d]);
        Ok(())
    }
}

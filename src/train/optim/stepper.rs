//! Whichever optimiser is declared.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor};

use super::adamw::{AdamW, groups};
use super::sgd::Sgd;
use proofmark_lang::model::Optimizer as Settings;
use proofmark_model::architecture::Architecture;
use proofmark_model::gradients::Gradients;
use proofmark_model::params::Params;

/// An optimiser with its state.
#[derive(Debug)]
pub enum Stepper {
    /// AdamW.
    AdamW(AdamW),
    /// SGD with momentum.
    Sgd(Sgd),
}

impl Stepper {
    /// An optimiser that has taken no step.
    pub fn new(settings: &Settings, architecture: &Architecture, params: &Params) -> Result<Self> {
        Ok(match settings {
            Settings::AdamW(adamw) => {
                Self::AdamW(AdamW::new(adamw, groups(adamw, architecture, params), params)?)
            }
            Settings::Sgd(sgd) => Self::Sgd(Sgd::new(sgd, params)?),
        })
    }

    /// One step at learning rate `lr`, before layer scales.
    pub fn step(&mut self, params: &Params, grads: &Gradients<'_>, lr: f64) -> Result<()> {
        match self {
            Self::AdamW(adamw) => adamw.step(params, grads, lr),
            Self::Sgd(sgd) => sgd.step(params, grads, lr),
        }
    }

    /// Steps taken.
    pub fn steps(&mut self) -> &mut u64 {
        match self {
            Self::AdamW(adamw) => &mut adamw.steps,
            Self::Sgd(sgd) => &mut sgd.steps,
        }
    }

    /// Its tensors by name, for a checkpoint.
    pub fn state(&self, params: &Params) -> Result<BTreeMap<String, Tensor>> {
        match self {
            Self::AdamW(adamw) => adamw.state(params),
            Self::Sgd(sgd) => sgd.state(params),
        }
    }

    /// Takes up what [`Stepper::state`] gave.
    pub fn restore(&mut self, params: &Params, state: &BTreeMap<String, Tensor>) -> Result<()> {
        match self {
            Self::AdamW(adamw) => adamw.restore(params, state),
            Self::Sgd(sgd) => sgd.restore(params, state),
        }
    }
}

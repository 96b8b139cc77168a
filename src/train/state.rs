//! Where a fit stands, and the files from which a stopped one goes on to the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::fit::EpochLog;
use super::step::StepReport;
use super::stepper::Stepper;
use crate::model::params::Params;
use crate::store::write_whole;
use crate::work::Failure;

/// Where a fit stands: everything but the tensors. Sums are kept as bits so that they
/// come back exactly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Finished epochs.
    pub epoch: u32,
    /// Finished steps of the current epoch.
    pub step: usize,
    /// Steps of the optimiser.
    pub optimizer_steps: u64,
    /// Over the current epoch's steps.
    pub sums: Sums,
    /// The finished epochs.
    pub log: Vec<EpochLog>,
    /// Epoch of the best checkpoint so far, from 1, and its value as bits.
    pub best: Option<(u32, u64)>,
}

/// Sums over the steps of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    total: u64,
    parts: Vec<u64>,
    cross_entropy: u64,
    /// Considered and active triplets per term.
    triplets: Vec<(u64, u64)>,
}

impl Sums {
    /// Adds a step.
    pub fn add(&mut self, report: &StepReport) {
        let add = |bits: &mut u64, value: f64| *bits = (f64::from_bits(*bits) + value).to_bits();
        add(&mut self.total, report.total);
        add(&mut self.cross_entropy, report.cross_entropy);
        self.parts.resize(report.parts.len(), 0);
        self.parts.iter_mut().zip(&report.parts).for_each(|(sum, part)| add(sum, *part));
        self.triplets.resize(report.triplets.len(), (0, 0));
        for (sum, seen) in self.triplets.iter_mut().zip(&report.triplets) {
            sum.0 += seen.considered;
            sum.1 += seen.active;
        }
    }

    /// The mean of each term over `steps` steps.
    pub fn parts(&self, steps: usize) -> Vec<f64> {
        self.parts.iter().map(|sum| f64::from_bits(*sum) / steps as f64).collect()
    }

    /// The log of an epoch of `steps` steps.
    pub fn close(
        self,
        epoch: u32,
        lr: f64,
        steps: usize,
        val_loss: f64,
        val_auc: Option<f64>,
    ) -> EpochLog {
        let fraction = |&(all, active): &(u64, u64)| active as f64 / all.max(1) as f64;
        EpochLog {
            epoch,
            lr,
            train_loss: f64::from_bits(self.total) / steps as f64,
            train_cross_entropy: f64::from_bits(self.cross_entropy) / steps as f64,
            active_triplets: self.triplets.iter().map(fraction).collect(),
            val_loss,
            val_auc,
        }
    }
}

/// The tensors of a fit.
#[derive(Debug)]
pub struct Tensors<'a> {
    /// The weights that are trained.
    pub params: &'a Params,
    /// With its moments or velocities.
    pub optimizer: Stepper,
    /// The moving average of the weights, if one is kept.
    pub average: Option<Params>,
}

/// The folder of a fit: `state.safetensors` and the best checkpoint while it runs,
/// `model.safetensors` and `log.json` at its end.
#[derive(Clone, Copy, Debug)]
pub struct StateFolder<'a> {
    folder: &'a Path,
}

impl<'a> StateFolder<'a> {
    /// The given folder.
    pub fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The checkpoint of an epoch that was the best when it ended.
    pub fn best_path(&self, epoch: u32) -> PathBuf {
        self.folder.join(format!("best-{epoch}.safetensors"))
    }

    fn state_path(&self) -> PathBuf {
        self.folder.join("state.safetensors")
    }

    /// Writes the state, then removes checkpoints that it no longer refers to.
    pub fn save(&self, tensors: &Tensors<'_>, progress: &Progress) -> Result<(), Failure> {
        let mut all = tensors.optimizer.state(tensors.params)?;
        let weights = [("param", Some(tensors.params)), ("average", tensors.average.as_ref())];
        for (kind, params) in weights {
            for (name, tensor) in params.map(Params::snapshot).transpose()?.unwrap_or_default() {
                all.insert(format!("{kind}.{name}"), tensor);
            }
        }
        checkpoint::write(&self.state_path(), &all, progress)?;
        let best = progress.best.map(|(epoch, _)| epoch);
        for epoch in (1..=progress.epoch).filter(|epoch| Some(*epoch) != best) {
            match std::fs::remove_file(self.best_path(epoch)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::write(&self.best_path(epoch), &e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes up the state of a stopped run, if the folder holds one.
    pub fn resume(&self, tensors: &mut Tensors<'_>) -> Result<Option<Progress>, Failure> {
        let path = self.state_path();
        if !path.is_file() {
            return Ok(None);
        }
        let (stored, progress): (BTreeMap<String, Tensor>, Progress) = checkpoint::read(&path)?;
        checkpoint::set(&path, tensors.params, &stored, "param.")?;
        if let Some(average) = &tensors.average {
            checkpoint::set(&path, average, &stored, "average.")?;
        }
        tensors.optimizer.restore(tensors.params, &stored).map_err(|e| {
            Failure::Data(format!("{} is not a whole state: {e}; delete it", path.display()))
        })?;
        *tensors.optimizer.steps() = progress.optimizer_steps;
        Ok(Some(progress))
    }

    /// Turns the checkpoint of the kept epoch into `model.safetensors`, writes `log.json`
    /// and removes the state, in this order: killed anywhere in between, the next run
    /// finds what it needs to end here too.
    pub fn finish(&self, kept: u32, log: &[EpochLog]) -> Result<(), Failure> {
        let (best, target) = (self.best_path(kept), self.model_path());
        if best.exists() || !target.exists() {
            std::fs::rename(&best, &target).map_err(|e| Failure::write(&target, &e))?;
        }
        let text = serde_json::to_vec_pretty(log).map_err(|e| Failure::Internal(e.to_string()))?;
        write_whole(&self.log_path(), &text)?;
        let state = self.state_path();
        std::fs::remove_file(&state).map_err(|e| Failure::write(&state, &e))
    }

    /// The log, if the fit came to its end.
    pub fn finished(&self) -> Option<Vec<EpochLog>> {
        let ended = !self.state_path().exists() && self.model_path().exists();
        let text = std::fs::read(self.log_path()).ok().filter(|_| ended)?;
        serde_json::from_slice(&text).ok()
    }

    fn model_path(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("log.json")
    }
}

//! Where a fit stands, and the files from which a stopped one goes on to the same bytes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::log::EpochLog;
use super::optim::Stepper;
use super::step::StepReport;
use proofmark_base::store::{set_aside, write_whole};
use proofmark_base::work::Failure;
use proofmark_model::params::Params;

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

/// How far a fit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its epochs.
    pub epochs: u32,
    /// The steps of each.
    pub steps: usize,
}

/// What a stopped run has left.
enum Left {
    /// A state that is whole, and of this course.
    Sound(BTreeMap<String, Tensor>, Progress),
    /// None that is of use, for this reason.
    Useless(String),
}

impl Progress {
    /// Says what keeps this from being a place on a course.
    fn fits(&self, Extent { epochs, steps }: Extent) -> Result<(), String> {
        let Self { epoch, step, optimizer_steps, log, best, .. } = self;
        let inside = match epoch.cmp(&epochs) {
            Ordering::Less => *step < steps,
            Ordering::Equal => *step == 0,
            Ordering::Greater => false,
        };
        if !inside {
            return Err(format!(
                "it is after {epoch} epochs and {step} steps, of {epochs} epochs of {steps} steps"
            ));
        }
        let taken = u64::from(*epoch) * steps as u64 + *step as u64;
        if *optimizer_steps != taken {
            return Err(format!("its optimiser took {optimizer_steps} steps, not {taken}"));
        }
        if !log.iter().map(|entry| entry.epoch).eq(1..=*epoch) {
            return Err(format!("its log is not that of {epoch} epochs"));
        }
        match best {
            None if *epoch == 0 => Ok(()),
            Some((best, _)) if (1..=*epoch).contains(best) => Ok(()),
            None => Err("it has no best epoch".to_owned()),
            Some((best, _)) => Err(format!("its best epoch is {best} of {epoch}")),
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

impl Tensors<'_> {
    /// A digest of all of them.
    ///
    /// # Errors
    /// Tensors that cannot be read.
    pub fn digest(&self) -> Result<[u8; 32], Failure> {
        let mut hasher = blake3::Hasher::new();
        for tensor in self.all()?.values() {
            for value in tensor.flatten_all()?.to_vec1::<f32>()? {
                hasher.update(&value.to_le_bytes());
            }
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// All of them by name, as a state file holds them.
    fn all(&self) -> Result<BTreeMap<String, Tensor>, Failure> {
        let mut all = self.optimizer.state(self.params)?;
        for (kind, params) in [("param", Some(self.params)), ("average", self.average.as_ref())] {
            for (name, tensor) in params.map(Params::snapshot).transpose()?.unwrap_or_default() {
                all.insert(format!("{kind}.{name}"), tensor);
            }
        }
        Ok(all)
    }
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
        checkpoint::write(&self.state_path(), &tensors.all()?, progress)?;
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

    /// Takes up the state of a stopped run, if the folder holds one. One that is damaged, or not
    /// of this course, is set aside, which `note` hears, and the training begins again: the model
    /// is the same, it only takes longer.
    ///
    /// # Errors
    /// A state that cannot be read, or not be set aside.
    pub fn resume(
        &self,
        tensors: &mut Tensors<'_>,
        extent: Extent,
        note: &dyn Fn(&str),
    ) -> Result<Option<Progress>, Failure> {
        let path = self.state_path();
        if !path.is_file() {
            return Ok(None);
        }
        std::fs::File::open(&path).map_err(|e| Failure::read(&path, &e))?;
        match self.sound(tensors, extent)? {
            Left::Sound(stored, progress) => {
                self.take_up(tensors, &stored, &progress)?;
                Ok(Some(progress))
            }
            Left::Useless(why) => {
                let aside = set_aside(&path).map_err(|e| Failure::write(&path, &e))?;
                note(&format!(
                    "the state of the stopped training is of no use: {why}; it was set aside as {}, \
                     and the training begins again",
                    aside.display()
                ));
                Ok(None)
            }
        }
    }

    /// Takes up the state that the first of several processes has taken up.
    ///
    /// # Errors
    /// One that this process does not find, or finds to be of no use.
    pub fn follow(&self, tensors: &mut Tensors<'_>, extent: Extent) -> Result<(), Failure> {
        match self.sound(tensors, extent)? {
            Left::Sound(stored, progress) => self.take_up(tensors, &stored, &progress),
            Left::Useless(why) => Err(Failure::run(format!(
                "rank 0 goes on from a state that another rank cannot use: {why}; all ranks have to \
                 see the same store"
            ))),
        }
    }

    fn take_up(
        &self,
        tensors: &mut Tensors<'_>,
        stored: &BTreeMap<String, Tensor>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let path = self.state_path();
        checkpoint::set(&path, tensors.params, stored, "param.")?;
        if let Some(average) = &tensors.average {
            checkpoint::set(&path, average, stored, "average.")?;
        }
        tensors.optimizer.restore(tensors.params, stored)?;
        *tensors.optimizer.steps() = progress.optimizer_steps;
        Ok(())
    }

    /// The state that is there.
    fn sound(&self, tensors: &Tensors<'_>, extent: Extent) -> Result<Left, Failure> {
        let path = self.state_path();
        if let Err(why) = checkpoint::check(&path) {
            return Ok(Left::Useless(why));
        }
        let (stored, progress): (_, Progress) = match checkpoint::read(&path) {
            Ok(state) => state,
            Err(failure) => return Ok(Left::Useless(failure.to_string())),
        };
        if let Err(why) = progress.fits(extent) {
            return Ok(Left::Useless(format!("{}: {why}", path.display())));
        }
        let shape = |tensor: &Tensor| (tensor.dims().to_vec(), tensor.dtype());
        for (name, own) in tensors.all()? {
            if stored.get(&name).map(shape) != Some(shape(&own)) {
                return Ok(Left::Useless(format!(
                    "{} has no `{name}` of its shape",
                    path.display()
                )));
            }
        }
        // Killed at its end, a fit has given the best checkpoint its last name.
        let kept = progress.best.map(|(epoch, _)| checkpoint::check(&self.best_path(epoch)));
        let ended =
            progress.epoch == extent.epochs && checkpoint::check(&self.model_path()).is_ok();
        Ok(match kept {
            Some(Err(why)) if !ended => Left::Useless(why),
            Some(_) | None => Left::Sound(stored, progress),
        })
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

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;

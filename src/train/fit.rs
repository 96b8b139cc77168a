//! The fit loop: epochs of steps, a validation after each, the best checkpoint kept,
//! and at every moment a state from which a stopped run goes on to the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::batch::{Inputs, Sample, epoch_order};
use super::checkpoint::{self, ModelCard};
use super::optimizer::{AdamW, groups};
use super::schedule::learning_rate;
use crate::evaluate::metrics::Ranking;
use crate::lang::model::{Experiment, Keep};
use crate::model::losses::{cross_entropy, objective, scalar};
use crate::model::params::Params;
use crate::model::vit::{DropPath, VitConfig, forward, probabilities};
use crate::work::{Events, Failure};

/// Batches that are made ready while a step runs.
const PREFETCH: usize = 2;
/// Faces of a forward pass without gradient.
pub const EVAL_BATCH: usize = 64;

/// One epoch of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLog {
    /// Counted from 1.
    pub epoch: u32,
    /// Learning rate of its last step, before layer scales.
    pub lr: f64,
    /// Mean objective over its steps.
    pub train_loss: f64,
    /// Mean plain cross-entropy over its steps.
    pub train_cross_entropy: f64,
    /// Fraction of considered triplets that were active, per triplet term.
    pub active_triplets: Vec<f64>,
    /// Mean plain cross-entropy over validation faces.
    pub val_loss: f64,
    /// ROC-AUC of validation faces; none when one class is absent.
    pub val_auc: Option<f64>,
}

/// What a fit needs.
pub struct Fit<'a> {
    /// The declared experiment.
    pub experiment: &'a Experiment,
    /// The network.
    pub config: VitConfig,
    /// Its parameters, at their first values.
    pub params: &'a Params,
    /// How faces become inputs.
    pub inputs: Inputs<'a>,
    /// Faces to train on.
    pub train: &'a [Sample],
    /// Faces that select the checkpoint.
    pub val: &'a [Sample],
    /// What the checkpoint will say about itself; `epoch` is filled in.
    pub card: ModelCard,
    /// Where state and results are written.
    pub folder: &'a Path,
    /// Where it runs.
    pub device: &'a Device,
    /// Hears of progress.
    pub events: &'a dyn Events,
    /// Set to stop after the current step.
    pub stop: &'a AtomicBool,
}

/// Where a fit stands: everything but the tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// Finished epochs.
    epoch: u32,
    /// Finished steps of the current epoch.
    step: usize,
    /// Steps of the optimiser.
    optimizer_steps: u64,
    /// Sums over the current epoch's steps, as bits so that they come back exactly.
    sums: Sums,
    log: Vec<EpochLog>,
    /// Epoch of the best checkpoint so far, from 1, and its value as bits.
    best: Option<(u32, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    total: u64,
    cross_entropy: u64,
    /// Considered and active triplets per term.
    triplets: Vec<(u64, u64)>,
}

/// Adds to a sum that is kept as bits.
fn add(bits: &mut u64, value: f64) {
    *bits = (f64::from_bits(*bits) + value).to_bits();
}

impl Fit<'_> {
    /// Steps of one epoch; the last, incomplete batch is dropped.
    pub fn steps_per_epoch(&self) -> usize {
        self.train.len() / self.experiment.recipe.batch.value
    }

    /// Trains, or goes on where a stopped run left off. Leaves `model.safetensors` in
    /// the folder and returns the log.
    pub fn run(&self) -> Result<Vec<EpochLog>, Failure> {
        let recipe = &self.experiment.recipe;
        let batch = recipe.batch.value;
        if self.steps_per_epoch() == 0 {
            return Err(Failure::Run(format!(
                "experiment `{}` samples {} training faces, fewer than one batch of {batch}; \
                 declare a smaller batch or more data",
                self.experiment.name.value,
                self.train.len()
            )));
        }
        if self.val.is_empty() && recipe.keep.value != Keep::Last {
            return Err(Failure::Run(format!(
                "experiment `{}` keeps the best checkpoint on validation, but its ensemble has no \
                 validation face; give a source a val split or declare `keep last`",
                self.experiment.name.value
            )));
        }
        let groups = groups(&recipe.adamw, &self.config, self.params);
        let mut optimizer = AdamW::new(&recipe.adamw, groups, self.params);
        let mut progress = self.resume(&mut optimizer)?;
        let epochs = recipe.epochs.value;
        let total = u64::from(epochs) * self.steps_per_epoch() as u64;
        self.events.begin("steps", total);
        let done = u64::from(progress.epoch) * self.steps_per_epoch() as u64;
        self.events.resume(done + progress.step as u64);
        while progress.epoch < epochs {
            self.epoch(&mut optimizer, &mut progress)?;
            self.close_epoch(&mut progress)?;
            self.save(&optimizer, &progress)?;
        }
        let kept = progress.best.map_or(epochs, |(epoch, _)| epoch);
        let target = self.folder.join("model.safetensors");
        let best = self.best_path(kept);
        std::fs::rename(&best, &target).map_err(|e| Failure::write(&target, &e))?;
        let state = self.folder.join("state.safetensors");
        std::fs::remove_file(&state).map_err(|e| Failure::write(&state, &e))?;
        Ok(progress.log)
    }

    /// The steps of one epoch that are still to be taken.
    fn epoch(&self, optimizer: &mut AdamW, progress: &mut Progress) -> Result<(), Failure> {
        let recipe = &self.experiment.recipe;
        let (seed, epoch, batch) = (recipe.seed.value, progress.epoch, recipe.batch.value);
        let order = epoch_order(self.train.len(), seed, epoch);
        let steps = self.steps_per_epoch();
        let todo: Vec<Vec<Sample>> = (progress.step..steps)
            .map(|s| order[s * batch..(s + 1) * batch].iter().map(|&i| self.train[i]).collect())
            .collect();
        std::thread::scope(|scope| {
            // The receiver lives in here: when the fit stops it goes first, which is how
            // the loader learns of it.
            let (sender, receiver) = sync_channel::<Vec<f32>>(PREFETCH);
            let (inputs, todo) = (&self.inputs, &todo);
            scope.spawn(move || {
                for samples in todo {
                    let planes = inputs.training(samples, recipe.augment.value, seed, epoch);
                    // The fit has stopped when nobody receives.
                    if sender.send(planes).is_err() {
                        return;
                    }
                }
            });
            for samples in todo {
                if self.stop.load(Ordering::Relaxed) {
                    self.save(optimizer, progress)?;
                    return Err(Failure::Interrupted);
                }
                let planes = receiver
                    .recv()
                    .map_err(|_| Failure::Internal("the loader stopped early".to_owned()))?;
                self.step(optimizer, progress, samples, planes)?;
                self.events.advance(1);
            }
            Ok(())
        })
    }

    fn step(
        &self,
        optimizer: &mut AdamW,
        progress: &mut Progress,
        samples: &[Sample],
        planes: Vec<f32>,
    ) -> Result<(), Failure> {
        let recipe = &self.experiment.recipe;
        let images = self.inputs.tensor(planes, self.device)?;
        let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
        let step = progress.step as u64;
        let drop = DropPath { seed: recipe.seed.value, epoch: progress.epoch, step };
        let output = forward(&self.config, self.params, &images, Some(drop))?;
        let loss = objective(&self.experiment.loss, &output.logits, &output.embedding, &classes)?;
        let total = scalar(&loss.total)?;
        if !total.is_finite() {
            let (epoch, step) = (progress.epoch + 1, step + 1);
            return Err(Failure::Diverged { value: total, epoch, step });
        }
        optimizer.step(self.params, &loss.total.backward()?, self.rate(progress))?;
        let plain = match loss.cross_entropy {
            Some(plain) => plain,
            None => scalar(&cross_entropy(&output.logits.detach(), &classes, 0.0)?)?,
        };
        let sums = &mut progress.sums;
        add(&mut sums.total, total);
        add(&mut sums.cross_entropy, plain);
        sums.triplets.resize(loss.triplets.len(), (0, 0));
        for (sum, seen) in sums.triplets.iter_mut().zip(&loss.triplets) {
            sum.0 += seen.considered;
            sum.1 += seen.active;
        }
        progress.step += 1;
        progress.optimizer_steps = optimizer.steps;
        Ok(())
    }

    /// Learning rate of the step that `progress` is at.
    fn rate(&self, progress: &Progress) -> f64 {
        let recipe = &self.experiment.recipe;
        let t = f64::from(progress.epoch) + progress.step as f64 / self.steps_per_epoch() as f64;
        let epochs = f64::from(recipe.epochs.value);
        learning_rate(&recipe.schedule, recipe.adamw.lr.value, epochs, t)
    }

    /// Validates, logs, and keeps the checkpoint if it is the best.
    fn close_epoch(&self, progress: &mut Progress) -> Result<(), Failure> {
        let (val_loss, val_auc) = self.validate()?;
        let steps = self.steps_per_epoch() as f64;
        let sums = std::mem::take(&mut progress.sums);
        progress.step -= 1;
        let lr = self.rate(progress);
        progress.step = 0;
        progress.epoch += 1;
        let epoch = progress.epoch;
        let log = EpochLog {
            epoch,
            lr,
            train_loss: f64::from_bits(sums.total) / steps,
            train_cross_entropy: f64::from_bits(sums.cross_entropy) / steps,
            active_triplets: sums
                .triplets
                .iter()
                .map(|(considered, active)| *active as f64 / (*considered).max(1) as f64)
                .collect(),
            val_loss,
            val_auc,
        };
        // Lower is better.
        let value = match self.experiment.recipe.keep.value {
            Keep::LowestValLoss => val_loss,
            Keep::HighestValAuc => -val_auc.unwrap_or(f64::NEG_INFINITY),
            Keep::Last => -f64::from(epoch),
        };
        let better = progress.best.is_none_or(|(_, best)| value < f64::from_bits(best));
        if better {
            progress.best = Some((epoch, value.to_bits()));
            let card = ModelCard { epoch, ..self.card.clone() };
            checkpoint::write(&self.best_path(epoch), &self.params.snapshot()?, &card)?;
        }
        self.events.note(&format!(
            "epoch {epoch}: train {:.4}, val {val_loss:.4}, val AUC {}{}",
            log.train_loss,
            val_auc.map_or("n/a".to_owned(), |auc| format!("{:.1}", auc * 100.0)),
            if better { ", kept" } else { "" }
        ));
        progress.log.push(log);
        Ok(())
    }

    /// Mean plain cross-entropy and AUC of the validation faces.
    fn validate(&self) -> Result<(f64, Option<f64>), Failure> {
        let resize = self.experiment.recipe.resize.value;
        let mut sum = 0.0;
        let mut scored = Vec::with_capacity(self.val.len());
        for samples in self.val.chunks(EVAL_BATCH) {
            let planes = self.inputs.evaluation(samples, resize);
            let images = self.inputs.tensor(planes, self.device)?;
            let logits = forward(&self.config, self.params, &images, None)?.logits.detach();
            let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
            sum += scalar(&cross_entropy(&logits, &classes, 0.0)?)? * samples.len() as f64;
            for (sample, p) in samples.iter().zip(probabilities(&logits)?) {
                scored.push((sample.class > 0, fake_score(&p)));
            }
        }
        let auc = Ranking::new(scored).ok().and_then(|ranking| ranking.roc_auc().ok());
        Ok((sum / self.val.len().max(1) as f64, auc))
    }

    fn best_path(&self, epoch: u32) -> PathBuf {
        self.folder.join(format!("best-{epoch}.safetensors"))
    }

    /// Writes the state, then removes checkpoints that it no longer refers to.
    fn save(&self, optimizer: &AdamW, progress: &Progress) -> Result<(), Failure> {
        let mut tensors = optimizer.state(self.params)?;
        for (name, tensor) in self.params.snapshot()? {
            tensors.insert(format!("param.{name}"), tensor);
        }
        checkpoint::write(&self.folder.join("state.safetensors"), &tensors, progress)?;
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
    fn resume(&self, optimizer: &mut AdamW) -> Result<Progress, Failure> {
        let path = self.folder.join("state.safetensors");
        if !path.is_file() {
            return Ok(Progress::default());
        }
        let (tensors, progress): (BTreeMap<String, Tensor>, Progress) = checkpoint::read(&path)?;
        checkpoint::set(&path, self.params, &tensors, "param.")?;
        for (i, spec) in self.params.specs().iter().enumerate() {
            for (kind, values) in
                [("first", &mut optimizer.first[i]), ("second", &mut optimizer.second[i])]
            {
                let name = format!("{kind}.{}", spec.name);
                let stored = tensors.get(&name).ok_or_else(|| {
                    Failure::Data(format!("{} lacks `{name}`; delete it", path.display()))
                })?;
                *values = stored.flatten_all()?.to_vec1()?;
            }
        }
        optimizer.steps = progress.optimizer_steps;
        let at = format!("epoch {}, step {}", progress.epoch + 1, progress.step + 1);
        self.events.note(&format!("going on from {at}"));
        Ok(progress)
    }
}

/// P(fake): the sum over all fake classes (paper section 3.4).
pub fn fake_score(probabilities: &[f32]) -> f64 {
    probabilities[1..].iter().map(|p| f64::from(*p)).sum()
}

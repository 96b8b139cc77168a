//! The fit loop: epochs of steps, a validation after each, the best checkpoint kept,
//! and at every moment a state from which a stopped run goes on to the same bytes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::batch::{Inputs, Sample, epoch_order};
use super::checkpoint::{self, ModelCard};
use super::optimizer::{AdamW, groups};
use super::schedule::learning_rate;
use super::state::{Progress, StateFolder, Tensors};
use super::step::{Batch, gradients};
use crate::evaluate::metrics::Ranking;
use crate::lang::model::{Experiment, Keep};
use crate::model::gradients::Gradients;
use crate::model::losses::{cross_entropy, scalar};
use crate::model::network::Network;
use crate::model::params::Params;
use crate::model::vit::{DropPath, VitConfig, probabilities};
use crate::work::{Divergence, Events, Failure};

/// Batches that are made ready while a step runs.
const PREFETCH: usize = 2;
/// Faces of a forward pass without gradient.
pub const EVAL_BATCH: usize = 64;
/// How often the state is written within an epoch.
const SAVE_EVERY: Duration = Duration::from_secs(600);

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
    /// Hears of progress.
    pub events: &'a dyn Events,
    /// Set to stop after the current step.
    pub stop: &'a AtomicBool,
}

impl Fit<'_> {
    /// Steps of one epoch; the last, incomplete batch is dropped.
    pub fn steps_per_epoch(&self) -> usize {
        self.train.len() / self.experiment.recipe.batch.value
    }

    /// Trains, or goes on where a stopped run left off. Leaves `model.safetensors` and
    /// `log.json` in the folder and returns the log.
    pub fn run(&self) -> Result<Vec<EpochLog>, Failure> {
        let state = StateFolder::new(self.folder);
        if let Some(log) = state.finished() {
            return Ok(log);
        }
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
        let average = match &recipe.ema {
            Some(_) => Some(self.params.copy()?),
            None => None,
        };
        let mut tensors = Tensors {
            params: self.params,
            optimizer: AdamW::new(&recipe.adamw, groups, self.params)?,
            average,
        };
        let mut progress = state.resume(&mut tensors)?.unwrap_or_default();
        if progress != Progress::default() {
            let at = format!("epoch {}, step {}", progress.epoch + 1, progress.step + 1);
            self.events.note(&format!("going on from {at}"));
        }
        let epochs = recipe.epochs.value;
        let total = u64::from(epochs) * self.steps_per_epoch() as u64;
        self.events.begin("steps", total);
        let done = u64::from(progress.epoch) * self.steps_per_epoch() as u64;
        self.events.resume(done + progress.step as u64);
        let precision = recipe.precision.value;
        let network = Network::new(self.config.clone(), self.params, precision);
        let mut grads = Gradients::new(self.params);
        while progress.epoch < epochs {
            self.epoch(&network, &mut tensors, &mut grads, &state, &mut progress)?;
            let kept = tensors.average.as_ref().unwrap_or(self.params);
            match &tensors.average {
                Some(average) => {
                    let network = Network::new(self.config.clone(), average, precision);
                    self.close_epoch(&network, kept, &state, &mut progress)?;
                }
                None => self.close_epoch(&network, kept, &state, &mut progress)?,
            }
            state.save(&tensors, &progress)?;
        }
        state.finish(progress.best.map_or(epochs, |(epoch, _)| epoch), &progress.log)?;
        Ok(progress.log)
    }

    /// The steps of one epoch that are still to be taken.
    fn epoch(
        &self,
        network: &Network<'_>,
        tensors: &mut Tensors<'_>,
        grads: &mut Gradients<'_>,
        state: &StateFolder<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let recipe = &self.experiment.recipe;
        let (seed, epoch, batch) = (recipe.seed.value, progress.epoch, recipe.batch.value);
        let order = epoch_order(self.train.len(), seed, epoch);
        let steps = self.steps_per_epoch();
        let todo: Vec<Vec<Sample>> = (progress.step..steps)
            .map(|s| order[s * batch..(s + 1) * batch].iter().map(|&i| self.train[i]).collect())
            .collect();
        let mut saved = Instant::now();
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
                    state.save(tensors, progress)?;
                    return Err(Failure::Interrupted);
                }
                if saved.elapsed() > SAVE_EVERY {
                    state.save(tensors, progress)?;
                    saved = Instant::now();
                }
                let planes = receiver
                    .recv()
                    .map_err(|_| Failure::Internal("the loader stopped early".to_owned()))?;
                self.step(network, tensors, grads, progress, samples, &planes)?;
                self.events.advance(1);
            }
            Ok(())
        })
    }

    fn step(
        &self,
        network: &Network<'_>,
        tensors: &mut Tensors<'_>,
        grads: &mut Gradients<'_>,
        progress: &mut Progress,
        samples: &[Sample],
        images: &[f32],
    ) -> Result<(), Failure> {
        let recipe = &self.experiment.recipe;
        let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
        let step = progress.step as u64;
        let drop = DropPath { seed: recipe.seed.value, epoch: progress.epoch, step, offset: 0 };
        let micro = recipe.micro.as_ref().map_or(samples.len(), |micro| micro.value);
        let batch = Batch { images, classes: &classes };
        grads.clear();
        let report = gradients(network, &self.experiment.loss, batch, micro, drop, grads)?;
        self.check("loss", report.total, progress, samples)?;
        let norm = grads.norm()?;
        self.check("norm of the gradient", norm, progress, samples)?;
        if let Some(clip) = &recipe.clip
            && norm > clip.value
        {
            grads.scale(clip.value / norm)?;
        }
        tensors.optimizer.step(self.params, grads, self.rate(progress))?;
        if let (Some(average), Some(decay)) = (&tensors.average, &recipe.ema) {
            average.move_towards(self.params, decay.value)?;
        }
        progress.sums.add(&report);
        progress.step += 1;
        progress.optimizer_steps = tensors.optimizer.steps;
        Ok(())
    }

    /// Stops the run at a quantity that is not a number any more.
    fn check(
        &self,
        quantity: &'static str,
        value: f64,
        progress: &Progress,
        samples: &[Sample],
    ) -> Result<(), Failure> {
        if value.is_finite() {
            return Ok(());
        }
        Err(Failure::Diverged(Box::new(Divergence {
            quantity,
            value,
            epoch: progress.epoch + 1,
            step: progress.step + 1,
            lr: self.rate(progress),
            faces: samples.iter().map(|sample| self.inputs.describe(sample)).collect(),
            checkpoint: progress
                .best
                .map(|(epoch, _)| (epoch, StateFolder::new(self.folder).best_path(epoch))),
        })))
    }

    /// Learning rate of the step that `progress` is at.
    fn rate(&self, progress: &Progress) -> f64 {
        let recipe = &self.experiment.recipe;
        let t = f64::from(progress.epoch) + progress.step as f64 / self.steps_per_epoch() as f64;
        let epochs = f64::from(recipe.epochs.value);
        learning_rate(&recipe.schedule, recipe.adamw.lr.value, epochs, t)
    }

    /// Validates, logs, and keeps the checkpoint if it is the best.
    fn close_epoch(
        &self,
        network: &Network<'_>,
        kept: &Params,
        state: &StateFolder<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let (val_loss, val_auc) = self.validate(network)?;
        let sums = std::mem::take(&mut progress.sums);
        progress.step -= 1;
        let lr = self.rate(progress);
        progress.step = 0;
        progress.epoch += 1;
        let epoch = progress.epoch;
        let log = sums.close(epoch, lr, self.steps_per_epoch(), val_loss, val_auc);
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
            checkpoint::write(&state.best_path(epoch), &kept.snapshot()?, &card)?;
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
    fn validate(&self, network: &Network<'_>) -> Result<(f64, Option<f64>), Failure> {
        let resize = self.experiment.recipe.resize.value;
        let mut sum = 0.0;
        let mut scored = Vec::with_capacity(self.val.len());
        for samples in self.val.chunks(EVAL_BATCH) {
            let logits = network.logits(&self.inputs.evaluation(samples, resize))?;
            let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
            sum += scalar(&cross_entropy(&logits, &classes, 0.0)?)? * samples.len() as f64;
            for (sample, p) in samples.iter().zip(probabilities(&logits)?) {
                scored.push((sample.class > 0, fake_score(&p)));
            }
        }
        let auc = Ranking::new(scored).ok().and_then(|ranking| ranking.roc_auc().ok());
        Ok((sum / self.val.len().max(1) as f64, auc))
    }
}

/// P(fake): the sum over all fake classes (paper section 3.4).
pub fn fake_score(probabilities: &[f32]) -> f64 {
    probabilities[1..].iter().map(|p| f64::from(*p)).sum()
}

//! The fit loop: epochs of steps, a validation after each, the best checkpoint kept,
//! and at every moment a state from which a stopped run goes on to the same bytes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::{Form, Inputs, Sample, epoch_order};
use super::checkpoint::{self, ModelCard};
use super::loader::{Loader, ahead, ahead_of_gpu};
use super::log::EpochLog;
use super::observe::Observer;
use super::optim::{Stepper, ascend, descend};
use super::schedule::learning_rate;
use super::state::{Extent, Progress, StateFolder, Tensors};
use super::step::{Batch, StepReport, Team, leaves};
use proofmark_base::work::{Divergence, Events, Failure};
use proofmark_group::group::{Group, any, broadcast, gather, leads};
use proofmark_group::tree::share;
use proofmark_lang::model::{Experiment, Keep};
use proofmark_metrics::{AUC, Ranking};
use proofmark_model::architecture::Architecture;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::Gradients;
use proofmark_model::images::{Images, Uploads};
use proofmark_model::losses::{Targets, cross_entropy, scalar};
use proofmark_model::network::Network;
use proofmark_model::network::probabilities;
use proofmark_model::params::Params;
use proofmark_model::resident::Resident;

/// Faces of a forward pass without gradient.
const EVAL_BATCH: usize = 64;
/// Largest side of an input of which so many are scored at a time, in pixels.
const USUAL_IMAGE: usize = 640;
/// How often the state is written within an epoch.
const SAVE_EVERY: Duration = Duration::from_secs(600);

/// What a fit needs.
pub struct Fit<'a> {
    /// The declared experiment.
    pub experiment: &'a Experiment,
    /// The network.
    pub config: Architecture,
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
    /// The processes that train the model together. The first writes and tells.
    pub group: &'a dyn Group,
}

impl Fit<'_> {
    /// Steps of one epoch; the last, incomplete batch is dropped.
    pub fn steps_per_epoch(&self) -> usize {
        self.train.len() / self.experiment.recipe.batch.size
    }

    /// Trains, or goes on where a stopped run left off. Leaves `model.safetensors`,
    /// `log.json` and the journal in the folder and returns the log.
    pub fn run(&self) -> Result<Vec<EpochLog>, Failure> {
        admit(self.experiment, &self.config, self.group.size())?;
        let state = StateFolder::new(self.folder);
        if let Some(log) = as_first(self.group, || Ok(state.finished()))? {
            return Ok(log);
        }
        let recipe = &self.experiment.recipe;
        let batch = recipe.batch.size;
        if self.steps_per_epoch() == 0 {
            return Err(Failure::run(format!(
                "experiment `{}` samples {} training faces, fewer than one batch of {batch}; \
                 declare a smaller batch or more data",
                self.experiment.name,
                self.train.len()
            ))
            .at(recipe.batch.at.size, "larger than the sample"));
        }
        if self.val.is_empty() && recipe.keep != Keep::Last {
            return Err(Failure::run(format!(
                "experiment `{}` keeps the best checkpoint on validation, but its ensemble has no \
                 validation face; give a source a val split or declare `keep last`",
                self.experiment.name
            ))
            .at(recipe.at.keep, "nothing to select by"));
        }
        let mut course = Course::begin(self, state)?;
        let epochs = recipe.epochs;
        while course.progress.epoch < epochs {
            course.epoch()?;
            course.close_epoch()?;
        }
        let progress = course.progress;
        if leads(self.group) {
            state.finish(progress.best.map_or(epochs, |(epoch, _)| epoch), &progress.log)?;
        }
        Ok(progress.log)
    }

    /// Mean plain cross-entropy and AUC of the validation faces. Each process scores some of the
    /// chunks that one would score; all add them in order.
    fn validate(&self, network: &Network<'_>) -> Result<(f64, Option<f64>), Failure> {
        let resize = self.experiment.recipe.resize;
        let chunks: Vec<&[Sample]> = self.val.chunks(together(self.config.image())).collect();
        let own = share(chunks.len(), self.group.rank(), self.group.size());
        let (own, form) = (&chunks[own], Form::of(network.params()));
        let make = |chunk: usize| Ok(self.inputs.evaluation(own[chunk], resize, None, form)?);
        let told: Vec<u8> = ahead_of_gpu(form, own.len(), make, |next| -> Result<_, Failure> {
            let mut told = Vec::new();
            for samples in own {
                let logits = network.logits(next()?.images())?;
                let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
                let loss = scalar(&cross_entropy(&logits, &classes, 0.0)?)? * samples.len() as f64;
                told.extend(loss.to_le_bytes());
                let scores = probabilities(&logits)?;
                told.extend(scores.iter().flat_map(|p| fake_score(p).to_le_bytes()));
            }
            Ok(told)
        })?;
        let told = gather(self.group, told)?.concat();
        let mut told = told.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
        let lost = || Failure::Internal("a rank has scored too few faces".to_owned());
        let mut sum = 0.0;
        let mut scored = Vec::with_capacity(self.val.len());
        for samples in chunks {
            sum += told.next().ok_or_else(lost)?;
            for sample in samples {
                scored.push((sample.class > 0, told.next().ok_or_else(lost)?));
            }
        }
        let auc = Ranking::new(scored).ok().and_then(|ranking| ranking.measure(AUC).ok());
        Ok((sum / self.val.len().max(1) as f64, auc))
    }
}

/// Refuses more processes than there are parts of a batch.
///
/// # Errors
/// That; a network whose parts cannot be computed apart.
pub fn admit(
    experiment: &Experiment,
    network: &Architecture,
    processes: usize,
) -> Result<(), Failure> {
    let (name, batch) = (&experiment.name, &experiment.recipe.batch);
    let parts = leaves(network, batch.size, batch.micro).count();
    if processes <= parts {
        return Ok(());
    }
    if !network.supports_micro_batches() {
        return Err(Failure::run(format!(
            "experiment `{name}` cannot be trained by {processes} processes: the batch norm of its \
             network needs the whole batch in one; begin one process, or train a ViT"
        )));
    }
    let micro = (batch.size / processes).max(1);
    let advice = match processes <= batch.size {
        true => format!("declare `batch {} micro={micro}`, or begin fewer processes", batch.size),
        false => "begin fewer processes".to_owned(),
    };
    Err(Failure::run(format!(
        "experiment `{name}` cannot be trained by {processes} processes: its batch of {} faces is \
         computed in {parts} parts of `micro` faces, and each process needs one; {advice}",
        batch.size
    ))
    .at(batch.at.size, "too few parts"))
}

/// A fit under way.
struct Course<'a> {
    fit: &'a Fit<'a>,
    network: Network<'a>,
    tensors: Tensors<'a>,
    grads: Gradients<'a>,
    team: Team<'a, 'a>,
    /// Places for images on the GPU, if the network is on one.
    uploads: Option<Uploads>,
    state: StateFolder<'a>,
    progress: Progress,
    /// Of the first process.
    observer: Option<Observer<'a>>,
}

impl<'a> Course<'a> {
    /// At its first step, or where a stopped run left off.
    fn begin(fit: &'a Fit<'a>, state: StateFolder<'a>) -> Result<Self, Failure> {
        let (recipe, params, events) = (&fit.experiment.recipe, fit.params, fit.events);
        let mut tensors = Tensors {
            params,
            optimizer: Stepper::new(&recipe.optimizer, &fit.config, params)?,
            average: recipe.ema.map(|_| params.copy()).transpose()?,
        };
        let steps = fit.steps_per_epoch();
        let extent = Extent { epochs: recipe.epochs, steps };
        let resume = || state.resume(&mut tensors, extent, &|text| events.note(text));
        let progress: Option<Progress> = as_first(fit.group, resume)?;
        if progress.is_some() && !leads(fit.group) {
            state.follow(&mut tensors, extent)?;
        }
        let progress = progress.unwrap_or_default();
        same(fit.group, &tensors, progress.epoch)?;
        if progress != Progress::default() {
            let at = format!("epoch {}, step {}", progress.epoch + 1, progress.step + 1);
            events.note(&format!("going on from {at}"));
        }
        events.begin("steps", u64::from(recipe.epochs) * steps as u64);
        events.resume(u64::from(progress.epoch) * steps as u64 + progress.step as u64);
        let loss = &fit.experiment.loss;
        let batch = recipe.batch.size;
        let observer = match leads(fit.group) {
            true => Some(Observer::open(fit.folder, loss, &progress, steps, batch, events)?),
            false => None,
        };
        let network = Network::new(fit.config.clone(), params, recipe.precision);
        Ok(Self {
            fit,
            network: if recipe.batch.micro.is_some() {
                network.with_checkpointing()
            } else {
                network
            },
            tensors,
            grads: Gradients::new(params),
            team: Team::new(fit.group, &fit.config, batch, recipe.batch.micro),
            uploads: params.resident().map(Resident::gpu).map(Uploads::new),
            state,
            progress,
            observer,
        })
    }

    /// The steps of one epoch that are still to be taken.
    fn epoch(&mut self) -> Result<(), Failure> {
        let fit = self.fit;
        let recipe = &fit.experiment.recipe;
        let (seed, epoch, batch) = (recipe.seed, self.progress.epoch, recipe.batch.size);
        let order = epoch_order(fit.train, seed, epoch);
        let todo: Vec<(u64, Vec<Sample>)> = (self.progress.step..fit.steps_per_epoch())
            .map(|s| (s as u64, &order[s * batch..(s + 1) * batch]))
            .map(|(s, faces)| (s, faces.iter().map(|&i| fit.train[i]).collect()))
            .collect();
        let mut saved = Instant::now();
        // Apart from the course, since its thread has it for the whole epoch.
        let uploads = self.uploads.take();
        let loader = Loader {
            inputs: &fit.inputs,
            augment: &recipe.augment.list(),
            mix: recipe.mix.as_deref(),
            seed,
            epoch,
            rows: self.team.rows(),
            uploads: uploads.as_ref(),
        };
        let make = |place: usize| {
            let (step, samples) = &todo[place];
            loader.load(*step, samples)
        };
        ahead(todo.len(), make, |next| -> Result<(), Failure> {
            for (_, samples) in &todo {
                if any(fit.group, fit.stop.load(Ordering::Relaxed))? {
                    self.save()?;
                    return Err(Failure::Interrupted);
                }
                if saved.elapsed() > SAVE_EVERY {
                    self.save()?;
                    saved = Instant::now();
                }
                let begun = Instant::now();
                let loaded = next()?;
                let waiting = begun.elapsed();
                let own = loaded.own;
                let there = loaded.arrive()?;
                let lr = self.rate();
                let (report, norm) = self.step(samples, there.images(), own)?;
                loader.give_back(there)?;
                if let Some(observer) = &mut self.observer {
                    observer.step(&self.progress, lr, norm, &report, begun, waiting)?;
                }
                fit.events.advance(1);
            }
            Ok(())
        })?;
        self.uploads = uploads;
        Ok(())
    }

    /// One step. What it saw, and the norm of its gradient before it was clipped.
    fn step(
        &mut self,
        samples: &[Sample],
        images: Images<'_>,
        own: f64,
    ) -> Result<(StepReport, f64), Failure> {
        let recipe = &self.fit.experiment.recipe;
        let classes: Vec<u32> = samples.iter().map(|s| s.class).collect();
        let (epoch, step) = (self.progress.epoch, self.progress.step as u64);
        let drop = DropPath { seed: recipe.seed, epoch, step, offset: 0 };
        let batch = Batch { images, targets: Targets { classes: &classes, own } };
        self.grads.clear();
        let loss = &self.fit.experiment.loss;
        let (network, grads) = (&self.network, &mut self.grads);
        let report = self.team.gradients(network, loss, batch.clone(), drop, grads)?;
        self.check("loss", report.total, samples)?;
        let mut norm = self.grads.norm()?;
        self.check("norm of the gradient", norm, samples)?;
        // Statistics are those at the weights themselves, not at the worst place nearby.
        self.network.update_running_statistics()?;
        if let Some(rho) = &recipe.sam {
            let before = ascend(self.fit.params, &self.grads, *rho, norm)?;
            self.grads.clear();
            let (network, grads) = (&self.network, &mut self.grads);
            let nearby = self.team.gradients(network, loss, batch, drop, grads)?;
            descend(self.fit.params, &before)?;
            self.check("loss nearby", nearby.total, samples)?;
            norm = self.grads.norm()?;
            self.check("norm of the gradient nearby", norm, samples)?;
        }
        if let Some(clip) = &recipe.clip
            && norm > *clip
        {
            self.grads.scale(*clip / norm)?;
        }
        let lr = self.rate();
        self.tensors.optimizer.step(self.fit.params, &self.grads, lr)?;
        if let (Some(average), Some(decay)) = (&self.tensors.average, &recipe.ema) {
            average.move_towards(self.fit.params, *decay)?;
        }
        self.progress.sums.add(&report);
        self.progress.step += 1;
        self.progress.optimizer_steps = *self.tensors.optimizer.steps();
        Ok((report, norm))
    }

    /// Stops the run at a quantity that is not a number any more.
    fn check(&self, quantity: &'static str, value: f64, samples: &[Sample]) -> Result<(), Failure> {
        if value.is_finite() {
            return Ok(());
        }
        let progress = &self.progress;
        let describe = |sample| self.fit.inputs.describe(sample);
        let diverged = Failure::Diverged(Box::new(Divergence {
            quantity,
            value,
            epoch: progress.epoch + 1,
            step: progress.step + 1,
            lr: self.rate(),
            faces: samples.iter().map(describe).collect(),
            checkpoint: progress.best.map(|(epoch, _)| (epoch, self.state.best_path(epoch))),
        }));
        let lr = self.fit.experiment.recipe.optimizer.lr_at();
        Err(diverged.at(lr, "the learning rate"))
    }

    /// Learning rate of the step that the fit is at.
    fn rate(&self) -> f64 {
        let recipe = &self.fit.experiment.recipe;
        let steps = self.fit.steps_per_epoch() as f64;
        let t = f64::from(self.progress.epoch) + self.progress.step as f64 / steps;
        let epochs = f64::from(recipe.epochs);
        learning_rate(&recipe.schedule, recipe.optimizer.lr(), epochs, t)
    }

    /// Validates, logs, keeps the checkpoint if it is the best, and saves the state.
    fn close_epoch(&mut self) -> Result<(), Failure> {
        let recipe = &self.fit.experiment.recipe;
        let (val_loss, val_auc) = match &self.tensors.average {
            Some(average) => self.fit.validate(&Network::new(
                self.fit.config.clone(),
                average,
                recipe.precision,
            ))?,
            None => self.fit.validate(&self.network)?,
        };
        let sums = std::mem::take(&mut self.progress.sums);
        self.progress.step -= 1;
        let lr = self.rate();
        // What is compared with it would never be better.
        self.check("validation loss", val_loss, &[])?;
        self.progress.step = 0;
        self.progress.epoch += 1;
        same(self.fit.group, &self.tensors, self.progress.epoch)?;
        let (epoch, steps) = (self.progress.epoch, self.fit.steps_per_epoch());
        let parts = sums.parts(steps);
        let log = sums.close(epoch, lr, steps, val_loss, val_auc);
        // Lower is better.
        let value = match recipe.keep {
            Keep::LowestValLoss => val_loss,
            Keep::HighestValAuc => -val_auc.unwrap_or(f64::NEG_INFINITY),
            Keep::Last => -f64::from(epoch),
        };
        let better = self.progress.best.is_none_or(|(_, best)| value < f64::from_bits(best));
        if better {
            self.progress.best = Some((epoch, value.to_bits()));
        }
        let Some(observer) = &mut self.observer else {
            self.progress.log.push(log);
            return Ok(());
        };
        if better {
            let card = ModelCard { epoch, ..self.fit.card.clone() };
            let kept = self.tensors.average.as_ref().unwrap_or(self.fit.params);
            checkpoint::write(&self.state.best_path(epoch), &kept.snapshot()?, &card)?;
        }
        observer.epoch(&log, steps, &parts, better)?;
        self.progress.log.push(log);
        self.save()
    }

    /// Writes the state, if this is the process that does.
    fn save(&self) -> Result<(), Failure> {
        match leads(self.fit.group) {
            true => self.state.save(&self.tensors, &self.progress),
            false => Ok(()),
        }
    }
}

/// What the first process finds, told to all.
fn as_first<T: Serialize + DeserializeOwned>(
    group: &dyn Group,
    find: impl FnOnce() -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let found = if leads(group) { find()? } else { None };
    if group.size() == 1 {
        return Ok(found);
    }
    let internal = |e: serde_json::Error| Failure::Internal(e.to_string());
    let text = serde_json::to_vec(&found).map_err(internal)?;
    serde_json::from_slice(&broadcast(group, text)?).map_err(internal)
}

/// Ends a run whose processes do not have the same weights any more.
fn same(group: &dyn Group, tensors: &Tensors<'_>, epoch: u32) -> Result<(), Failure> {
    if group.size() == 1 {
        return Ok(());
    }
    let digests = gather(group, tensors.digest()?.to_vec())?;
    match digests.iter().position(|digest| *digest != digests[0]) {
        None => Ok(()),
        Some(rank) => Err(Failure::run(format!(
            "after epoch {epoch} the weights of rank {rank} are not those of rank 0, so one of their \
             machines computes wrongly, or runs another build of Proofmark; `proofmark doctor --bits` \
             tells which"
        ))),
    }
}

/// Faces that are scored at a time by a network with inputs of this side: fewer, the more memory
/// each takes.
pub fn together(image: usize) -> usize {
    let times = (image as f64 / USUAL_IMAGE as f64).powi(2).max(1.0);
    ((EVAL_BATCH as f64 / times) as usize).max(1)
}

/// P(fake): the sum over all fake classes (paper section 3.4).
pub fn fake_score(probabilities: &[f32]) -> f64 {
    probabilities[1..].iter().map(|p| f64::from(*p)).sum()
}

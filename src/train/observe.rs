//! What a fit tells while it runs: the journal, the line of progress, warnings.

use std::path::Path;
use std::time::{Duration, Instant};

use super::journal::collapse::Watch;
use super::journal::file::{Journal, Position};
use super::journal::record::{
    EpochRecord, LossPart, Pace, Record, StepRecord, Triplets, now, term_names,
};
use super::log::EpochLog;
use super::state::Progress;
use super::step::StepReport;
use proofmark_base::work::{Events, Failure};
use proofmark_lang::model::{Loss, LossTerm};

/// Share of an epoch's time from which waiting for faces is worth a line.
const WAITING: f64 = 0.1;
/// Epochs shorter than this say nothing about the loader.
const TELLING: Duration = Duration::from_secs(10);

/// Tells of one fit. Nothing that it measures reaches the model.
pub struct Observer<'a> {
    events: &'a dyn Events,
    journal: Journal,
    watch: Watch,
    /// A name for each term of the objective, and whether it is a triplet loss.
    terms: Vec<(String, bool)>,
    /// The weight of each.
    weights: Vec<f64>,
    /// Faces of a step.
    batch: usize,
    /// The current epoch, as far as this process has seen it.
    epoch: Clock,
}

#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    steps: u64,
    /// Of the steps, waiting included.
    total: Duration,
    /// For the loader.
    waiting: Duration,
}

impl<'a> Observer<'a> {
    /// Takes up the journal in `folder` where `progress` stands.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn open(
        folder: &Path,
        loss: &Loss,
        progress: &Progress,
        steps_per_epoch: usize,
        batch: usize,
        events: &'a dyn Events,
    ) -> Result<Self, Failure> {
        let position = Position { epochs: progress.epoch, steps: progress.step as u64 };
        let triplet = |term: &LossTerm| term.term().triplet().is_some();
        Ok(Self {
            events,
            journal: Journal::open(folder, position, steps_per_epoch as u64, now())?,
            watch: Watch::new(loss),
            terms: term_names(loss).into_iter().zip(loss.terms.iter().map(triplet)).collect(),
            weights: loss.terms.iter().map(|term| term.term().weight()).collect(),
            batch,
            epoch: Clock::default(),
        })
    }

    /// Tells of a step that has just been taken: begun at `begun`, with its faces there
    /// after `waiting`.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn step(
        &mut self,
        progress: &Progress,
        lr: f64,
        grad_norm: f64,
        report: &StepReport,
        begun: Instant,
        waiting: Duration,
    ) -> Result<(), Failure> {
        let time = begun.elapsed();
        self.epoch.steps += 1;
        self.epoch.total += time;
        self.epoch.waiting += waiting;
        let names = self.terms.iter().filter(|(_, triplet)| *triplet).map(|(name, _)| name);
        let record = StepRecord {
            epoch: progress.epoch + 1,
            step: progress.step as u64,
            time: now(),
            lr,
            loss: report.total,
            parts: self.parts(&report.parts),
            grad_norm,
            images_per_second: rate(self.batch, time),
            triplets: names.zip(&report.triplets).map(|(n, seen)| Triplets::new(n, seen)).collect(),
            embedding_norm: report.embedding_norm,
        };
        self.events.status(&record.line());
        if let Some(warning) = self.watch.see(&record) {
            self.events.note(&warning);
        }
        self.journal.write(&Record::Step(record))
    }

    /// Tells of an epoch that has been validated; `parts` are the means of the terms.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn epoch(
        &mut self,
        log: &EpochLog,
        steps: usize,
        parts: &[f64],
        kept: bool,
    ) -> Result<(), Failure> {
        let clock = std::mem::take(&mut self.epoch);
        if let Some(line) = clock.complaint() {
            self.events.note(&line);
        }
        let weighted: Vec<f64> = parts.iter().zip(&self.weights).map(|(p, w)| p * w).collect();
        let weighted = self.parts(&weighted);
        let each = weighted.iter().map(|part| format!("{} {:.4}", part.term, part.value));
        let each = match weighted.len() {
            0 | 1 => String::new(),
            _ => format!(" ({})", each.collect::<Vec<_>>().join(" + ")),
        };
        self.events.note(&format!(
            "epoch {}: train {:.4}{each}, val {:.4}, val AUC {}{}",
            log.epoch,
            log.train_loss,
            log.val_loss,
            log.val_auc.map_or("n/a".to_owned(), |auc| format!("{:.1}", auc * 100.0)),
            if kept { ", kept" } else { "" }
        ));
        self.journal.write(&Record::Epoch(EpochRecord {
            epoch: log.epoch,
            steps: steps as u64,
            pace: Some(Pace {
                time: now(),
                images_per_second: rate(self.batch * clock.steps as usize, clock.total),
                loader_share: clock.share(),
            }),
            train_loss: log.train_loss,
            parts: self.parts(parts),
            weighted,
            val_loss: Some(log.val_loss),
            val_auc: log.val_auc,
            kept,
        }))
    }

    fn parts(&self, values: &[f64]) -> Vec<LossPart> {
        let part = |((term, _), value): (&(String, bool), &f64)| LossPart {
            term: term.clone(),
            value: *value,
        };
        self.terms.iter().zip(values).map(part).collect()
    }
}

impl Clock {
    fn share(&self) -> f64 {
        self.waiting.as_secs_f64() / self.total.as_secs_f64().max(1e-9)
    }

    /// A line about a loader that is slower than the training.
    fn complaint(&self) -> Option<String> {
        let share = self.share();
        (self.total > TELLING && share > WAITING).then(|| {
            format!(
                "{:.0} % of the epoch went by waiting for faces to be augmented; more cores, or \
                 a smaller `--jobs`, would shorten it",
                share * 100.0
            )
        })
    }
}

fn rate(faces: usize, time: Duration) -> f64 {
    faces as f64 / time.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loader_that_is_waited_for_is_told_of() {
        let clock = |total, waiting| Clock {
            steps: 3,
            total: Duration::from_secs(total),
            waiting: Duration::from_secs(waiting),
        };
        assert!(clock(100, 40).complaint().unwrap().starts_with("40 % of the epoch"));
        assert_eq!(clock(100, 5).complaint(), None);
        assert_eq!(clock(5, 4).complaint(), None);
        assert_eq!(Clock::default().complaint(), None);
    }
}

//! What the journal records, and a step as one line for people.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use proofmark_lang::model::Loss;
use proofmark_model::triplet::TripletStats;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// One step of the optimiser.
    Step(StepRecord),
    /// One epoch, with its validation.
    Epoch(EpochRecord),
}

/// What one step of the optimiser did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Counted from 1.
    pub epoch: u32,
    /// Counted from 1 in each epoch.
    pub step: u64,
    /// When it ended, in seconds since 1970 (UTC).
    pub time: f64,
    /// Learning rate, before layer scales.
    pub lr: f64,
    /// The objective: the weighted sum of the parts.
    pub loss: f64,
    /// Each term of the objective, without its weight.
    pub parts: Vec<LossPart>,
    /// Euclidean norm of the gradient of all parameters.
    pub grad_norm: f64,
    /// Training faces per second of wall clock.
    pub images_per_second: f64,
    /// What each triplet term saw.
    pub triplets: Vec<Triplets>,
    /// Mean Euclidean norm of the embeddings.
    pub embedding_norm: f64,
}

/// What one epoch came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: u32,
    /// Its number of steps.
    pub steps: u64,
    /// When, and how fast; none in a pack.
    #[serde(flatten)]
    pub pace: Option<Pace>,
    /// Mean objective over its steps.
    pub train_loss: f64,
    /// Mean of each term over its steps, without its weight.
    pub parts: Vec<LossPart>,
    /// The same with its weight: what it contributes to the objective. Empty in journals of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weighted: Vec<LossPart>,
    /// Mean plain cross-entropy over validation faces; none without any.
    pub val_loss: Option<f64>,
    /// ROC-AUC of validation faces; none when one class is absent.
    pub val_auc: Option<f64>,
    /// Whether its checkpoint is the best so far.
    pub kept: bool,
}

/// When an epoch ended and how fast it was, which differs from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// When its validation ended, in seconds since 1970 (UTC).
    pub time: f64,
    /// Training faces per second of wall clock, validation not counted.
    pub images_per_second: f64,
    /// Share of that time that went by waiting for faces to be loaded and augmented.
    pub loader_share: f64,
}

/// A term of the objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossPart {
    /// As [`term_names`] calls it.
    pub term: String,
    /// Its value without its weight.
    pub value: f64,
}

/// What a triplet term saw in one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Triplets {
    /// As [`term_names`] calls the term.
    pub term: String,
    /// Its loss without its weight.
    pub loss: f64,
    /// Triplets considered.
    pub considered: u64,
    /// Those with a loss above zero.
    pub active: u64,
    /// Mean distance from anchor to positive over what was considered.
    pub positive_distance: f64,
    /// Mean distance from anchor to negative.
    pub negative_distance: f64,
}

impl Triplets {
    /// What the triplet loss of the term called `term` saw.
    pub fn new(term: &str, stats: &TripletStats) -> Self {
        Self {
            term: term.to_owned(),
            loss: stats.loss,
            considered: stats.considered,
            active: stats.active,
            positive_distance: stats.positive_distance,
            negative_distance: stats.negative_distance,
        }
    }

    /// Active triplets of those considered; none if there was nothing to consider.
    pub fn active_fraction(&self) -> Option<f64> {
        (self.considered > 0).then(|| self.active as f64 / self.considered as f64)
    }
}

/// A name for each term of a loss, in its order: what it is, with a number if there are
/// several of it.
pub fn term_names(loss: &Loss) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for term in &loss.terms {
        let word = term.term().name();
        let before = names.iter().filter(|name| name.starts_with(word)).count();
        names.push(if before == 0 { word.to_owned() } else { format!("{word}-{}", before + 1) });
    }
    names
}

/// What each term contributed to the objective of an epoch; of a journal that does not say so, by
/// the weights of the loss. None where terms of one name could be taken for each other.
pub fn contributions(epoch: &EpochRecord, loss: &Loss) -> Option<Vec<LossPart>> {
    if !epoch.weighted.is_empty() {
        return Some(epoch.weighted.clone());
    }
    let weight = |name: &str| {
        let mut terms = loss.terms.iter().map(|term| term.term());
        let weight = terms.find(|term| term.name() == name)?.weight();
        terms.all(|other| other.name() != name).then_some(weight)
    };
    let of = |part: &LossPart| {
        Some(LossPart { term: part.term.clone(), value: part.value * weight(&part.term)? })
    };
    epoch.parts.iter().map(of).collect()
}

/// Seconds since 1970 (UTC).
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl StepRecord {
    /// One line for the progress line:
    /// `loss 0.8123 (cross-entropy 0.6931, batch-all 0.2384, 43 % active), lr 2.0e-5, gradient 1.3`.
    pub fn line(&self) -> String {
        let part = |part: &LossPart| format!("{} {:.4}", part.term, part.value);
        let mut parts: Vec<String> = self.parts.iter().map(part).collect();
        for triplets in &self.triplets {
            if let Some(fraction) = triplets.active_fraction() {
                parts.push(format!("{:.0} % active", fraction * 100.0));
            }
        }
        // One term of weight 1 is the loss.
        let shown = parts.len() > 1 || self.parts.iter().any(|part| part.value != self.loss);
        let parts = if shown { format!(" ({})", parts.join(", ")) } else { String::new() };
        format!("loss {:.4}{parts}, lr {:.1e}, gradient {:.2}", self.loss, self.lr, self.grad_norm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::model::{CrossEntropy, LossTerm, Mining, Triplet};

    #[test]
    fn terms_have_names_of_their_own() {
        let triplet =
            |mining| LossTerm::from(Triplet { mining, margin: 0.3, weight: 1.0, normalize: false });
        let terms = vec![
            LossTerm::from(CrossEntropy { weight: 1.0, smoothing: 0.0 }),
            triplet(Mining::BatchAll),
            triplet(Mining::HardPositiveHardNegative),
            triplet(Mining::BatchAll),
        ];
        assert_eq!(
            term_names(&Loss { terms }),
            ["cross-entropy", "batch-all", "hard-positive-hard-negative", "batch-all-2"]
        );
    }

    #[test]
    fn a_step_is_one_line() {
        let part = |term: &str, value| LossPart { term: term.to_owned(), value };
        let mut step = StepRecord {
            lr: 2e-5,
            loss: 0.6875,
            parts: vec![part("cross-entropy", 0.6875)],
            grad_norm: 1.254,
            ..StepRecord::default()
        };
        assert_eq!(step.line(), "loss 0.6875, lr 2.0e-5, gradient 1.25");
        step.parts.push(part("batch-all", 0.2));
        let stats = TripletStats { considered: 8, active: 2, ..TripletStats::default() };
        step.triplets = vec![Triplets::new("batch-all", &stats)];
        assert_eq!(
            step.line(),
            "loss 0.6875 (cross-entropy 0.6875, batch-all 0.2000, 25 % active), lr 2.0e-5, \
             gradient 1.25"
        );
        step.triplets[0].considered = 0;
        assert!(!step.line().contains("active"));
    }
}

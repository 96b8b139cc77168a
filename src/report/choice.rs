//! Which variant of an experiment its model is, and how flat the choice was.

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{Choice, Keep};
use proofmark_train::journal::record::EpochRecord;

/// A variant as far as the choice sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Key of its model.
    pub key: String,
    /// The epoch of its kept checkpoint, counted from 1.
    pub epoch: u32,
    /// The quantity of validation that decides, at that epoch.
    pub value: f64,
}

impl Candidate {
    /// A variant by the epochs of its training; none where its kept checkpoint lacks the quantity.
    pub fn of(by: Keep, key: &str, epochs: &[EpochRecord]) -> Option<Self> {
        let kept = epochs.iter().rev().find(|epoch| epoch.kept)?;
        let value = match by {
            Keep::LowestValLoss => kept.val_loss,
            Keep::HighestValAuc => kept.val_auc,
            Keep::Last => None,
        };
        let value = value.filter(|value| value.is_finite())?;
        Some(Self { key: key.to_owned(), epoch: kept.epoch, value })
    }
}

/// What was chosen, as it is recorded beside the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The variants, in the order of the declaration.
    pub candidates: Vec<Candidate>,
    /// The place of the chosen one.
    pub place: usize,
}

impl Chosen {
    /// The best of some variants, of equal ones the first; none of none.
    pub fn among(choice: &Choice, candidates: Vec<Candidate>) -> Option<Self> {
        let place = ranked(choice, &candidates).first().copied()?;
        Some(Self { candidates, place })
    }

    /// The chosen variant.
    ///
    /// # Panics
    /// Where the record is not of a choice.
    pub fn best(&self) -> &Candidate {
        &self.candidates[self.place]
    }

    /// The name of the chosen variant, unless this is the record of another choice, as in a pack
    /// that somebody changed.
    pub fn variant_of<'c>(&self, choice: &'c Choice) -> Option<&'c str> {
        let fits = self.candidates.len() == choice.variants.len()
            && Self::among(choice, self.candidates.clone()).as_ref() == Some(self);
        choice.variants.get(self.place).filter(|_| fits).map(String::as_str)
    }

    /// Which variant is chosen, and how flat the choice was:
    /// `margin=0.3, chosen among 3 by the lowest val.loss: 0.5120; next margin=0.1, 0.0080 from it;
    /// all are between 0.5120 and 0.6900`.
    pub fn words(&self, choice: &Choice) -> String {
        let name = |place: usize| settings(&choice.variants[place]);
        let best = self.best().value;
        let mut text = format!(
            "{}, chosen among {} by the {}: {}",
            name(self.place),
            choice.variants.len(),
            choice.words(),
            decimal(best)
        );
        let ranked = ranked(choice, &self.candidates);
        let Some(&next) = ranked.get(1) else { return text };
        let equal: Vec<String> = ranked[1..]
            .iter()
            .filter(|&&place| self.candidates[place].value == best)
            .map(|&place| name(place))
            .collect();
        if equal.is_empty() {
            let apart = (self.candidates[next].value - best).abs();
            text += &format!("; next {}, {} from it", name(next), decimal(apart));
        } else {
            text += &format!("; as good, and later in the file: {}", equal.join(" and "));
        }
        let values = || self.candidates.iter().map(|candidate| candidate.value);
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        text + &format!("; all are between {} and {}", decimal(low), decimal(high))
    }
}

/// The places of variants, the best first, equal ones in their order.
fn ranked(choice: &Choice, candidates: &[Candidate]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by(|&a, &b| {
        let (a, b) = (candidates[a].value, candidates[b].value);
        if choice.lowest() { a.total_cmp(&b) } else { b.total_cmp(&a) }
    });
    places
}

/// A quantity with four decimals, or as many as it takes to tell it from 0.
fn decimal(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.00005 {
        format!("{value:.1e}")
    } else {
        format!("{value:.4}")
    }
}

/// What tells a variant from the others: `margin=0.3, weight=1` of `ba[margin=0.3,weight=1]`.
pub(super) fn settings(variant: &str) -> String {
    let inside = variant.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    inside.unwrap_or(variant).replace(',', ", ")
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;

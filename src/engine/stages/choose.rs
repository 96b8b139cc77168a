//! The variants of an experiment to its model: the one that does best on validation.

use std::path::Path;
use std::sync::Arc;

use super::models::{NATURE, write_json};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Told, Work};
use crate::engine::kind::{Need, StageKind};
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Choice, Experiment, Placed, Project};
use proofmark_lang::span::{Origin, Spanned};
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_report::choice::{Candidate, Chosen};
use proofmark_train::journal::file::{FILE as JOURNAL, epochs};

/// Raised whenever another variant is chosen of the same ones than before.
const VERSION: u32 = 1;
/// What was chosen, and of what.
pub const FILE: &str = "choice.json";
/// What is taken of the chosen variant: what reads a model finds all of it there.
const TAKEN: [&str; 4] = ["model.safetensors", JOURNAL, "log.json", "load.json"];

/// The model of an experiment that is one of several variants.
#[derive(Debug)]
pub(super) struct ChooseModel {
    pub experiment: Arc<Placed<Experiment>>,
    pub choice: Choice,
    /// The models of the variants, by key.
    pub variants: Vec<String>,
}

impl Work for ChooseModel {
    fn nature(&self) -> Nature {
        // A choice is made in a moment.
        Nature { goes_on: false, ..NATURE }
    }

    fn name(&self) -> String {
        self.experiment.name.clone()
    }

    /// The models, in the order that decides between equal ones, and by what one is chosen.
    fn inputs(&self, _project: &Project, _facts: &Facts) -> Inputs {
        let by = Spanned::new(self.choice.by, self.experiment.at.choice);
        let variants = self.variants.iter().enumerate().fold(Inputs::empty(), |all, (i, key)| {
            all.finding(&format!("{i:04}"), Observed::Model, key)
        });
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .nested("variants", variants)
            .with("choose", by)
    }

    fn needs(&self) -> Vec<Need> {
        self.variants.iter().map(|key| (StageKind::Train, key.clone())).collect()
    }

    fn experiment(&self) -> Option<&str> {
        Some(&self.experiment.name)
    }

    fn provenance(&self, making: &Making<'_>) -> Result<Provenance, Failure> {
        making.devices.provenance(&self.experiment)
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.experiment.at.choice, "chosen by this")
    }

    fn cost(&self, _costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        let variants = self.variants.len();
        let words = format!("the one of {variants} variants with the {}", self.choice.words());
        Ok(Cost::new(words, [("variants", variants)]))
    }

    /// The files of the chosen variant, and `choice.json`.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let Making { results, folder, .. } = *making;
        let mut candidates = Vec::new();
        for (name, key) in self.choice.variants.iter().zip(&self.variants) {
            let from = results.folder(StageKind::Train, key)?;
            let candidate = Candidate::of(self.choice.by, key, &epochs(&from)?);
            candidates.push(candidate.ok_or_else(|| {
                Failure::data(format!(
                    "none of {} variants is chosen: `{name}` has no {} at its kept checkpoint, as \
                     where one class is missing from validation",
                    self.variants.len(),
                    self.choice.by.word()
                ))
            })?);
        }
        let chosen = Chosen::among(&self.choice, candidates)
            .ok_or_else(|| Failure::Internal("a choice among nothing".to_owned()))?;
        let from = results.folder(StageKind::Train, &chosen.best().key)?;
        for name in TAKEN {
            take(&from.join(name), &folder.join(name))?;
        }
        write_json(&folder.join(FILE), &chosen)?;
        Ok(Told::Line(format!("{}: {}", self.experiment.name, chosen.words(&self.choice))))
    }
}

/// Makes a file stand in another folder too, without a copy where the file system allows it.
fn take(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_file() || std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to).map(drop).map_err(|e| Failure::write(to, &e))
}

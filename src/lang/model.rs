//! The typed experiment: what a checked set of files says, with every name
//! resolved and every value carrying the place it was written.

mod corruption;
mod dataset;
mod layout;
mod recipe;
mod table;
mod training;

use std::collections::BTreeMap;

use serde::Serialize;

use super::span::Spanned;

pub use corruption::*;
pub use dataset::*;
pub use layout::*;
pub use recipe::*;
pub use table::*;
pub use training::*;

/// Everything that an experiment file and its imports declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Project {
    /// Data sets by name.
    pub datasets: BTreeMap<String, Dataset>,
    /// Experiments by name, with `extends` and `override` already applied.
    pub experiments: BTreeMap<String, Experiment>,
    /// Tables in order of declaration.
    pub tables: Vec<Table>,
}

impl Project {
    /// Leaves the tables of the file itself: those of the files it imports are theirs. A file
    /// that declares neither a table nor an experiment stands for what it imports.
    pub(super) fn keep_own(&mut self) {
        let own = |name: &Spanned<String>| name.origin.is_own();
        let tables = self.tables.iter().any(|table| own(&table.name));
        if tables || self.experiments.values().any(|experiment| own(&experiment.name)) {
            self.tables.retain(|table| own(&table.name));
        }
    }
}

/// One model: to train, or ready in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// Name.
    pub name: Spanned<String>,
    /// The experiment it was derived from.
    pub extends: Option<Spanned<String>>,
    /// What it trains on; no data set if it is ready.
    pub data: Ensemble,
    /// The network.
    pub backbone: Backbone,
    /// Its first weights.
    pub init: Init,
    /// How it is trained.
    pub recipe: Recipe,
    /// The objective.
    pub loss: Loss,
    /// Classes other than real and fake, if any.
    pub attribution: Option<Spanned<Attribution>>,
}

impl Experiment {
    /// What its file's classifier gives, if it is scored as the file has it: it then has no data,
    /// no loss, and a recipe that nobody wrote.
    pub fn ready(&self) -> Option<&Head> {
        self.init.head.as_ref().filter(|_| self.data.sources.is_empty())
    }
}

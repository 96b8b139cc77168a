//! A checked set of files as one value.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::node::Placed;
use crate::nodes::{Dataset, Experiment, Table};

/// Everything that an experiment file and its imports declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Project {
    /// Data sets by name.
    pub datasets: BTreeMap<String, Placed<Dataset>>,
    /// Experiments by name, with `extends` and `override` already applied.
    pub experiments: BTreeMap<String, Placed<Experiment>>,
    /// Tables in order of declaration.
    pub tables: Vec<Placed<Table>>,
}

impl Project {
    /// Leaves the tables of the file itself: those of the files it imports are theirs. A file
    /// that declares neither a table nor an experiment stands for what it imports.
    pub(crate) fn keep_own(&mut self) {
        let tables = self.tables.iter().any(|table| table.at.name.is_own());
        if tables || self.experiments.values().any(|experiment| experiment.at.name.is_own()) {
            self.tables.retain(|table| table.at.name.is_own());
        }
    }
}

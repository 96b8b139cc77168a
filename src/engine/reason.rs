//! Whether each stage of a plan would run, and why.

use super::graph::{Plan, Stage};
use proofmark_base::store::Store;
use proofmark_plan::inputs::Change;

/// Whether a stage is to be run, and why.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Its result is in the store.
    Reuse,
    /// No stage of that name has run in this store.
    New,
    /// Its inputs differ from those of the last result of that name.
    Changed(Vec<Change>),
    /// Its inputs are those of the last result, which has been removed.
    Gone,
    /// An interrupted run left a state to go on from.
    Resume,
}

/// Whether each stage of a plan would run, and why.
pub fn reasons(plan: &Plan, store: &Store) -> Vec<Reason> {
    plan.stages.iter().map(|stage| reason(stage, store)).collect()
}

fn reason(stage: &Stage, store: &Store) -> Reason {
    let word = stage.word();
    if store.find(word, &stage.key).is_some() {
        return Reason::Reuse;
    }
    if store.has_state(word, &stage.key) {
        return Reason::Resume;
    }
    match store.last(word, &stage.name) {
        None => Reason::New,
        Some(before) => {
            let changes = stage.inputs.changes(&before);
            if changes.is_empty() { Reason::Gone } else { Reason::Changed(changes) }
        }
    }
}

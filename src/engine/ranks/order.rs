//! What the first process tells the others to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use proofmark_base::work::Failure;
use proofmark_group::group::{Group, broadcast};

/// What all do next.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// A training.
    Train(Training),
    /// Nothing any more.
    End,
}

/// Where a training is described and written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Training {
    /// The store, by an absolute path.
    pub store: PathBuf,
    /// Name of the plan in it.
    pub run: String,
    /// Key of the stage.
    pub key: String,
    /// Where its state is.
    pub folder: PathBuf,
}

impl Order {
    /// Tells it to all.
    ///
    /// # Errors
    /// A rank that is lost.
    pub fn tell(&self, group: &dyn Group) -> Result<(), Failure> {
        let text = serde_json::to_vec(self).map_err(|e| Failure::Internal(e.to_string()))?;
        broadcast(group, text).map(drop)
    }

    /// Waits for the next one.
    ///
    /// # Errors
    /// A first rank that is lost.
    pub fn hear(group: &dyn Group) -> Result<Self, Failure> {
        let text = broadcast(group, Vec::new())?;
        serde_json::from_slice(&text).map_err(|e| Failure::Internal(e.to_string()))
    }
}

//! The first of several processes.

use std::path::{Path, PathBuf};

use super::order::{Order, Training};
use crate::engine::graph::Stage;
use proofmark_base::work::Failure;
use proofmark_group::group::Group;
use proofmark_group::round::Round;

/// The first process, which the others wait for until this is dropped.
pub struct Leader(Box<dyn Group>);

impl Leader {
    /// Of a group in which this process is the first.
    pub fn new(group: Box<dyn Group>) -> Self {
        Self(group)
    }

    /// How many processes there are.
    pub fn size(&self) -> usize {
        self.0.size()
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Where one is lost, the others have found that out.
        let _lost = Order::End.tell(self.0.as_ref());
    }
}

/// The first process with a plan that all can read.
pub struct Lead<'a> {
    leader: &'a Leader,
    store: PathBuf,
    run: String,
}

impl<'a> Lead<'a> {
    /// Of a plan of this name that was written into a store.
    ///
    /// # Errors
    /// A path that cannot be made absolute.
    pub fn new(leader: &'a Leader, store: &Path, run: &str) -> Result<Self, Failure> {
        let store = std::path::absolute(store).map_err(|e| Failure::read(store, &e))?;
        Ok(Self { leader, store, run: run.to_owned() })
    }

    /// A training with all processes: `train` is this one's part of it.
    ///
    /// # Errors
    /// Those of the part; a rank that is lost or has failed.
    pub fn train<T>(
        &self,
        stage: &Stage,
        folder: &Path,
        train: impl FnOnce(&dyn Group) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let group = self.leader.0.as_ref();
        Order::Train(Training {
            store: self.store.clone(),
            run: self.run.clone(),
            key: stage.key.clone(),
            folder: std::path::absolute(folder).map_err(|e| Failure::read(folder, &e))?,
        })
        .tell(group)?;
        let round = Round::new(group);
        let trained = train(&round);
        let closed = round.close(trained.as_ref().err());
        // What went wrong here says more than that the others have ended.
        trained.and_then(|trained| closed.map(|()| trained))
    }
}

//! A file of the hub is taken from the cache, or downloaded.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::cache::Shelf;
use super::download::download;
use super::file::HubFile;
use super::settings::Settings;
use proofmark_base::work::{Events, Failure};

impl HubFile {
    /// The local copy, if it was downloaded before, here or by huggingface_hub.
    pub fn cached(&self) -> Option<PathBuf> {
        let found = Shelf::of(self, &Settings::of_process().cache).find(self);
        match &found {
            Some(file) => tracing::info!(file = %file.display(), "{self} is in the hub's cache"),
            None => tracing::info!("{self} is not in the hub's cache"),
        }
        found
    }

    /// The local copy, downloaded now if need be, until `stop` is set.
    ///
    /// # Errors
    /// [`HubError`] in [`Failure::Hub`] where it cannot be had; [`Failure::Interrupted`].
    pub fn fetch(&self, events: &dyn Events, stop: &AtomicBool) -> Result<PathBuf, Failure> {
        match self.cached() {
            Some(path) => Ok(path),
            None => download(self, &Settings::of_process(), events, stop),
        }
    }
}

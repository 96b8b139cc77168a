//! What every stage shares: how it reports progress, is stopped, and fails.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of a room that this one does not know.
type Inner = Box<dyn std::error::Error + Send + Sync>;

/// Hears what a stage does. The command line draws it; tests ignore it.
pub trait Events: Sync {
    /// `total` units of work begin.
    fn begin(&self, unit: &'static str, total: u64);
    /// `done` more units are done.
    fn advance(&self, done: u64);
    /// `done` units were done in an earlier run.
    fn resume(&self, done: u64);
    /// How the work goes at the moment, in a few words beside the progress.
    fn status(&self, text: &str);
    /// Something worth a line.
    fn note(&self, text: &str);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn begin(&self, _unit: &'static str, _total: u64) {}
    fn advance(&self, _done: u64) {}
    fn resume(&self, _done: u64) {}
    fn status(&self, _text: &str) {}
    fn note(&self, _text: &str) {}
}

/// Why a stage did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Ctrl-C: what is done is kept, and the same command goes on from there.
    #[error("interrupted; run the same command again to go on from here")]
    Interrupted,
    /// Data that is not there or has changed.
    #[error("{0}")]
    Data(String),
    /// A file cannot be written.
    #[error("cannot write {}: {source}{}", path.display(), hint(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A face store cannot be used.
    #[error(transparent)]
    Faces(Inner),
    /// Weights cannot be loaded.
    #[error(transparent)]
    Weights(Inner),
    /// Weights cannot be downloaded.
    #[error(transparent)]
    Hub(Inner),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] crate::store::StoreFailure),
    /// The loss or its gradient is not a number any more.
    #[error(transparent)]
    Diverged(Box<Divergence>),
    /// Something the run needs cannot be had from the data.
    #[error("{0}")]
    Run(String),
    /// Arithmetic on the device.
    #[error("the device failed: {0}")]
    Device(#[from] candle_core::Error),
    /// A mistake of ours.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

/// A training step whose loss or gradient is not a number any more.
#[derive(Debug)]
pub struct Divergence {
    /// What is not a number.
    pub quantity: &'static str,
    /// What it is instead.
    pub value: f64,
    /// Epoch from 1.
    pub epoch: u32,
    /// Step from 1.
    pub step: usize,
    /// Learning rate of the step, before layer scales.
    pub lr: f64,
    /// The faces of the batch, if it is one.
    pub faces: Vec<String>,
    /// The best epoch so far, from 1, and its checkpoint.
    pub checkpoint: Option<(u32, PathBuf)>,
}

impl std::error::Error for Divergence {}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quantity, value, epoch, step, lr, faces, checkpoint } = self;
        writeln!(
            f,
            "the {quantity} became {value} in epoch {epoch}, step {step}, at learning rate {lr:e}; \
             a lower learning rate, a longer warm-up or `clip` may help"
        )?;
        match checkpoint {
            Some((epoch, path)) => {
                writeln!(f, "last good checkpoint: epoch {epoch}, {}", path.display())?;
            }
            None => writeln!(f, "no epoch was finished, so there is no checkpoint")?,
        }
        // Of a validation there is no batch.
        if faces.is_empty() {
            Ok(())
        } else {
            write!(f, "faces of the batch: {}", faces.join(", "))
        }
    }
}

impl Failure {
    /// A failed write of `path`.
    pub fn write(path: &Path, source: &io::Error) -> Self {
        Self::Write { path: path.to_owned(), source: clone(source) }
    }

    /// A failed read of `path`.
    pub fn read(path: &Path, source: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), source: clone(source) }
    }
}

fn clone(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; choose another store with --store",
        _ => "",
    }
}

//! What every stage shares: how it reports progress, is stopped, and fails.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use proofmark_text::origin::Origin;

/// An error of a room that this one does not know, or a sentence.
pub type Inner = Box<dyn std::error::Error + Send + Sync>;

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
    #[error(transparent)]
    Data(Inner),
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
    #[error(transparent)]
    Run(Inner),
    /// What is asked for costs more than was declared.
    #[error(transparent)]
    Budget(Inner),
    /// Another process of those that train a model together has ended, or does not answer: what is
    /// done is kept, and the same command goes on from there.
    #[error("{0}; run the same command again to go on from the last state")]
    Group(String),
    /// Arithmetic on the device.
    #[error("the device failed: {0}")]
    Device(#[from] candle_core::Error),
    /// A mistake of ours.
    #[error("internal error, please report it: {0}")]
    Internal(String),
    /// One of the others, with the declarations that it is about.
    #[error("{}", .0.cause)]
    At(Box<Declared>),
}

/// A failure with the declarations that it is about.
#[derive(Debug)]
pub struct Declared {
    /// What went wrong.
    pub cause: Failure,
    /// Where, the most telling place first.
    pub marks: Vec<Mark>,
}

/// A place in a source file, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The place.
    pub origin: Origin,
    /// What is there, in a few words.
    pub text: String,
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
    /// Data that is not there or has changed. The error keeps its type.
    pub fn data(error: impl Into<Inner>) -> Self {
        Self::Data(error.into())
    }

    /// Something the run needs cannot be had from the data. The error keeps its type.
    pub fn run(error: impl Into<Inner>) -> Self {
        Self::Run(error.into())
    }

    /// With a declaration that it is about. A default is written nowhere, and a stop is about
    /// none.
    #[must_use]
    pub fn at(self, origin: Origin, text: impl Into<String>) -> Self {
        if origin.is_default() || matches!(self, Self::Interrupted) {
            return self;
        }
        let mark = Mark { origin, text: text.into() };
        Self::At(Box::new(match self {
            Self::At(mut declared) => {
                if declared.marks.iter().all(|other| other.origin != origin) {
                    declared.marks.push(mark);
                }
                *declared
            }
            cause => Declared { cause, marks: vec![mark] },
        }))
    }

    /// The same, unless a declaration is known.
    #[must_use]
    pub fn or_at(self, origin: Origin, text: impl Into<String>) -> Self {
        if self.marks().is_empty() { self.at(origin, text) } else { self }
    }

    /// The declarations that it is about.
    pub fn marks(&self) -> &[Mark] {
        if let Self::At(declared) = self { &declared.marks } else { &[] }
    }

    /// What went wrong, wherever.
    pub fn cause(&self) -> &Self {
        if let Self::At(declared) = self { &declared.cause } else { self }
    }

    /// The error about data of another room, if it is one of this type.
    pub fn of_data<E: std::error::Error + 'static>(&self) -> Option<&E> {
        if let Self::Data(error) = self.cause() { error.downcast_ref() } else { None }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_text::origin::FileId;

    fn at(start: u32) -> Origin {
        Origin { file: FileId::ROOT, start, end: start + 1 }
    }

    #[test]
    fn a_failure_keeps_its_type_and_its_words_wherever_it_is() {
        let inner = io::Error::other("odd");
        let failure = Failure::data(inner).at(at(1), "here").at(at(2), "there");
        assert_eq!(failure.to_string(), "odd");
        assert!(failure.of_data::<io::Error>().is_some());
        assert!(failure.of_data::<fmt::Error>().is_none());
        assert!(matches!(failure.cause(), Failure::Data(_)));
        let places: Vec<&str> = failure.marks().iter().map(|mark| mark.text.as_str()).collect();
        assert_eq!(places, ["here", "there"]);
    }

    #[test]
    fn only_what_is_written_is_a_place_and_a_stop_has_none() {
        let failure = Failure::run("odd").at(Origin::DEFAULT, "nowhere");
        assert!(failure.marks().is_empty());
        let failure = failure.or_at(at(1), "here").or_at(at(2), "there").at(at(1), "again");
        assert_eq!(failure.marks(), [Mark { origin: at(1), text: "here".to_owned() }]);
        assert!(matches!(Failure::Interrupted.at(at(1), "here"), Failure::Interrupted));
    }
}

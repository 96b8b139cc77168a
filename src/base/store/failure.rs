//! Why the store cannot be used.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use super::identity::Holder;

/// Format of the store that this version writes.
pub(super) const FORMAT: u64 = 1;
/// The record's name in the folder of a result.
pub(super) const RECORD: &str = "stage.json";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreFailure {
    /// It was written by a newer Proofmark.
    #[error(
        "the store {} has format {found}, and this Proofmark knows formats up to {FORMAT}; use the \
         newer Proofmark that wrote it, or another store with --store",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// Its `store.json` is not one.
    #[error(
        "{} is not a Proofmark store description: {why}; delete it if nothing else needs it, or \
         use another store with --store",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file is not as it was written.
    #[error("{} is damaged: {why}; {}", path.display(), cure(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another process took over what this one was making.
    #[error(
        "{by} took this over, because for minutes nothing was heard of this process; what that one \
         makes is not disturbed"
    )]
    Taken {
        /// Who.
        by: Box<Holder>,
    },
    /// A file operation failed.
    #[error("cannot {doing} {}: {source}{}", path.display(), elsewhere(source))]
    Io {
        /// `create`, `read`, `write`, ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreFailure {
    /// A file that is not as it was written.
    pub(super) fn damaged(path: &Path, why: impl Display) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }
}

fn elsewhere(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that may be written to, for a store with --store or PROOFMARK_STORE"
        }
        _ => "",
    }
}

/// What to do about a damaged file, in words. Only what is a result can be made again by whoever
/// has its folder.
pub fn cure(path: &Path) -> String {
    let folder = path.parent().unwrap_or(path);
    match folder.join(RECORD).is_file() {
        true => format!(
            "remove the folder {}; `proofmark run` with the experiment's file then makes it again",
            folder.display()
        ),
        false => "it has to be copied again from where it is whole, or made again".to_owned(),
    }
}

/// Attaches what was being done to a failed file operation.
pub(super) trait Doing<T> {
    /// What was being done to which file.
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, StoreFailure>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, StoreFailure> {
        self.map_err(|source| StoreFailure::Io { doing, path: path.to_owned(), source })
    }
}

//! Why a face store cannot be used.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use proofmark_base::store::cure;
use proofmark_base::work::Failure;

/// Why a face store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the face store {} cannot be {doing}: {why}", path.display())]
pub struct FaceStoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// `read` or `written`.
    pub doing: &'static str,
    /// What went wrong.
    pub why: String,
    /// What kind of error of the file system it was, if it was one.
    pub kind: Option<ErrorKind>,
}

impl FaceStoreError {
    /// What could not be read.
    pub fn read(path: &Path, why: impl Display) -> Self {
        Self { path: path.to_owned(), doing: "read", why: why.to_string(), kind: None }
    }

    /// A shard that is not as it was written, and what to do.
    pub fn damaged(shard: &Path, why: impl Display) -> Self {
        Self::read(shard, format!("{why}; {}", cure(shard)))
    }

    /// Whether it is what lies there that is at fault.
    pub fn is_read(&self) -> bool {
        self.doing == "read"
    }

    /// What could not be written.
    pub fn write(path: &Path, why: impl Error + 'static) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&why);
        let mut kind = None;
        while let (Some(error), None) = (cause, kind) {
            kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            cause = error.source();
        }
        Self { path: path.to_owned(), doing: "written", why: why.to_string(), kind }
    }
}

impl From<FaceStoreError> for Failure {
    fn from(error: FaceStoreError) -> Self {
        match error.is_read() {
            // What was prepared is damaged: data, like others.
            true => Self::data(error),
            false => Self::Faces(Box::new(error)),
        }
    }
}

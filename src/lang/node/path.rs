//! A path as a file states it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::placed::values;
use super::read::Read;
use crate::value::Datum;

/// A path as written: `env:NAME`, or a path relative to the file that states it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataPath {
    /// The text in the file.
    pub written: String,
    /// Folder of the KDL file, against which a relative path is resolved.
    pub base: PathBuf,
}

values!(DataPath);

impl Read for DataPath {
    fn read(datum: Datum, file: Option<&Path>) -> Option<Self> {
        let base = file.and_then(Path::parent).map_or_else(Default::default, Path::to_path_buf);
        String::read(datum, file).map(|written| Self { written, base })
    }
}

//! Embeddings of faces as Parquet: which face it is, as in predictions, and a list of numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use thiserror::Error;

use crate::face::{self, Face};
use crate::row_groups::{Failed, RowGroups};

/// Rows of a row group; what the writer holds in memory.
const ROW_GROUP: usize = 1 << 13;

/// What a model makes of one face before its classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Which face.
    pub of: Face,
    /// The embedding, D numbers: what the classifier and triplet losses see (paper section 3.3).
    pub values: Vec<f32>,
}

/// A file of embeddings that cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {path}: {reason}")]
pub struct EmbeddingsError {
    path: PathBuf,
    reason: String,
}

/// Writes embeddings as they come; memory stays at one row group.
pub struct EmbeddingsWriter(RowGroups<Embedding, Table>);

/// The columns of rows.
type Table = fn(&[Embedding]) -> PolarsResult<DataFrame>;

impl EmbeddingsWriter {
    /// Creates the file. `metadata` is kept in the Parquet footer.
    ///
    /// # Errors
    /// A file that cannot be created.
    pub fn create(
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, EmbeddingsError> {
        let groups = RowGroups::create(path, ROW_GROUP, metadata, table as Table);
        groups.map(Self).map_err(|failed| match failed {
            Failed::Open(error) => failure(path, error),
            Failed::Write(error) => failure(path, error),
        })
    }

    /// Adds one face.
    ///
    /// # Errors
    /// A failed write.
    pub fn push(&mut self, row: Embedding) -> Result<(), EmbeddingsError> {
        self.0.push(row).map_err(|error| failure(&self.0.path, error))
    }

    /// Writes what is pending and the footer.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(self) -> Result<(), EmbeddingsError> {
        let path = self.0.path.clone();
        self.0.finish().map_err(|error| failure(&path, error))
    }
}

fn failure(path: &Path, reason: impl ToString) -> EmbeddingsError {
    EmbeddingsError { path: path.to_owned(), reason: reason.to_string() }
}

/// Rows as a Polars frame with the columns of the file.
fn table(rows: &[Embedding]) -> PolarsResult<DataFrame> {
    let width = rows.iter().map(|row| row.values.len()).sum();
    let mut lists = ListPrimitiveChunkedBuilder::<Float32Type>::new(
        "embedding".into(),
        rows.len(),
        width,
        DataType::Float32,
    );
    for row in rows {
        lists.append_slice(&row.values);
    }
    let mut columns = face::columns(rows.iter().map(|row| &row.of));
    columns.push(lists.finish().into_column());
    DataFrame::new(rows.len(), columns)
}

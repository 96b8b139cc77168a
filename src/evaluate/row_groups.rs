//! Parquet that is written one row group at a time, as rows come.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

/// A file to which rows are added; memory stays at one row group.
pub(crate) struct RowGroups<T, F> {
    /// The file.
    pub path: PathBuf,
    rows: usize,
    pending: Vec<T>,
    table: F,
    file: BatchedWriter<File>,
}

/// Why a file could not be written.
pub(crate) enum Failed {
    /// It cannot be created.
    Open(std::io::Error),
    /// It cannot be written, e.g. because the disk is full.
    Write(PolarsError),
}

impl<T, F: Fn(&[T]) -> PolarsResult<DataFrame>> RowGroups<T, F> {
    /// Creates the file, with row groups of so many rows. `table` makes the columns of rows; `metadata` is
    /// kept in the footer.
    pub fn create(
        path: &Path,
        rows: usize,
        metadata: &BTreeMap<String, String>,
        table: F,
    ) -> Result<Self, Failed> {
        let file = File::create(path).map_err(Failed::Open)?;
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let file = table(&[])
            .and_then(|empty| {
                ParquetWriter::new(file)
                    .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
                    .batched(empty.schema())
            })
            .map_err(Failed::Write)?;
        Ok(Self { path: path.to_owned(), rows, pending: Vec::new(), table, file })
    }

    /// Adds a row.
    pub fn push(&mut self, row: T) -> PolarsResult<()> {
        self.pending.push(row);
        if self.pending.len() == self.rows { self.flush() } else { Ok(()) }
    }

    /// Writes what is pending and the footer.
    pub fn finish(mut self) -> PolarsResult<()> {
        self.flush()?;
        self.file.finish().map(drop)
    }

    fn flush(&mut self) -> PolarsResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.file.write_batch(&(self.table)(&self.pending)?)?;
        self.pending.clear();
        Ok(())
    }
}

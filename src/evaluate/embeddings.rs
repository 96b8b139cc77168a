//! Embeddings of faces as Parquet: who a face is, as in predictions, and a list of numbers.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;
use thiserror::Error;

use crate::predictions::{family_name, label_name};
use proofmark_lang::model::{Family, Label};

/// Rows of a row group; what the writer holds in memory.
const ROW_GROUP: usize = 1 << 13;

/// What a model makes of one face before its classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Name of the data set.
    pub dataset: String,
    /// The video, unique within its data set.
    pub video: String,
    /// Frame of the video, from 0.
    pub frame: u32,
    /// Face of the frame, from 0.
    pub face: u32,
    /// Real or fake.
    pub label: Label,
    /// Manipulation of a fake, where known.
    pub method: Option<String>,
    /// Its family, where known.
    pub family: Option<Family>,
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
pub struct EmbeddingsWriter {
    path: PathBuf,
    pending: Vec<Embedding>,
    file: BatchedWriter<File>,
}

impl EmbeddingsWriter {
    /// Creates the file. `metadata` is kept in the Parquet footer.
    ///
    /// # Errors
    /// A file that cannot be created.
    pub fn create(
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, EmbeddingsError> {
        let failed = |reason: String| EmbeddingsError { path: path.to_owned(), reason };
        let file = File::create(path).map_err(|e| failed(e.to_string()))?;
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let file = table(&[])
            .and_then(|empty| {
                ParquetWriter::new(file)
                    .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
                    .batched(empty.schema())
            })
            .map_err(|e| failed(e.to_string()))?;
        Ok(Self { path: path.to_owned(), pending: Vec::new(), file })
    }

    /// Adds one face.
    ///
    /// # Errors
    /// A failed write.
    pub fn push(&mut self, row: Embedding) -> Result<(), EmbeddingsError> {
        self.pending.push(row);
        if self.pending.len() == ROW_GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes what is pending and the footer.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(mut self) -> Result<(), EmbeddingsError> {
        self.flush()?;
        let finished = self.file.finish().map(drop);
        finished.map_err(|e| EmbeddingsError { path: self.path, reason: e.to_string() })
    }

    fn flush(&mut self) -> Result<(), EmbeddingsError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        table(&self.pending)
            .and_then(|rows| self.file.write_batch(&rows))
            .map_err(|e| EmbeddingsError { path: self.path.clone(), reason: e.to_string() })?;
        self.pending.clear();
        Ok(())
    }
}

/// Rows as a Polars frame with the columns of the file.
fn table(rows: &[Embedding]) -> PolarsResult<DataFrame> {
    fn text<'a>(
        name: &str,
        rows: &'a [Embedding],
        get: impl Fn(&'a Embedding) -> Option<&'a str>,
    ) -> Column {
        StringChunked::from_iter_options(name.into(), rows.iter().map(get)).into_column()
    }
    let numbers = |get: fn(&Embedding) -> u32| rows.iter().map(get).collect::<Vec<u32>>();
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
    DataFrame::new(
        rows.len(),
        vec![
            text("dataset", rows, |row| Some(&row.dataset)),
            text("video_key", rows, |row| Some(&row.video)),
            Column::new("frame".into(), numbers(|row| row.frame)),
            Column::new("face".into(), numbers(|row| row.face)),
            text("label", rows, |row| Some(label_name(row.label))),
            text("method", rows, |row| row.method.as_deref()),
            text("family", rows, |row| row.family.map(family_name)),
            lists.finish().into_column(),
        ],
    )
}

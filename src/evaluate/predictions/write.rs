//! Writing predictions, one row group at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{KeyValueMetadata, ParquetWriter};

use super::error::PredictionsError;
use super::row::{Prediction, frame, in_unit};

/// Rows of a row group; what the writer holds in memory.
pub(super) const ROW_GROUP: usize = 1 << 16;

/// Writes predictions as they come; memory stays at one row group.
pub struct PredictionsWriter {
    path: PathBuf,
    classes: Vec<String>,
    pending: Vec<Prediction>,
    file: BatchedWriter<File>,
}

impl PredictionsWriter {
    /// Creates the file. `metadata` is kept in the Parquet footer.
    ///
    /// # Errors
    /// Classes that do not begin with `real`; a file that cannot be created.
    pub fn create(
        path: &Path,
        classes: &[String],
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, PredictionsError> {
        if classes.len() < 2 || classes[0] != "real" {
            return Err(PredictionsError::Classes(classes.to_vec()));
        }
        let open = |source| PredictionsError::Open { path: path.to_owned(), source };
        let file = File::create(path).map_err(open)?;
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let file = frame(classes, &[])
            .and_then(|empty| {
                ParquetWriter::new(file)
                    .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
                    .batched(empty.schema())
            })
            .map_err(|source| PredictionsError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), classes: classes.to_vec(), pending: Vec::new(), file })
    }

    /// Adds one face.
    ///
    /// # Errors
    /// Probabilities that are not one per class or not in 0 to 1; a failed write.
    pub fn push(&mut self, row: Prediction) -> Result<(), PredictionsError> {
        let reason = if row.probabilities.len() != self.classes.len() {
            let (found, wanted) = (row.probabilities.len(), self.classes.len());
            Some(format!("{found} probabilities for {wanted} classes"))
        } else {
            let bad = row.probabilities.iter().position(|p| !in_unit(f64::from(*p)));
            bad.map(|i| {
                format!("the probability of {} is {}", self.classes[i], row.probabilities[i])
            })
        };
        if let Some(reason) = reason {
            let Prediction { dataset, video, frame, face, .. } = row;
            return Err(PredictionsError::Row { dataset, video, frame, face, reason });
        }
        self.pending.push(row);
        if self.pending.len() == ROW_GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes what is pending and the footer. Without it the file is no Parquet; that it
    /// appears whole or not at all is up to the store.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(mut self) -> Result<(), PredictionsError> {
        self.flush()?;
        self.file
            .finish()
            .map(drop)
            .map_err(|source| PredictionsError::Write { path: self.path, source })
    }

    fn flush(&mut self) -> Result<(), PredictionsError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        frame(&self.classes, &self.pending)
            .and_then(|rows| self.file.write_batch(&rows))
            .map_err(|source| PredictionsError::Write { path: self.path.clone(), source })?;
        self.pending.clear();
        Ok(())
    }
}

/// Writes all predictions at once.
///
/// # Errors
/// As [`PredictionsWriter`].
pub fn write(
    path: &Path,
    rows: impl IntoIterator<Item = Prediction>,
    classes: &[String],
    metadata: &BTreeMap<String, String>,
) -> Result<(), PredictionsError> {
    let mut writer = PredictionsWriter::create(path, classes, metadata)?;
    for row in rows {
        writer.push(row)?;
    }
    writer.finish()
}

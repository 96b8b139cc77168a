//! Writing predictions, one row group at a time.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::{DataFrame, PolarsResult};

use super::error::PredictionsError;
use super::row::{Prediction, frame, in_unit};
use crate::face::Face;
use crate::row_groups::{Failed, RowGroups};

/// Rows of a row group; what the writer holds in memory.
pub(super) const ROW_GROUP: usize = 1 << 16;

/// The columns of rows.
type Table = Box<dyn Fn(&[Prediction]) -> PolarsResult<DataFrame>>;

/// Writes predictions as they come; memory stays at one row group.
pub struct PredictionsWriter {
    classes: Vec<String>,
    groups: RowGroups<Prediction, Table>,
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
        let classes = classes.to_vec();
        let named = classes.clone();
        let table: Table = Box::new(move |rows| frame(&named, rows));
        let groups = RowGroups::create(path, ROW_GROUP, metadata, table);
        let groups = groups.map_err(|failed| match failed {
            Failed::Open(source) => PredictionsError::Open { path: path.to_owned(), source },
            Failed::Write(source) => PredictionsError::Write { path: path.to_owned(), source },
        })?;
        Ok(Self { classes, groups })
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
            let Face { dataset, video, frame, face, .. } = row.of;
            return Err(PredictionsError::Row { dataset, video, frame, face, reason });
        }
        let written = self.groups.push(row);
        written.map_err(|source| PredictionsError::Write { path: self.groups.path.clone(), source })
    }

    /// Writes what is pending and the footer. Without it the file is no Parquet; that it
    /// appears whole or not at all is up to the store.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(self) -> Result<(), PredictionsError> {
        let path = self.groups.path.clone();
        self.groups.finish().map_err(|source| PredictionsError::Write { path, source })
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

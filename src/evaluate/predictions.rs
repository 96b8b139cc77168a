//! Predictions: one row per scored face, in Parquet.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `dataset` | string | name of the data set |
//! | `video_key` | string | the video, unique within its data set |
//! | `frame` | u32 | frame of the video, from 0 |
//! | `face` | u32 | face of the frame, from 0 |
//! | `label` | string | `real` or `fake` |
//! | `method` | string, nullable | manipulation of a fake, where known |
//! | `family` | string, nullable | its family, where known |
//! | `p_<class>` | f32 | probability of each class of training, `p_real` first |
//! | `score` | f64 | P(fake): the probabilities of all classes but `real`, added |

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;
use thiserror::Error;

use super::aggregate::{AggregateError, by_video};
use super::samples::{Sample, Samples};
use crate::lang::model::{Family, Label};

/// Rows of a row group; what the writer holds in memory.
const ROW_GROUP: usize = 1 << 16;

/// How far rounding may take a score out of 0 to 1.
const SLACK: f64 = 1e-5;

/// The families and their names in the file.
const FAMILIES: [(&str, Family); 5] = [
    ("face-swap", Family::FaceSwap),
    ("reenactment", Family::Reenactment),
    ("entire-face", Family::EntireFace),
    ("editing", Family::Editing),
    ("unknown", Family::Unknown),
];

/// What a model says of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
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
    /// Probability of each class, real first.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// P(fake): the probabilities of all fake classes added (paper section 3.4).
    pub fn score(&self) -> f64 {
        self.probabilities.iter().skip(1).map(|&p| f64::from(p)).sum()
    }
}

/// Why predictions could not be written or read.
#[derive(Debug, Error)]
pub enum PredictionsError {
    /// The file cannot be created or opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be written, e.g. because the disk is full.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What Polars says.
        source: PolarsError,
    },
    /// The file is not Parquet, or is damaged.
    #[error("cannot read {path} as Parquet: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What Polars says.
        source: PolarsError,
    },
    /// The first class is not real, or there is no other.
    #[error("the classes are {0:?}; the first must be \"real\" and at least one must follow")]
    Classes(Vec<String>),
    /// A row that does not fit, or that a diverged model made.
    #[error("frame {frame}, face {face} of {dataset}/{video}: {reason}")]
    Row {
        /// The data set.
        dataset: String,
        /// The video.
        video: String,
        /// The frame.
        frame: u32,
        /// The face.
        face: u32,
        /// What is wrong.
        reason: String,
    },
    /// The file is Parquet, but not predictions.
    #[error("{path} does not hold predictions: {reason}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A video that is both real and fake.
    #[error("{path}: {source}")]
    Videos {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: AggregateError,
    },
}

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

    /// Writes what is pending and the footer, and makes it durable.
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

/// Rows as a Polars frame with the columns of the file.
fn frame(classes: &[String], rows: &[Prediction]) -> PolarsResult<DataFrame> {
    fn text<'a>(
        name: &str,
        rows: &'a [Prediction],
        get: impl Fn(&'a Prediction) -> Option<&'a str>,
    ) -> Column {
        StringChunked::from_iter_options(name.into(), rows.iter().map(get)).into_column()
    }
    let numbers = |get: fn(&Prediction) -> u32| rows.iter().map(get).collect::<Vec<u32>>();
    let mut columns = vec![
        text("dataset", rows, |row| Some(&row.dataset)),
        text("video_key", rows, |row| Some(&row.video)),
        Column::new("frame".into(), numbers(|row| row.frame)),
        Column::new("face".into(), numbers(|row| row.face)),
        text("label", rows, |row| Some(label_name(row.label))),
        text("method", rows, |row| row.method.as_deref()),
        text("family", rows, |row| row.family.map(family_name)),
    ];
    for (i, class) in classes.iter().enumerate() {
        let probabilities: Vec<f32> = rows.iter().map(|row| row.probabilities[i]).collect();
        columns.push(Column::new(format!("p_{class}").into(), probabilities));
    }
    let scores: Vec<f64> = rows.iter().map(Prediction::score).collect();
    columns.push(Column::new("score".into(), scores));
    DataFrame::new(rows.len(), columns)
}

/// Predictions read from a file and checked.
#[derive(Clone, Debug)]
pub struct Predictions {
    /// The classes of training, real first.
    pub classes: Vec<String>,
    /// What the writer put into the footer.
    pub metadata: BTreeMap<String, String>,
    path: PathBuf,
    table: DataFrame,
}

/// Reads a file of predictions.
///
/// # Errors
/// A file that is not Parquet, lacks a column, or has a value that no prediction has:
/// the message names column and row.
pub fn read(path: &Path) -> Result<Predictions, PredictionsError> {
    let fail = |source| PredictionsError::Read { path: path.to_owned(), source };
    let file = File::open(path)
        .map_err(|source| PredictionsError::Open { path: path.to_owned(), source })?;
    let mut reader = ParquetReader::new(file);
    let footer = reader.get_metadata().map_err(fail)?.key_value_metadata().clone();
    let metadata = footer
        .unwrap_or_default()
        .into_iter()
        // Polars and Arrow keep their own schema there.
        .filter(|pair| pair.key != "ARROW:schema")
        .filter_map(|pair| Some((pair.key, pair.value?)))
        .collect();
    let table = reader.finish().map_err(fail)?;
    let classes: Vec<String> = table
        .get_column_names()
        .into_iter()
        .filter_map(|name| name.strip_prefix("p_").map(str::to_owned))
        .collect();
    let schema = |reason| PredictionsError::Schema { path: path.to_owned(), reason };
    check(&classes, &table).map_err(schema)?;
    Ok(Predictions { classes, metadata, path: path.to_owned(), table })
}

/// Says what keeps a table from being predictions.
fn check(classes: &[String], table: &DataFrame) -> Result<(), String> {
    if classes.len() < 2 || classes[0] != "real" {
        return Err(format!(
            "the classes (columns p_...) are {classes:?}; the first must be \"real\" and at \
             least one must follow"
        ));
    }
    let expected = frame(classes, &[]).map_err(|e| e.to_string())?;
    for field in expected.columns() {
        let name = field.name();
        let column = table.column(name).map_err(|_| {
            format!("there is no column \"{name}\" among {:?}", table.get_column_names())
        })?;
        if column.dtype() != field.dtype() {
            let (found, wanted) = (column.dtype(), field.dtype());
            return Err(format!("column \"{name}\" holds {found}, not {wanted}"));
        }
        let missing = column.is_null().iter().position(|missing| missing == Some(true));
        if let (Some(row), false) = (missing, ["method", "family"].contains(&name.as_str())) {
            return Err(format!("row {} has no \"{name}\"", row + 1));
        }
    }
    let known = |name: &str, names: &[&str]| {
        let column = table[name].str().expect("a column checked to be text");
        match column.iter().enumerate().find(|(_, text)| text.is_some_and(|t| !names.contains(&t)))
        {
            Some((row, text)) => Err(format!(
                "row {} has the {name} \"{}\", not one of {names:?}",
                row + 1,
                text.unwrap_or_default()
            )),
            None => Ok(()),
        }
    };
    known("label", &["real", "fake"])?;
    known("family", &FAMILIES.map(|(name, _)| name))?;
    let scores = table["score"].f64().expect("a column checked to be f64");
    match scores.into_no_null_iter().enumerate().find(|(_, score)| !in_unit(*score)) {
        Some((row, score)) => Err(format!("row {} has the score {score}, not 0 to 1", row + 1)),
        None => Ok(()),
    }
}

impl Predictions {
    /// Number of faces.
    pub fn len(&self) -> usize {
        self.table.height()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every face on its own.
    pub fn frames(&self) -> Samples {
        let scores = self.scores();
        self.samples(self.fakes().into_iter().zip(scores).enumerate())
    }

    /// Every video with the mean score of its faces. Its manipulation is that of its
    /// first face.
    ///
    /// # Errors
    /// A video that is both real and fake.
    pub fn videos(&self) -> Result<Samples, PredictionsError> {
        let fail = |source| PredictionsError::Videos { path: self.path.clone(), source };
        let keys = self.table.select(["dataset", "video_key"]).map_err(|e| fail(e.into()))?;
        let videos = by_video(&keys, &self.fakes(), &self.scores()).map_err(fail)?;
        Ok(self.samples(videos.iter().map(|video| (video.first, (video.fake, video.score)))))
    }

    /// The rows as they were written.
    pub fn rows(&self) -> impl Iterator<Item = Prediction> {
        let [datasets, videos, methods] =
            ["dataset", "video_key", "method"].map(|name| self.text(name));
        let [frames, faces] = ["frame", "face"]
            .map(|name| self.table[name].u32().expect("a column checked to be u32"));
        let families = self.families();
        let labels = self.fakes();
        let probabilities: Vec<&Float32Chunked> = self
            .classes
            .iter()
            .map(|class| {
                self.table[format!("p_{class}").as_str()].f32().expect("a column checked to be f32")
            })
            .collect();
        (0..self.len()).map(move |row| Prediction {
            dataset: datasets.get(row).unwrap_or_default().to_owned(),
            video: videos.get(row).unwrap_or_default().to_owned(),
            frame: frames.get(row).unwrap_or_default(),
            face: faces.get(row).unwrap_or_default(),
            label: if labels[row] { Label::Fake } else { Label::Real },
            method: methods.get(row).map(str::to_owned),
            family: families[row],
            probabilities: probabilities.iter().map(|p| p.get(row).unwrap_or_default()).collect(),
        })
    }

    /// Samples of rows, with their (is fake, score).
    fn samples(&self, rows: impl Iterator<Item = (usize, (bool, f64))>) -> Samples {
        let methods = self.text("method");
        let families = self.families();
        let mut interned: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let rows = rows
            .map(|(row, (fake, score))| {
                let method = methods
                    .get(row)
                    .map(|name| Arc::clone(interned.entry(name).or_insert_with(|| name.into())));
                Sample { fake, score, method, family: families[row] }
            })
            .collect();
        Samples { rows }
    }

    fn text(&self, name: &str) -> &StringChunked {
        self.table[name].str().expect("a column checked to be text")
    }

    fn fakes(&self) -> Vec<bool> {
        self.text("label").iter().map(|label| label == Some("fake")).collect()
    }

    fn scores(&self) -> Vec<f64> {
        self.table["score"].f64().expect("a column checked to be f64").into_no_null_iter().collect()
    }

    fn families(&self) -> Vec<Option<Family>> {
        let family = |name| FAMILIES.iter().find(|(known, _)| *known == name).map(|(_, f)| *f);
        self.text("family").iter().map(|name| name.and_then(family)).collect()
    }
}

fn label_name(label: Label) -> &'static str {
    match label {
        Label::Real => "real",
        Label::Fake => "fake",
    }
}

fn family_name(family: Family) -> &'static str {
    let named = FAMILIES.iter().find(|(_, known)| *known == family);
    named.expect("every family has a name").0
}

/// Whether a probability or score is finite and in 0 to 1, but for rounding.
fn in_unit(p: f64) -> bool {
    (-SLACK..=1.0 + SLACK).contains(&p)
}

#[cfg(test)]
#[path = "predictions_tests.rs"]
mod tests;

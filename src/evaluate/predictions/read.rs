//! Reading predictions, and what the metrics are computed from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::error::PredictionsError;
use super::row::{Prediction, frame, in_unit};
use crate::aggregate::{Place, by_frames, by_video};
use crate::face::Face;
use crate::samples::{Sample, Samples};
use proofmark_lang::model::{Family, Label, VideoScore};
use proofmark_lang::node::Every;
use proofmark_parquet::ParquetFile;

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
/// A file that is not Parquet or not as it was written, lacks a column, or has a value that no
/// prediction has: the message names column and row.
pub fn read(path: &Path) -> Result<Predictions, PredictionsError> {
    let fail = |source| PredictionsError::Read { path: path.to_owned(), source };
    let file = ParquetFile::stored(path).map_err(fail)?;
    let mut table = file.read(None, None).map_err(fail)?;
    // Files of version 0.1.0's first packs do not have it.
    if table.column("area").is_err() {
        let unknown = Column::full_null("area".into(), table.height(), &DataType::Float32);
        table.with_column(unknown).map_err(|e| fail(e.into()))?;
    }
    let classes: Vec<String> = table
        .get_column_names()
        .into_iter()
        .filter_map(|name| name.strip_prefix("p_").map(str::to_owned))
        .collect();
    let schema = |reason| PredictionsError::Schema { path: path.to_owned(), reason };
    check(&classes, &table).map_err(schema)?;
    let metadata = file.notes.into_iter().collect();
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
        if let (Some(row), false) = (missing, ["method", "family", "area"].contains(&name.as_str()))
        {
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
    known("label", &words(Label::word))?;
    known("family", &words(Family::word))?;
    let scores = table["score"].f64().expect("a column checked to be f64");
    match scores.into_no_null_iter().enumerate().find(|(_, score)| !in_unit(*score)) {
        Some((row, score)) => Err(format!("row {} has the score {score}, not 0 to 1", row + 1)),
        None => Ok(()),
    }
}

/// The words of all values of a type.
fn words<T: Every + Copy>(word: fn(T) -> &'static str) -> Vec<&'static str> {
    T::ALL.iter().map(|value| word(*value)).collect()
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

    /// Every video with its score by the rule. Its manipulation is that of its first face.
    ///
    /// # Errors
    /// A video that is both real and fake.
    pub fn videos(&self, rule: VideoScore) -> Result<Samples, PredictionsError> {
        let fail = |source| PredictionsError::Videos { path: self.path.clone(), source };
        let keys = self.table.select(["dataset", "video_key"]).map_err(|e| fail(e.into()))?;
        let (fakes, scores) = (self.fakes(), self.scores());
        let videos = match rule {
            VideoScore::Faces(rule) => by_video(&keys, &fakes, &scores, rule),
            VideoScore::FrameMax(rule) => {
                let frames = self.number("frame").into_no_null_iter().zip(self.areas());
                let places: Vec<Place> =
                    frames.map(|(frame, area)| Place { frame, area }).collect();
                by_frames(&keys, &fakes, &scores, &places, rule)
            }
        };
        let videos = videos.map_err(fail)?;
        Ok(self.samples(videos.iter().map(|video| (video.first, (video.fake, video.score)))))
    }

    /// The rows as they were written.
    pub fn rows(&self) -> impl Iterator<Item = Prediction> {
        let [datasets, videos, methods] =
            ["dataset", "video_key", "method"].map(|name| self.text(name));
        let [frames, faces] = ["frame", "face"].map(|name| self.number(name));
        let areas: Vec<Option<f32>> = self.areas().collect();
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
            of: Face {
                dataset: datasets.get(row).unwrap_or_default().to_owned(),
                video: videos.get(row).unwrap_or_default().to_owned(),
                frame: frames.get(row).unwrap_or_default(),
                face: faces.get(row).unwrap_or_default(),
                label: if labels[row] { Label::Fake } else { Label::Real },
                method: methods.get(row).map(str::to_owned),
                family: families[row],
            },
            area: areas[row],
            probabilities: probabilities.iter().map(|p| p.get(row).unwrap_or_default()).collect(),
            exact: None,
        })
    }

    /// Samples of rows, with their (is fake, score).
    fn samples(&self, rows: impl Iterator<Item = (usize, (bool, f64))>) -> Samples {
        let (methods, videos) = (self.text("method"), self.text("video_key"));
        let families = self.families();
        let mut interned: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let mut intern = |name| Arc::clone(interned.entry(name).or_insert_with(|| name.into()));
        let rows = rows
            .map(|(row, (fake, score))| Sample {
                video: intern(videos.get(row).unwrap_or_default()),
                fake,
                score,
                method: methods.get(row).map(&mut intern),
                family: families[row],
            })
            .collect();
        Samples { rows }
    }

    fn text(&self, name: &str) -> &StringChunked {
        self.table[name].str().expect("a column checked to be text")
    }

    fn number(&self, name: &str) -> &UInt32Chunked {
        self.table[name].u32().expect("a column checked to be u32")
    }

    fn areas(&self) -> impl Iterator<Item = Option<f32>> {
        self.table["area"].f32().expect("a column checked to be f32").iter()
    }

    fn fakes(&self) -> Vec<bool> {
        self.text("label").iter().map(|label| label == Some("fake")).collect()
    }

    fn scores(&self) -> Vec<f64> {
        self.table["score"].f64().expect("a column checked to be f64").into_no_null_iter().collect()
    }

    fn families(&self) -> Vec<Option<Family>> {
        self.text("family").iter().map(|name| name.and_then(Family::of)).collect()
    }
}

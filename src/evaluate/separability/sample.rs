//! The faces of a file of embeddings that are measured: all, or some drawn by chance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::points::Points;
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Label, SeparabilityClasses};
use proofmark_parquet::{ParquetError, ParquetFile};

/// Why a file of embeddings cannot be measured.
#[derive(Debug, Error)]
pub enum SampledError {
    /// The file is not Parquet, or is damaged.
    #[error("{}", source.told(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ParquetError,
    },
    /// The file is Parquet, but not embeddings.
    #[error("{path} does not hold embeddings: {reason}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Which faces were measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Faces that were measured.
    pub faces: u64,
    /// Faces that there are.
    pub of: u64,
    /// Videos of the faces that were measured.
    pub videos: u64,
    /// The classes, each with its faces.
    pub classes: Vec<(String, u64)>,
}

/// Faces that are measured, in an order of chance.
#[derive(Clone, Debug)]
pub struct SampledFaces {
    /// Their embeddings.
    pub points: Points,
    /// What they are of.
    pub sampled: Sampled,
}

/// Reads at most `most` faces of a file, drawn by the seed: of files with the same faces the same.
///
/// # Errors
/// A file that is damaged, or holds no embeddings.
pub fn read(
    path: &Path,
    classes: SeparabilityClasses,
    most: usize,
    seed: u64,
) -> Result<SampledFaces, SampledError> {
    let fail = |source| SampledError::Read { path: path.to_owned(), source };
    let schema = |reason: String| SampledError::Schema { path: path.to_owned(), reason };
    let unlike = |error: PolarsError| schema(error.to_string());
    let file = ParquetFile::stored(path).map_err(fail)?;
    let columns = ["dataset", "video_key", "label", "method"].map(str::to_owned);
    let known = file.columns();
    let embedding = ["embedding".to_owned()];
    if let Some(lacks) = columns.iter().chain(&embedding).find(|name| !known.contains(name)) {
        return Err(schema(format!("there is no column \"{lacks}\" among {known:?}")));
    }
    let faces = file.read(Some(&columns), None).map_err(fail)?;
    let mut order: Vec<usize> = (0..faces.height()).collect();
    Rng::named(seed, Stream::Sample, "separability").shuffle(&mut order);
    order.truncate(most);
    let text = |name: &str| faces.column(name).and_then(|c| c.str().cloned()).map_err(unlike);
    let [datasets, keys, labels, methods] =
        [text("dataset")?, text("video_key")?, text("label")?, text("method")?];
    let mut videos: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut points = Points::default();
    let mut names = Vec::with_capacity(order.len());
    for row in &order {
        let of = (datasets.get(*row).unwrap_or_default(), keys.get(*row).unwrap_or_default());
        let next = videos.len() as u32;
        points.videos.push(*videos.entry(of).or_insert(next));
        let label = labels.get(*row).unwrap_or_default();
        let label = Label::of(label)
            .ok_or_else(|| schema(format!("row {} has the label \"{label}\"", row + 1)))?;
        names.push(class(classes, label, methods.get(*row)));
    }
    points.names = names.clone();
    // Reals first.
    points.names.sort_by_key(|name| (*name != Label::Real.word(), name.clone()));
    points.names.dedup();
    let place = |name: &String| points.names.iter().position(|known| known == name);
    points.classes = names.iter().filter_map(place).map(|place| place as u32).collect();
    points.values = values(&file, &order).map_err(|flaw| match flaw {
        Flaw::File(source) => fail(source),
        Flaw::Schema(reason) => schema(reason),
    })?;
    let sampled = Sampled {
        faces: points.len() as u64,
        of: faces.height() as u64,
        videos: videos.len() as u64,
        classes: points.names.iter().cloned().zip(points.counts()).collect(),
    };
    Ok(SampledFaces { points, sampled })
}

/// The class of a face.
fn class(classes: SeparabilityClasses, label: Label, method: Option<&str>) -> String {
    match (classes, label, method) {
        (SeparabilityClasses::Manipulation, Label::Fake, Some(method)) => method.to_owned(),
        (SeparabilityClasses::Manipulation, Label::Fake, None) => {
            "fake, manipulation not known".to_owned()
        }
        (SeparabilityClasses::Manipulation | SeparabilityClasses::Label, label, _) => {
            label.word().to_owned()
        }
    }
}

/// What is wrong with the embeddings of a file.
enum Flaw {
    File(ParquetError),
    Schema(String),
}

/// The embeddings of rows, in their order. Of the file no more than a group of rows is taken apart at a
/// time.
fn values(file: &ParquetFile, rows: &[usize]) -> Result<Vec<f32>, Flaw> {
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    places.extend(rows.iter().enumerate().map(|(place, row)| (*row, place)));
    let mut found: Vec<Vec<f32>> = vec![Vec::new(); rows.len()];
    let mut first = 0;
    for height in file.groups() {
        let group = first..first + height;
        first = group.end;
        let mut wanted = places.range(group.clone()).peekable();
        if wanted.peek().is_none() {
            continue;
        }
        let table = file
            .read(Some(&["embedding".to_owned()]), Some((group.start, height)))
            .map_err(Flaw::File)?;
        let lists = table.column("embedding").and_then(|column| column.list().cloned());
        let lists = lists.map_err(|error| Flaw::Schema(error.to_string()))?;
        for (row, place) in wanted {
            let list = lists.get_as_series(row - group.start);
            let numbers = list.as_ref().and_then(|list| list.f32().ok());
            let Some(numbers) = numbers.filter(|n| n.null_count() == 0 && !n.is_empty()) else {
                return Err(Flaw::Schema(format!("row {} has no embedding", row + 1)));
            };
            found[*place] = numbers.into_no_null_iter().collect();
        }
    }
    let width = found.first().map_or(0, Vec::len);
    if let Some(place) = found.iter().position(|values| values.len() != width) {
        let reason = format!(
            "row {} has {} numbers, and row {} has {width}",
            rows[place] + 1,
            found[place].len(),
            rows[0] + 1
        );
        return Err(Flaw::Schema(reason));
    }
    if let Some(place) = found.iter().position(|values| !values.iter().all(|v| v.is_finite())) {
        return Err(Flaw::Schema(format!("row {} has a number that is none", rows[place] + 1)));
    }
    Ok(found.concat())
}

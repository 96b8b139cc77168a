//! The stage that takes the scores of a split from the file of another tool.

use std::collections::BTreeMap;
use std::path::Path;

use super::predict::FILE;
use proofmark_base::store::{contents, write_whole};
use proofmark_base::work::Failure;
use proofmark_data::{Scan, Video};
use proofmark_evaluate::outside::{OutsideCoverage, OutsideError, read};
use proofmark_evaluate::predictions::{Prediction, PredictionsError, write};
use proofmark_lang::model::{Label, Predictions};
use proofmark_lang::span::Origin;
use proofmark_plan::graph::Target;

/// How much of the split has a score, beside the predictions.
pub const COVERAGE: &str = "coverage.json";

/// Reads the scores of the target's videos into `folder`, as predictions of one frame each or of
/// those that the file names.
pub fn make(
    row: &str,
    declared: &Predictions,
    scan: &Scan,
    target: &Target,
    folder: &Path,
) -> Result<(), Failure> {
    let path = declared.file.value.base.join(&declared.file.value.written);
    let videos = scan.manifest.video_rows();
    let keys: Vec<_> = videos.iter().map(|video| (video.key.as_str(), video.split)).collect();
    let (rows, coverage) = read(&path, declared, &target.dataset, target.split, &keys)
        .map_err(|error| unusable(row, error, declared))?;
    let prediction = |video: &Video, frame, score: f64| {
        let fake = video.label == Label::Fake;
        Prediction {
            dataset: video.dataset.clone(),
            video: video.key.clone(),
            frame,
            face: 0,
            label: video.label,
            method: video.method.clone().filter(|_| fake),
            family: video.family.filter(|_| fake),
            area: None,
            probabilities: vec![(1.0 - score) as f32, score as f32],
            exact: Some(score),
        }
    };
    let rows = rows.iter().map(|row| prediction(&videos[row.video], row.frame, row.score));
    let classes = ["real", "fake"].map(str::to_owned);
    let metadata =
        BTreeMap::from([("proofmark.outside".to_owned(), declared.file.value.written.clone())]);
    write(&folder.join(FILE), rows, &classes, &metadata)
        .map_err(|e: PredictionsError| Failure::run(e))?;
    let text =
        serde_json::to_vec_pretty(&coverage).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(write_whole(&folder.join(COVERAGE), &text)?)
}

/// Why the scores of a row cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("row `{row}`: {source}")]
pub struct Unusable {
    row: String,
    /// What is wrong with the file.
    pub source: OutsideError,
}

/// At the declaration of the file, and of what is wrong with it.
fn unusable(row: &str, source: OutsideError, declared: &Predictions) -> Failure {
    let (other, text) = match &source {
        OutsideError::Range { .. } => (declared.score.origin, "no probability in this column"),
        OutsideError::Lacking { column, .. } => (
            [Some(&declared.video), declared.frame.as_ref()]
                .into_iter()
                .flatten()
                .find(|named| named.value == *column)
                .map_or(Origin::DEFAULT, |named| named.origin),
            "a cell of this column",
        ),
        OutsideError::Unknown { .. } => (declared.video.origin, "has other keys"),
        OutsideError::Coverage { .. } => (declared.min_coverage.origin, "not reached"),
        OutsideError::Twice { .. } | OutsideError::File(_) => (Origin::DEFAULT, ""),
    };
    let failure = Failure::data(Unusable { row: row.to_owned(), source });
    failure.at(declared.file.origin, "this file").at(other, text)
}

/// What was written beside the predictions.
pub fn coverage(folder: &Path) -> Result<OutsideCoverage, Failure> {
    let path = folder.join(COVERAGE);
    let text = contents(&path)?;
    serde_json::from_slice(&text).map_err(|e| Failure::data(format!("{}: {e}", path.display())))
}

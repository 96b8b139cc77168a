//! The scores of a split from the file of another tool.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::scores::{FILE, NATURE, VERSION, face, videos};
use crate::engine::cost::{Cost, Costs};
use crate::engine::graph::{Making, Nature, Planning, Scores, Told, Work};
use crate::engine::kind::Need;
use proofmark_base::store::{contents, write_whole};
use proofmark_base::work::Failure;
use proofmark_data::Video;
use proofmark_evaluate::outside::{OutsideCoverage, OutsideError, read};
use proofmark_evaluate::predictions::{Prediction, PredictionsError, write};
use proofmark_lang::model::{Dataset, Placed, Predictions, Project, Table};
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::{Inputs, Observed};
use proofmark_plan::scope::{Target, targets};

/// How much of the split has a score, beside the predictions.
const COVERAGE: &str = "coverage.json";

/// Plans what a row takes from the file of another tool.
pub(super) fn plan(
    planning: &mut Planning<'_>,
    table: &Table,
    row: &str,
    file: &Placed<Predictions>,
) {
    let file = Arc::new(file.clone());
    for target in targets(table).into_iter().filter(|target| target.corruption.is_none()) {
        let Some(dataset) = planning.datasets.get(&target.dataset).cloned() else { continue };
        let (row, file) = (row.to_owned(), Arc::clone(&file));
        let scores = TakeScores { row: row.clone(), file, dataset, target: target.clone() };
        let key = planning.add(scores);
        planning.scores(Scores { of: row, outside: true, target, key });
    }
}

/// Scores that another tool made.
#[derive(Debug)]
struct TakeScores {
    /// The row that they are of.
    row: String,
    file: Arc<Placed<Predictions>>,
    dataset: Arc<Placed<Dataset>>,
    target: Target,
}

impl TakeScores {
    fn path(&self) -> PathBuf {
        self.file.file.base.join(&self.file.file.written)
    }
}

impl Work for TakeScores {
    fn nature(&self) -> Nature {
        NATURE
    }

    fn name(&self) -> String {
        format!("{} on {}", self.row, self.target.dataset)
    }

    fn inputs(&self, _project: &Project, facts: &Facts) -> Inputs {
        let digest = facts.outside.get(&self.path());
        let digest = Inputs::empty().finding("digest", Observed::Scores, digest);
        let columns = Inputs::of(&*self.file).nested("file", digest);
        Inputs::empty()
            .finding("version", Observed::Version, VERSION)
            .finding("manifest", Observed::Manifest, facts.manifest(&self.target.dataset))
            .with("split-rule", &self.dataset.split)
            .with("dataset", &self.target.dataset)
            .with("split", self.target.split)
            .nested("outside", columns)
    }

    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    fn declared(&self) -> (Origin, &'static str) {
        (self.file.at.file, "these scores")
    }

    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure> {
        videos(costs.world, &self.target)
    }

    /// The scores of the target's videos as predictions, of one frame each or of those that the
    /// file names.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure> {
        let (row, declared, target, folder) = (&self.row, &*self.file, &self.target, making.folder);
        let (scan, path) = (making.world.scan(&target.dataset)?, self.path());
        let videos = scan.manifest.video_rows();
        let keys: Vec<_> = videos.iter().map(|video| (video.key.as_str(), video.split)).collect();
        let (rows, coverage) = read(&path, declared, &target.dataset, target.split, &keys)
            .map_err(|error| unusable(row, error, declared))?;
        let prediction = |video: &Video, frame, score: f64| {
            let probabilities = vec![(1.0 - score) as f32, score as f32];
            Prediction { of: face(video, frame, 0), area: None, probabilities, exact: Some(score) }
        };
        let rows = rows.iter().map(|row| prediction(&videos[row.video], row.frame, row.score));
        let classes = ["real", "fake"].map(str::to_owned);
        let metadata =
            BTreeMap::from([("proofmark.outside".to_owned(), declared.file.written.clone())]);
        write(&folder.join(FILE), rows, &classes, &metadata)
            .map_err(|e: PredictionsError| Failure::run(e))?;
        let text =
            serde_json::to_vec_pretty(&coverage).map_err(|e| Failure::Internal(e.to_string()))?;
        write_whole(&folder.join(COVERAGE), &text)?;
        Ok(Told::Nothing)
    }
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
fn unusable(row: &str, source: OutsideError, declared: &Placed<Predictions>) -> Failure {
    let columns = &declared.columns;
    let (other, text) = match &source {
        OutsideError::Range { .. } => (columns.at.score, "no probability in this column"),
        OutsideError::Lacking { column, .. } => (
            [(Some(&columns.video), columns.at.video), (columns.frame.as_ref(), columns.at.frame)]
                .into_iter()
                .find(|(named, _)| *named == Some(column))
                .map_or(Origin::DEFAULT, |(_, at)| at),
            "a cell of this column",
        ),
        OutsideError::Unknown { .. } => (columns.at.video, "has other keys"),
        OutsideError::Coverage { .. } => (declared.at.min_coverage, "not reached"),
        OutsideError::Twice { .. } | OutsideError::File(_) => (Origin::DEFAULT, ""),
    };
    let failure = Failure::data(Unusable { row: row.to_owned(), source });
    failure.at(declared.at.file, "this file").at(other, text)
}

/// What was written beside the predictions.
pub fn coverage(folder: &Path) -> Result<OutsideCoverage, Failure> {
    let path = folder.join(COVERAGE);
    let text = contents(&path)?;
    serde_json::from_slice(&text).map_err(|e| Failure::data(format!("{}: {e}", path.display())))
}

//! What the page shows, as data.

use std::collections::{BTreeMap, BTreeSet};

use super::super::table::TableData;
use crate::findings::{Findings, Run, ScoreFile};

/// Bins of a histogram of scores.
pub const BINS: usize = 20;
/// Bins of a calibration curve.
pub const CALIBRATION_BINS: usize = 10;

/// Most videos of a class that are shown for being most wrong.
pub const WRONG: usize = 3;

/// A report on one table.
#[derive(Clone, Debug)]
pub struct Content<'a> {
    /// The table.
    pub table: &'a TableData,
    /// What was found; [`Findings::runs`] has the models of the rows.
    pub findings: &'a Findings,
    /// The same by experiment.
    pub index: Index<'a>,
    /// How scores are distributed, for each data set or manipulation that has a column.
    pub units: Vec<UnitShapes>,
    /// The text of each experiment, and of what it refers to, by the experiment's name.
    pub texts: BTreeMap<String, ExperimentText>,
    /// For each row of the table, its experiments: one, or one per seed.
    pub experiments: Vec<Vec<String>>,
    /// The weight of each term of the objective of an experiment, by the experiment's and the
    /// term's name.
    pub weights: BTreeMap<(String, String), f64>,
    /// A face as JPEG of each video that a row has most wrong, by data set and video; empty
    /// unless faces were asked for.
    pub faces: BTreeMap<(String, String), Vec<u8>>,
    /// How fast each row was scored.
    pub paces: Vec<Pace>,
    /// How the report is made again, as a command.
    pub command: String,
}

/// How fast the faces of a row were scored, over all data sets as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    /// Place of the row in the table.
    pub row: usize,
    /// Faces scored.
    pub faces: u64,
    /// Their videos.
    pub videos: u64,
    /// Wall-clock seconds that it took.
    pub seconds: f64,
    /// On what, as far as it is known; several where there were.
    pub machines: BTreeSet<String>,
}

/// The scores of all rows on one data set or manipulation.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitShapes {
    /// Name for readers.
    pub label: String,
    /// Stable name: that of its column, or the data set.
    pub key: String,
    /// Its data set.
    pub dataset: String,
    /// Name of its scenario.
    pub scenario: String,
    /// Place of its column among all columns of the table; none for a data set of which only
    /// averages over manipulations are shown.
    pub column: Option<usize>,
    /// One per row of the table; none where it was not scored. Of a row with several seeds, those
    /// of its first experiment.
    pub rows: Vec<Option<Shape>>,
}

/// How the scores of a row's videos are distributed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Real videos.
    pub reals: u64,
    /// Fake videos.
    pub fakes: u64,
    /// Area below the ROC; none with one class alone.
    pub area: Option<f64>,
    /// Points (false-positive rate, true-positive rate) from (0, 0) to (1, 1); empty with
    /// one class alone. Thinned so that no point left out is farther than 0.0005 from the lines.
    pub roc: Vec<(f64, f64)>,
    /// Bins of equal width of P(fake) that have videos.
    pub calibration: Vec<CalibrationBin>,
    /// Real, then fake videos in [`BINS`] bins of equal width of P(fake).
    pub histogram: [Vec<u64>; 2],
    /// The real videos of the highest P(fake), highest first, then the fakes of the lowest, lowest
    /// first: at most [`WRONG`] of each.
    pub wrong: [Vec<(String, f64)>; 2],
}

/// The videos whose P(fake) is in a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Mean P(fake).
    pub score: f64,
    /// Share of fakes.
    pub fakes: f64,
    /// Number of videos.
    pub videos: u64,
}

/// Where an experiment is written.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentText {
    /// Its declaration, as written.
    pub text: String,
    /// File and line.
    pub place: String,
}

impl Content<'_> {
    /// The labels of the table's rows.
    pub fn labels(&self) -> Vec<&str> {
        let block = self.table.metrics.first();
        block
            .map(|block| block.rows.iter().map(|row| row.label.as_str()).collect())
            .unwrap_or_default()
    }

    /// The rows of the table: their place, label and experiments.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &str, &[String])> {
        let experiments = self.experiments.iter().map(Vec::as_slice);
        let rows = self.labels().into_iter().zip(experiments).enumerate();
        rows.map(|(row, (label, experiments))| (row, label, experiments))
    }

    /// The model of an experiment. Experiments that differ in name alone have one model, which
    /// has the name of the first; their scores tell.
    pub fn run(&self, experiment: &str) -> Option<&Run> {
        let run = self.index.runs.get(experiment).copied();
        // What was trained is the variant that was taken.
        if let Some(chosen) = run.and_then(|run| run.choice.as_ref()) {
            let variant = chosen.candidates.get(chosen.place)?;
            return self.findings.runs.iter().find(|run| run.key == variant.key).or(run);
        }
        run.or_else(|| {
            let key = self.scores(experiment).first()?.key.as_str();
            self.index.models.get(key).copied()
        })
    }

    /// The scores of an experiment, or of another tool's row.
    pub fn scores(&self, experiment: &str) -> &[&ScoreFile] {
        self.index.scores.get(experiment).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Where in the findings an experiment is.
#[derive(Clone, Debug, Default)]
pub struct Index<'a> {
    /// Models by the name that they have.
    runs: BTreeMap<&'a str, &'a Run>,
    /// Scores by experiment.
    scores: BTreeMap<&'a str, Vec<&'a ScoreFile>>,
    /// By the key of scores, the model that gave them.
    models: BTreeMap<&'a str, &'a Run>,
}

impl<'a> Index<'a> {
    /// That of some findings.
    pub fn of(findings: &'a Findings) -> Self {
        let mut index = Self::default();
        for run in &findings.runs {
            index.runs.entry(&run.experiment).or_insert(run);
        }
        for scores in &findings.scores {
            index.scores.entry(&scores.experiment).or_default().push(scores);
            if let Some(run) = index.runs.get(scores.experiment.as_str()) {
                index.models.entry(&scores.key).or_insert(run);
            }
        }
        index
    }
}

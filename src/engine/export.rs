//! What other programs take: the keys of videos, and scores, as CSV.

use super::graph::{Plan, Scores};
use super::kind::StageKind;
use super::stages::scores;
use super::world::World;
use proofmark_base::store::Store;
use proofmark_base::work::Failure;
use proofmark_evaluate::predictions::read;
use proofmark_lang::model::{Family, Label, Project, Split};
use proofmark_text::csv::write;

/// What is wanted; everything where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Of this data set.
    pub dataset: Option<&'a str>,
    /// Of this split.
    pub split: Option<Split>,
    /// Of this experiment, or row of another tool.
    pub experiment: Option<&'a str>,
}

impl Wanted<'_> {
    fn takes(&self, dataset: &str, split: Option<Split>) -> bool {
        self.dataset.is_none_or(|wanted| wanted == dataset)
            && self.split.is_none_or(|wanted| Some(wanted) == split)
    }
}

/// A row for each video: what a file of another tool's scores calls it, and what is known of it.
///
/// # Errors
/// A data set that is not declared, or of which nothing is wanted.
pub fn keys(project: &Project, world: &World, wanted: &Wanted<'_>) -> Result<String, Failure> {
    if let Some(name) = wanted.dataset
        && !world.scans.contains_key(name)
    {
        let names: Vec<&str> = project.datasets.keys().map(String::as_str).collect();
        return Err(Failure::data(format!(
            "there is no data set `{name}`; declared are: {}",
            names.join(", ")
        )));
    }
    let mut text = String::new();
    write(&mut text, ["dataset", "split", "video", "label", "method", "family"]);
    let mut rows = 0;
    for (dataset, scan) in &world.scans {
        let videos = scan.manifest.video_rows().into_iter();
        for video in videos.filter(|video| wanted.takes(dataset, video.split)) {
            rows += 1;
            let fake = video.label == Label::Fake;
            let method = video.method.as_deref().filter(|_| fake).unwrap_or_default();
            let family = video.family.filter(|_| fake).map_or("", Family::word);
            let split = video.split.map_or("", Split::word);
            write(&mut text, [dataset, split, &video.key, video.label.word(), method, family]);
        }
    }
    match rows {
        0 => Err(Failure::data("no video is in what is wanted")),
        _ => Ok(text),
    }
}

/// The columns of exported predictions: `video`, `frame`, `score` and `dataset` are what the row
/// of another tool looks for.
const COLUMNS: [&str; 11] = [
    "experiment",
    "dataset",
    "split",
    "corruption",
    "video",
    "frame",
    "face",
    "label",
    "method",
    "family",
    "score",
];

/// A row for each scored face of finished stages.
///
/// # Errors
/// Nothing finished of what is wanted, or a result that cannot be read.
pub fn predictions(plan: &Plan, store: &Store, wanted: &Wanted<'_>) -> Result<String, Failure> {
    let of = |scores: &&Scores| {
        wanted.takes(&scores.target.dataset, Some(scores.target.split))
            && wanted.experiment.is_none_or(|wanted| wanted == scores.of)
    };
    let planned: Vec<&Scores> = plan.scores.iter().filter(of).collect();
    let mut text = String::new();
    write(&mut text, COLUMNS);
    let mut finished = 0;
    for scores in &planned {
        let Some(folder) = store.find(StageKind::Predict.word(), &scores.key) else { continue };
        finished += 1;
        let path = folder.join(scores::FILE);
        let file = read(&path).map_err(Failure::data)?;
        let target = &scores.target;
        let corruption = target.corruption.map(|c| c.to_string()).unwrap_or_default();
        let samples = file.frames();
        for (row, sample) in file.rows().zip(&samples.rows) {
            let [frame, face] = [row.of.frame, row.of.face].map(|number| number.to_string());
            let score = sample.score.to_string();
            let row = [
                scores.of.as_str(),
                &target.dataset,
                target.split.word(),
                &corruption,
                &row.of.video,
                &frame,
                &face,
                row.of.label.word(),
                row.of.method.as_deref().unwrap_or_default(),
                row.of.family.map_or("", Family::word),
                &score,
            ];
            write(&mut text, row);
        }
    }
    match (finished, planned.len()) {
        (0, 0) => {
            let mut names: Vec<&str> = plan.scores.iter().map(|s| s.of.as_str()).collect();
            names.dedup();
            Err(Failure::data(format!(
                "no table scores what is wanted; scored are: {}",
                names.join(", ")
            )))
        }
        (0, planned) => Err(Failure::data(format!(
            "none of the {planned} score files is in the store yet; `evaluate` makes them"
        ))),
        _ => Ok(text),
    }
}

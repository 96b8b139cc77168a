//! What was found to the tables of a project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::page::{content, paces};
use proofmark_base::provenance::Provenance;
use proofmark_base::store::write_whole;
use proofmark_base::work::Failure;
use proofmark_evaluate::outside::OutsideCoverage;
use proofmark_evaluate::samples::Sample;
use proofmark_lang::model::{Dataset, Placed, Project, Row, Table, Unit, VideoScore};
use proofmark_lang::span::Origin;
use proofmark_lang::{Loaded, near};
use proofmark_plan::scope::{Target, targets};
use proofmark_report::build::build;
use proofmark_report::build_error::BuildError;
use proofmark_report::evidence::{Evidence, ScoreKey, Scored};
use proofmark_report::findings::{FailedVideo, Findings};
use proofmark_report::page::content::Content;
use proofmark_report::page::figures::Figures;
use proofmark_report::page::render::render;
use proofmark_report::plot::chart::Plot;
use proofmark_report::plot::png;
use proofmark_report::plot::svg::{self, Theme};
use proofmark_report::reference::{self, Published};
use proofmark_report::table::TableData;
use proofmark_report::{csv, json, latex, markdown};
use proofmark_text::names::beside;

/// The scores that a table is built from.
///
/// # Errors
/// Predictions that cannot be read.
fn evidence(findings: &Findings, table: &Table) -> Result<Evidence, Failure> {
    let mut evidence = Evidence { costs: findings.costs.clone(), ..Evidence::default() };
    for set in &findings.coverage {
        evidence.coverage.insert((set.dataset.clone(), set.split), set.coverage);
    }
    for set in &findings.attributes {
        let key = (set.dataset.clone(), set.name.clone());
        evidence.attributes.insert(key, set.values.clone());
    }
    for set in &findings.datasets {
        evidence.manifests.insert(set.dataset.clone(), set.manifest.clone());
    }
    for measured in findings.separability.iter().filter(|of| of.table == table.name) {
        let Target { dataset, split, .. } = &measured.target;
        let key = (measured.experiment.clone(), dataset.clone(), *split);
        evidence.separability.insert(key, measured.found.clone());
    }
    for run in findings.runs.iter().filter(|run| run.proofmark.is_some()) {
        evidence.epochs.insert(run.experiment.clone(), run.epochs.clone());
        evidence.choices.extend(run.choice.clone().map(|choice| (run.experiment.clone(), choice)));
    }
    evidence.calibrations.clone_from(&findings.calibrations);
    let targets = targets(table);
    let failed: BTreeMap<_, _> =
        findings.coverage.iter().map(|set| ((&*set.dataset, set.split), &set.failed)).collect();
    let rows: BTreeMap<&str, &Placed<Row>> =
        table.rows.iter().flat_map(|row| row.experiments().map(move |name| (name, row))).collect();
    for scores in &findings.scores {
        // Other tables need other scores; what validates is not corrupted.
        let target = &scores.target;
        let Some(row) = rows.get(scores.experiment.as_str()) else { continue };
        if target.corruption.is_some() && !targets.contains(target) {
            continue;
        }
        let Target { dataset, split, corruption } = scores.target.clone();
        let key = ScoreKey { experiment: scores.experiment.clone(), dataset, split, corruption };
        let scored = match (&scores.file, &scores.outside) {
            (None, _) => Err("not evaluated yet".to_owned()),
            (Some(_), Some(OutsideCoverage { scored: 0, instead, .. })) => {
                Err(no_score(&key, instead))
            }
            (Some(file), outside) => {
                // What another tool did not score is not ours to score.
                let failed = failed.get(&(&*key.dataset, key.split)).filter(|_| outside.is_none());
                let failed = failed.map(|failed| failed.as_slice()).unwrap_or_default();
                Ok(read(file, (table.video_score_of(row), table.failed_of(row)), failed)?)
            }
        };
        let model = findings.runs.iter().find(|run| run.experiment == scores.experiment);
        let keys = [Some(&scores.key), model.map(|run| &run.key)];
        let makers = keys.into_iter().flatten().filter_map(|key| findings.maker(key)).cloned();
        evidence.makers.entry(scores.experiment.clone()).or_default().extend(makers);
        if let Some(coverage) = &scores.outside {
            evidence.outside.insert(key.clone(), coverage.clone());
        }
        evidence.scores.insert(key, scored);
    }
    Ok(evidence)
}

/// That a file has no score of a data set, and what it has instead.
fn no_score(key: &ScoreKey, instead: &[String]) -> String {
    let mut text = format!("the file of {} has no score of {}", key.experiment, key.dataset);
    if !instead.is_empty() {
        text += &format!("; its data sets are {}", instead.join(", "));
    }
    if let Some(near) = near(&key.dataset, instead.iter().map(String::as_str)) {
        text += &format!(", did you mean `{}` by `{near}`?", key.dataset);
    }
    text
}

/// A table that was built.
#[derive(Debug)]
pub struct Built<'a> {
    /// How it is declared.
    pub declared: &'a Table,
    /// The table.
    pub data: TableData,
    /// With what the results it is built from were made, as far as their bits depend on it: faces
    /// that ffmpeg decoded among them.
    pub machines: BTreeSet<Provenance>,
    evidence: Evidence,
}

/// The tables of a project, built from what was found, one after the other. Scores that are not
/// there make cells n/a. Of each the error is of scores or published numbers that cannot be read, or
/// columns under their minimum coverage.
pub fn all<'a, 'b>(
    project: &'a Project,
    findings: &'b Findings,
) -> impl Iterator<Item = Result<Built<'a>, Failure>> + use<'a, 'b> {
    project.tables.iter().map(move |declared| {
        let (evidence, published) = (evidence(findings, declared)?, published(declared)?);
        let data = build(project, declared, &evidence, &published);
        let data = data.map_err(|error| unbuilt(error, project, declared))?;
        let makers = findings.makers.iter().map(|maker| &maker.with);
        let machines = makers.filter(|with| !with.is_everywhere_the_same());
        let machines = machines.map(Provenance::deciding).collect();
        Ok(Built { declared, data, machines, evidence })
    })
}

impl Built<'_> {
    /// What is on its page.
    ///
    /// # Errors
    /// Scores that are not finite.
    pub fn content<'b>(
        &'b self,
        loaded: &Loaded,
        findings: &'b Findings,
    ) -> Result<Content<'b>, Failure> {
        content(loaded, self.declared, &self.evidence, (&self.data, findings))
    }
}

impl Built<'_> {
    /// Adds to the page how fast its rows were scored.
    pub fn add_paces(&self, content: &mut Content<'_>, findings: &Findings) {
        content.paces = paces(self.declared, &self.evidence, findings);
    }
}

/// A table of published numbers alone: its averages audited, its claims decided by them.
///
/// # Errors
/// Published numbers that cannot be read.
pub fn audit(project: &Project, table: &Placed<Table>) -> Result<TableData, Failure> {
    let published = published(table)?;
    build(project, table, &Evidence::default(), &published)
        .map_err(|error| unbuilt(error, project, table))
}

/// Why a table cannot be built, at the data sets that are to blame.
fn unbuilt(error: BuildError, project: &Project, table: &Placed<Table>) -> Failure {
    let set = |name: &String| project.datasets.get(name);
    let places: Vec<(Origin, &str)> = match &error {
        BuildError::Coverage(low) => {
            let of = |dataset: &Placed<Dataset>| match dataset.at.min_coverage {
                Origin::DEFAULT => (dataset.at.name, "too few videos with a face"),
                written => (written, "not reached"),
            };
            low.iter().filter_map(|low| set(&low.dataset)).map(of).collect()
        }
        BuildError::Score { dataset, .. } => {
            set(dataset).map(|set| (set.at.name, "scores of this data set")).into_iter().collect()
        }
        BuildError::Dataset(_) => Vec::new(),
    };
    let failure = Failure::data(error);
    let failure = places.into_iter().fold(failure, |f, (origin, text)| f.at(origin, text));
    failure.or_at(table.at.name, "this table")
}

/// The numbers that a table refers to.
fn published(table: &Table) -> Result<Vec<Published>, Failure> {
    table
        .references
        .iter()
        .map(|r| {
            let path = r.file.base.join(&r.file.written);
            reference::read(&path, &r.name, r.unit == Unit::Percent)
                .map_err(|error| Failure::data(error).at(r.at.file, "this file"))
        })
        .collect()
}

/// Scores from a file, and of the videos without a usable face where the rule has one for them.
fn read(
    file: &Path,
    (rule, score): (VideoScore, Option<f64>),
    failed: &[FailedVideo],
) -> Result<Scored, Failure> {
    let unread = |e: proofmark_evaluate::predictions::PredictionsError| Failure::data(e);
    let predictions = proofmark_evaluate::predictions::read(file).map_err(unread)?;
    let mut videos = predictions.videos(rule).map_err(unread)?;
    if let Some(score) = score {
        videos.rows.extend(failed.iter().map(|video| unseen(video, score)));
    }
    Ok(Scored { frames: predictions.frames(), videos })
}

/// A video without a usable face, with the score that it is given.
fn unseen(video: &FailedVideo, score: f64) -> Sample {
    Sample {
        video: video.video.as_str().into(),
        fake: video.fake,
        score,
        method: video.method.as_deref().map(Into::into),
        family: video.family,
    }
}

/// A table in every format that says the table and nothing else, by extension.
pub fn texts(table: &TableData) -> [(&'static str, String); 4] {
    [
        ("md", markdown::render(table)),
        ("tex", latex::render(table)),
        ("csv", csv::render(table)),
        ("json", json::render(table)),
    ]
}

/// How the names of a table's files begin.
pub fn stem(project: &Project, table: &str) -> String {
    beside(table, project.tables.iter().map(|table| table.name.as_str()))
}

/// Writes a table in every format to `folder`, and its plots to a folder beside it, with names that
/// begin with `stem`. Returns the files, and the folder of plots.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(content: &Content, folder: &Path, stem: &str) -> Result<Vec<PathBuf>, Failure> {
    let table = content.table;
    std::fs::create_dir_all(folder).map_err(|e| Failure::write(folder, &e))?;
    let figures = Figures::of(content);
    let mut files = Vec::new();
    for (extension, text) in texts(table).into_iter().chain([("html", render(content, &figures))]) {
        let path = folder.join(format!("{stem}.{extension}"));
        write_whole(&path, text.as_bytes())?;
        files.push(path);
    }
    let plots: Vec<&Plot> = figures.all().collect();
    if !plots.is_empty() {
        let folder = folder.join(format!("{stem}-plots"));
        std::fs::create_dir_all(&folder).map_err(|e| Failure::write(&folder, &e))?;
        plots.par_iter().try_for_each(|plot| write_plot(plot, &folder))?;
        files.push(folder);
    }
    Ok(files)
}

/// Writes a plot as SVG and PNG.
fn write_plot(plot: &Plot, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{}.svg", plot.name));
    write_whole(&path, svg::file(plot, Theme::Both).as_bytes())?;
    let png = png::render(&svg::file(plot, Theme::Light));
    let png = png.ok_or_else(|| {
        Failure::Internal(format!("the plot {} cannot be drawn as PNG", plot.name))
    })?;
    Ok(write_whole(&path.with_extension("png"), &png)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_evaluate::face::Face;
    use proofmark_evaluate::predictions::{Prediction, write};
    use proofmark_lang::model::{FrameMax, Label, Pooling};

    #[test]
    fn only_a_rule_that_says_so_scores_videos_without_a_face() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("predictions.parquet");
        let face = |face, area, p| Prediction {
            of: Face {
                dataset: "d".to_owned(),
                video: "seen".to_owned(),
                frame: 0,
                face,
                label: Label::Real,
                method: None,
                family: None,
            },
            area: Some(area),
            probabilities: vec![1.0 - p, p],
            exact: Some(f64::from(p)),
        };
        let classes = ["real", "fake"].map(str::to_owned);
        let faces = [face(0, 900.0, 0.25), face(1, 100.0, 0.75)];
        write(&file, faces, &classes, &BTreeMap::new()).unwrap();
        let unseen = FailedVideo {
            video: "unseen".to_owned(),
            fake: true,
            method: Some("swap".to_owned()),
            family: None,
        };
        let scores = |rule| {
            let scored = read(&file, rule, std::slice::from_ref(&unseen)).unwrap();
            assert_eq!(scored.frames.rows.len(), 2);
            let video = |row: Sample| (row.video.to_string(), row.fake, row.score);
            scored.videos.rows.into_iter().map(video).collect::<Vec<_>>()
        };
        let seen = |score| ("seen".to_owned(), false, score);
        let rules = [
            (VideoScore::default(), 0.5),
            (VideoScore::Faces(Pooling::Max), 0.75),
            (VideoScore::Faces(Pooling::Top(1)), 0.75),
            (VideoScore::FrameMax(FrameMax { area: 0.5 }), 0.25),
        ];
        for (rule, score) in rules {
            assert_eq!(scores((rule, None)), [seen(score)]);
            for given in [0.0, 0.5, 1.0] {
                let unseen = ("unseen".to_owned(), true, given);
                assert_eq!(scores((rule, Some(given))), [seen(score), unseen]);
            }
        }
    }
}

//! Finished results to the tables of a project.

use std::path::{Path, PathBuf};

use super::run::face_folders;
use super::world::World;
use crate::lang::model::{Project, Split, Table, VideoScore};
use crate::plan::graph::{Kind, Plan, Work, scored};
use crate::prepare::faces::Faces;
use crate::report::build::{Evidence, ScoreKey, Scored, build};
use crate::report::reference::{self, Published};
use crate::report::table::{Coverage, TableData};
use crate::report::{csv, html, json, latex, markdown};
use crate::store::{Store, write_whole};
use crate::work::Failure;

/// Builds a table from what is in the store. Scores that are not there make cells n/a.
pub fn make(
    project: &Project,
    table: &Table,
    world: &World,
    plan: &Plan,
    store: &Store,
) -> Result<TableData, Failure> {
    let mut evidence = Evidence::default();
    let folders = face_folders(plan, store)?;
    for (dataset, split) in scored(table) {
        if let Some(folder) = folders.get(&dataset) {
            let faces = Faces::open(folder).map_err(Failure::Data)?;
            let coverage = coverage(world, &faces, &dataset, split);
            evidence.coverage.insert((dataset, split), coverage);
        }
    }
    for stage in &plan.stages {
        let Work::Predict { experiment, dataset, split, .. } = &stage.work else { continue };
        let key =
            ScoreKey { experiment: experiment.clone(), dataset: dataset.clone(), split: *split };
        let scores = match store.find(Kind::Predict.word(), &stage.key) {
            None => Err("not evaluated yet".to_owned()),
            Some(folder) => Ok(read(&folder, table.video_score.value)?),
        };
        evidence.scores.insert(key, scores);
    }
    let published = published(table)?;
    build(project, table, &evidence, &published).map_err(|e| Failure::Data(e.to_string()))
}

/// A table of published numbers alone: its averages audited, its claims decided by them.
///
/// # Errors
/// Published numbers that cannot be read.
pub fn audit(project: &Project, table: &Table) -> Result<TableData, Failure> {
    let published = published(table)?;
    build(project, table, &Evidence::default(), &published)
        .map_err(|e| Failure::Data(e.to_string()))
}

/// The numbers that a table refers to.
fn published(table: &Table) -> Result<Vec<Published>, Failure> {
    table
        .references
        .iter()
        .map(|r| {
            let path = r.file.value.base.join(&r.file.value.written);
            reference::read(&path, &r.name.value, r.percent.value)
                .map_err(|e| Failure::Data(e.to_string()))
        })
        .collect()
}

fn read(folder: &Path, rule: VideoScore) -> Result<Scored, Failure> {
    let failed = |e: crate::evaluate::predictions::PredictionsError| Failure::Data(e.to_string());
    let predictions =
        crate::evaluate::predictions::read(&folder.join(super::predict::FILE)).map_err(failed)?;
    Ok(Scored { frames: predictions.frames(), videos: predictions.videos(rule).map_err(failed)? })
}

/// Videos of a split with a usable face, of all of them.
fn coverage(world: &World, faces: &Faces, dataset: &str, split: Split) -> Coverage {
    let mut coverage = Coverage { usable: 0, total: 0 };
    let Some(scan) = world.scans.get(dataset) else { return coverage };
    for video in scan.manifest.video_rows() {
        if video.split == Some(split) {
            coverage.total += 1;
            let prepared = faces.videos.get(&video.key);
            coverage.usable += u64::from(prepared.is_some_and(|v| v.faces > 0));
        }
    }
    coverage
}

/// Writes a table in every format to `folder`. Returns the files.
pub fn write(table: &TableData, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::write(folder, &e))?;
    let mut files = Vec::new();
    for (extension, text) in [
        ("md", markdown::render(table)),
        ("tex", latex::render(table)),
        ("csv", csv::render(table)),
        ("json", json::render(table)),
        ("html", html::render(table)),
    ] {
        let path = folder.join(format!("{}.{extension}", table.name));
        write_whole(&path, text.as_bytes())?;
        files.push(path);
    }
    Ok(files)
}

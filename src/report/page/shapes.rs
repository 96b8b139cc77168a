//! How the scores of each row are distributed: ROC, calibration, histograms.

use std::collections::BTreeSet;

use super::content::{BINS, CALIBRATION_BINS, CalibrationBin, Shape, UnitShapes, WRONG};
use crate::build_error::BuildError;
use crate::columns::{ColumnSource, Unit, plan};
use crate::evidence::{Evidence, ScoreKey};
use proofmark_base::math::hypot;
use proofmark_evaluate::samples::Sample;
use proofmark_lang::model::{Column, Project, Split, Table};
use proofmark_metrics::{AUC, Ranking, bin};

/// Farthest that a point of the ROC which is left out lies from the line that stands for it.
/// The line is at most 2 long, so the area below it changes by less than twice as much.
const TOLERANCE: f64 = 0.0005;

/// The shapes of a table: of each column that is no average and not corrupted, and of each data
/// set whose manipulations are averaged without being shown.
///
/// # Errors
/// As [`build`](crate::build::build).
pub fn shapes(
    project: &Project,
    table: &Table,
    evidence: &Evidence,
) -> Result<Vec<UnitShapes>, BuildError> {
    let planned = plan(project, table, evidence)?;
    let mut units: Vec<(usize, Option<usize>, Unit)> = Vec::new();
    let mut column = 0;
    for (scenario, head) in planned.scenarios.iter().enumerate() {
        for _ in &head.columns {
            if let ColumnSource::Unit(unit) = planned.sources[column] {
                let unit = planned.units[unit].clone();
                // What robustness is compared with is often in another scenario, too.
                let known = units
                    .iter()
                    .any(|(.., known)| (known.key(), known.split) == (unit.key(), unit.split));
                if unit.corruption.is_none() && !known {
                    units.push((scenario, Some(column), unit));
                }
            }
            column += 1;
        }
        for shown in &table.scenarios[scenario].columns {
            if let Column::PerManipulation(of) = shown
                && !of.show
            {
                units.push((scenario, None, whole(project, &of.dataset, of.split)));
            }
        }
    }
    let shape_of = |unit: &Unit, experiment: &str| {
        let key = unit.key_of(experiment);
        match evidence.scores.get(&key) {
            _ if unit.hidden.contains(experiment) => Ok(None),
            Some(Ok(scored)) => shape(unit.select(&scored.videos, evidence), key).map(Some),
            Some(Err(_)) | None => Ok(None),
        }
    };
    units
        .into_iter()
        .map(|(scenario, column, unit)| {
            let rows = table.rows.iter().map(|row| shape_of(&unit, &row.experiment));
            Ok(UnitShapes {
                label: unit.label.clone(),
                key: unit.key(),
                dataset: unit.dataset.clone(),
                scenario: planned.scenarios[scenario].name.clone(),
                column,
                rows: rows.collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

/// All of a data set.
fn whole(project: &Project, dataset: &str, split: Split) -> Unit {
    let title = project.datasets.get(dataset).and_then(|set| set.title.as_ref());
    let title = title.map_or(dataset, String::as_str);
    Unit {
        label: format!("{title}, all manipulations"),
        dataset: dataset.to_owned(),
        split,
        method: None,
        corruption: None,
        value: None,
        hidden: BTreeSet::new(),
        too_few: None,
    }
}

/// The shape of some videos.
fn shape<'a>(videos: impl Iterator<Item = &'a Sample>, key: ScoreKey) -> Result<Shape, BuildError> {
    let samples: Vec<&Sample> = videos.collect();
    let videos = samples.iter().map(|video| (video.fake, video.score)).collect::<Vec<_>>();
    let ScoreKey { experiment, dataset, .. } = key;
    let ranking = Ranking::new(videos.iter().copied());
    let ranking = ranking.map_err(|source| BuildError::Score { experiment, dataset, source })?;
    let mut shape = Shape {
        reals: ranking.reals() as u64,
        fakes: ranking.fakes() as u64,
        area: ranking.measure(AUC).ok(),
        roc: thinned(&ranking.roc().unwrap_or_default()),
        calibration: Vec::new(),
        histogram: [vec![0; BINS], vec![0; BINS]],
        wrong: [wrong(&samples, false), wrong(&samples, true)],
    };
    let mut bins = [(0.0, 0u64, 0u64); CALIBRATION_BINS];
    for (fake, score) in videos {
        shape.histogram[usize::from(fake)][bin(score, BINS as u32)] += 1;
        let (sum, fakes, videos) = &mut bins[bin(score, CALIBRATION_BINS as u32)];
        *sum += score;
        *fakes += u64::from(fake);
        *videos += 1;
    }
    let filled = bins.into_iter().filter(|(.., videos)| *videos > 0);
    shape.calibration = filled
        .map(|(sum, fakes, videos)| CalibrationBin {
            score: sum / videos as f64,
            fakes: fakes as f64 / videos as f64,
            videos,
        })
        .collect();
    Ok(shape)
}

/// The videos of a class that are farthest from what they are; of equal ones the first by name.
fn wrong(videos: &[&Sample], fake: bool) -> Vec<(String, f64)> {
    let mut of_class: Vec<&&Sample> = videos.iter().filter(|video| video.fake == fake).collect();
    of_class.sort_by(|a, b| {
        let by_score = if fake { a.score.total_cmp(&b.score) } else { b.score.total_cmp(&a.score) };
        by_score.then_with(|| a.video.cmp(&b.video))
    });
    of_class.iter().take(WRONG).map(|video| (video.video.to_string(), video.score)).collect()
}

/// The points of a line that it needs to keep its form (Douglas and Peucker 1973).
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut kept = vec![false; points.len()];
    (kept[0], kept[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let away = |i: usize| distance(points[i], points[from], points[to]);
        let farthest = (from + 1..to).max_by(|&a, &b| away(a).total_cmp(&away(b)));
        if let Some(far) = farthest.filter(|&far| away(far) > TOLERANCE) {
            kept[far] = true;
            open.extend([(from, far), (far, to)]);
        }
    }
    points.iter().zip(kept).filter_map(|(point, kept)| kept.then_some(*point)).collect()
}

/// How far a point lies from the line between two others.
fn distance((x, y): (f64, f64), (x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    match hypot(dx, dy) {
        0.0 => hypot(x - x0, y - y0),
        length => ((x - x0) * dy - (y - y0) * dx).abs() / length,
    }
}

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;

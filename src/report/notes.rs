//! The notes below a table: what readers must know to understand its numbers.

use std::collections::BTreeSet;

use super::calibrations;
use super::certainty;
use super::columns::{ColumnSource, Planned};
use super::evidence::Evidence;
use super::makers;
use super::protocol;
use super::table::{Coverage, MetricBlock};
use super::terms;
use super::variants;
use proofmark_lang::model::{CorruptionKind, FrameMax, Pooling, Project, Split, Table, VideoScore};

/// What a gap is, where there is one, and which groups are in none.
fn gaps(planned: &Planned, table: &Table) -> Option<String> {
    if !planned.sources.iter().any(|source| matches!(source, ColumnSource::Gap(_))) {
        return None;
    }
    let mut note =
        "A gap is the largest number of a row over the groups less the smallest. It is never \
                    below 0, and above it by chance where groups are alike"
            .to_owned();
    if table.intervals.shown {
        note += "; its interval is that of the gap in each draw, and does not say whether groups differ";
    }
    let left: Vec<String> = (planned.units.iter())
        .filter(|unit| unit.too_few.is_some())
        .map(|unit| format!("{} of {}", unit.label, unit.dataset))
        .collect();
    if !left.is_empty() {
        note += &format!(". Too few videos to be in it: {}", left.join(", "));
    }
    Some(note + ".")
}

/// What readers must know to understand the numbers.
pub fn of(
    project: &Project,
    table: &Table,
    planned: &Planned,
    evidence: &Evidence,
    blocks: &[MetricBlock],
) -> Vec<String> {
    let mut notes = certainty::notes(table, &planned.scenarios, blocks);
    notes.extend(seeds(table));
    notes.extend(variants::notes(project, table, evidence));
    notes.extend(terms::note(project, table, evidence));
    notes.extend(video_score(table));
    notes.extend(unusable(table, planned, evidence));
    notes.extend(blocks.iter().filter(|block| block.validated).filter_map(thresholds));
    notes.extend(protocol::notes(project, table, evidence));
    notes.extend(makers::unlike(table, evidence));
    notes.extend(calibrations::notes(table, evidence));
    notes.extend(corruptions(planned));
    notes.extend(gaps(planned, table));
    if planned.units.iter().any(|unit| table.rows.iter().any(|row| unit.hides(row))) {
        notes.push(
            "In held-out columns – stands where the row trains on the data set itself.".into(),
        );
    }
    if planned.units.iter().any(|unit| unit.method.is_some()) {
        notes.push(
            "A manipulation's number compares its fakes with all reals of the data set; \
             averages over manipulations weigh each manipulation the same."
                .into(),
        );
    }
    let coverage: Vec<String> = planned
        .splits()
        .into_iter()
        .filter_map(|key| {
            let Coverage { usable, total } = evidence.coverage.get(&key)?;
            Some(format!("{} {usable}/{total}", key.0))
        })
        .collect();
    if !coverage.is_empty() {
        notes.push(format!("Videos scored: {}.", coverage.join(", ")));
    }
    let by_manipulation: BTreeSet<(&str, Split)> = planned
        .units
        .iter()
        .filter(|unit| unit.method.is_some())
        .map(|unit| (unit.dataset.as_str(), unit.split))
        .collect();
    for (dataset, split) in by_manipulation {
        let unattributed = evidence
            .scores
            .iter()
            .filter(|(key, _)| key.dataset == dataset && key.split == split)
            .filter_map(|(_, scored)| Some(scored.as_ref().ok()?.videos.unattributed()))
            .max()
            .unwrap_or(0);
        let (videos, have, are) = match unattributed {
            0 => continue,
            1 => ("video", "has", "is"),
            _ => ("videos", "have", "are"),
        };
        notes.push(format!(
            "{unattributed} fake {videos} of {dataset} {have} no known manipulation and {are} in \
             no column."
        ));
    }
    notes.extend(table.notes.iter().cloned());
    notes
}

/// Which rows have several seeds.
fn seeds(table: &Table) -> Option<String> {
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| (row, row.experiments().count()))
        .filter(|(_, seeds)| *seeds > 1)
        .map(|(row, seeds)| format!("{} {seeds}", row.label))
        .collect();
    (!rows.is_empty()).then(|| {
        let rows = rows.join(", ");
        format!("Mean ± standard deviation over seeds, whose number is: {rows}.")
    })
}

/// How faces make a video's score, where it is not the mean.
fn video_score(table: &Table) -> Option<String> {
    let rule = (table.video_score, table.failed);
    let usual = (VideoScore::default(), None);
    let general = (rule != usual).then(|| format!("A video's score is {}.", how(rule)));
    let rows = table.rows.iter();
    let rows = rows.map(|row| (row, (table.video_score_of(row), table.failed_of(row))));
    let rows = rows
        .filter(|(_, of_row)| *of_row != rule)
        .map(|(row, of_row)| format!("A video's score of {} is {}.", row.label, how(of_row)));
    let said: Vec<String> = general.into_iter().chain(rows).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// How a rule makes a video's score, and which it gives a video without a usable face.
fn how((rule, failed): (VideoScore, Option<f64>)) -> String {
    let of_faces = match rule {
        VideoScore::Faces(Pooling::Mean) => "the mean of its faces".to_owned(),
        VideoScore::Faces(Pooling::Max) => "the highest of its faces".to_owned(),
        VideoScore::Faces(Pooling::Top(k)) => format!("the mean of its {k} highest faces"),
        VideoScore::FrameMax(FrameMax { area }) => format!(
            "the mean over its frames, each the highest of its faces with at least {} % of the \
             area of the largest",
            (area * 1e10).round() / 1e8,
        ),
    };
    let class = match failed {
        Some(0.0) => " (real)",
        Some(1.0) => " (fake)",
        Some(_) | None => "",
    };
    let failed = failed.map(|score| format!(", {score}{class} without a usable face"));
    of_faces + &failed.unwrap_or_default()
}

/// How many videos have a score that no face gave them.
fn unusable(table: &Table, planned: &Planned, evidence: &Evidence) -> Option<String> {
    // What another tool did not score stays out.
    let ours = table.rows.iter().filter(|row| row.predictions.is_none());
    ours.filter_map(|row| table.failed_of(row)).next()?;
    let of = |key: (String, Split)| {
        let Coverage { usable, total } = evidence.coverage.get(&key)?;
        (usable < total).then(|| format!("{} {}/{total}", key.0, total - usable))
    };
    let sets: Vec<String> = planned.splits().into_iter().filter_map(of).collect();
    (!sets.is_empty()).then(|| format!("Videos without a usable face: {}.", sets.join(", ")))
}

/// What is meant by corrupted faces.
fn corruptions(planned: &Planned) -> Option<String> {
    let kinds = planned.units.iter().filter_map(|unit| unit.corruption.map(|of| of.kind));
    let kinds: BTreeSet<CorruptionKind> = kinds.collect();
    let methods: Vec<&str> = kinds.iter().map(|kind| kind.method).collect();
    (!methods.is_empty()).then(|| {
        format!(
            "Columns of a corruption: the stored faces were corrupted before they were scored: {}.",
            methods.join("; ")
        )
    })
}

/// The thresholds that were chosen for a block, if any could be.
fn thresholds(block: &MetricBlock) -> Option<String> {
    let rows = block.rows.iter().filter(|row| !row.thresholds.is_empty()).map(|row| {
        let each: Vec<String> = row.thresholds.iter().map(|t| format!("{t:.3}")).collect();
        format!("{} {}", row.label, each.join(" and "))
    });
    let rows: Vec<String> = rows.collect();
    (!rows.is_empty()).then(|| {
        format!(
            "Thresholds of {}, each the one of the highest balanced accuracy on the row's \
             validation splits: {}.",
            block.label,
            rows.join(", ")
        )
    })
}

//! Metrics against the strength of corruptions.

use crate::page::content::Content;
use crate::plot::chart::{Drawing, Key, Lines, Mark, Panel, Plot, Series};
use crate::plot::{Axis, number};
use crate::table::{ColumnHead, ColumnKind, MetricBlock};
use crate::text::{heading, percent};
use proofmark_lang::model::{CorruptionKind, Split};

const SIZE: (f64, f64) = (430.0, 250.0);

/// Columns that differ in strength alone.
struct Group {
    dataset: String,
    split: Split,
    kind: CorruptionKind,
    /// Places of the columns, and what stands below their points.
    points: Vec<(usize, String)>,
}

/// A plot for each data set, with a panel for each metric and kind of corruption.
pub(super) fn plots(content: &Content) -> Vec<Plot> {
    let table = content.table;
    let mut sets: Vec<Vec<Group>> = Vec::new();
    let mut first = 0;
    for scenario in &table.scenarios {
        for group in groups(&scenario.columns, first) {
            let same = |set: &&mut Vec<Group>| {
                set[0].dataset == group.dataset && set[0].split == group.split
            };
            match sets.iter_mut().find(same) {
                Some(set) => set.push(group),
                None => sets.push(vec![group]),
            }
        }
        first += scenario.columns.len();
    }
    let key = |(row, label): (usize, &str)| Key { mark: Mark::Row(row), label: label.to_owned() };
    let legend: Vec<Key> = content.labels().into_iter().enumerate().map(key).collect();
    let plot = |set: &Vec<Group>| Plot {
        name: format!("robustness {}", set[0].dataset),
        title: format!("Robustness on {}", set[0].dataset),
        notes: vec![table.caption()],
        legend: legend.clone(),
        panels: table.metrics.iter().flat_map(|block| panels(block, set)).collect(),
        columns: 2,
    };
    sets.iter().map(plot).collect()
}

fn groups(columns: &[ColumnHead], first: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, head) in columns.iter().enumerate() {
        let ColumnKind::Corrupted { dataset, split, corruption } = &head.kind else { continue };
        let point = (first + i, number(corruption.strength()));
        let same = |group: &&mut Group| {
            group.dataset == *dataset && group.split == *split && group.kind == corruption.kind
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.points.push(point),
            None => groups.push(Group {
                dataset: dataset.clone(),
                split: *split,
                kind: corruption.kind,
                points: vec![point],
            }),
        }
    }
    for group in &mut groups {
        let clean = columns.iter().position(|head| {
            matches!(&head.kind, ColumnKind::Dataset { dataset, split }
                if *dataset == group.dataset && *split == group.split)
        });
        if let Some(clean) = clean {
            group.points.insert(0, (first + clean, "as it is".to_owned()));
        }
    }
    groups
}

/// The panels of a metric, all with the same scale: what hurts more has to look so.
fn panels(block: &MetricBlock, set: &[Group]) -> Vec<Panel> {
    let columns = || set.iter().flat_map(|group| &group.points).map(|(column, _)| *column);
    let values = block.rows.iter().flat_map(|row| columns().map(|c| row.cells.get(c)?.value));
    let y = Axis::of(&format!("{} (%)", block.label), values.flatten().map(|v| v * 100.0));
    set.iter().map(|group| panel(block, group, &y)).collect()
}

fn panel(block: &MetricBlock, group: &Group, y: &Axis) -> Panel {
    let series = block.rows.iter().enumerate().map(|(row, data)| {
        let value = |(x, (column, _)): (usize, &(usize, String))| {
            Some((x as f64, data.cells.get(*column)?.value? * 100.0))
        };
        let points = group.points.iter().enumerate().filter_map(value).collect();
        Series { mark: Mark::Row(row), points, dots: true }
    });
    let words = block.rows.iter().map(|data| {
        let value = |(column, _): &(usize, String)| {
            data.cells.get(*column).and_then(|cell| cell.value).map_or("n/a".to_owned(), percent)
        };
        let values: Vec<String> = group.points.iter().map(value).collect();
        format!("{} {}", data.label, values.join(", "))
    });
    let labels: Vec<&str> = group.points.iter().map(|(_, label)| label.as_str()).collect();
    let ticks = labels.iter().enumerate().map(|(i, label)| (i as f64, (*label).to_owned()));
    let last = (group.points.len().max(2) - 1) as f64;
    Panel {
        title: format!("{} by {}", block.label, group.kind.axis),
        description: format!(
            "{}, {}: at {}. {}.",
            heading(block),
            group.kind.axis,
            labels.join(", "),
            words.collect::<Vec<_>>().join("; ")
        ),
        row: None,
        size: SIZE,
        drawing: Drawing::Lines(Lines {
            x: Axis {
                title: group.kind.axis.to_owned(),
                low: -0.2,
                high: last + 0.2,
                ticks: ticks.collect(),
            },
            y: y.clone(),
            diagonal: false,
            bars: Vec::new(),
            at: None,
            series: series.collect(),
        }),
    }
}

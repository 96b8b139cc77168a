//! How far embeddings lie apart: of each data set the rows, and what all formats say of them.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use super::numbers::thousands;
use super::table::{SeparabilityBlock, SeparabilityRow, TableData};
use super::text::percent;
use proofmark_evaluate::separability::{Numbers, Quantity, Sampled, Separability};
use proofmark_lang::model::{Placed, Project, Row, Split, Table};

/// What the section is called.
pub(super) const HEADING: &str = "Separability of embeddings";

/// One of the numbers.
type Of = fn(&Numbers) -> &Quantity;

/// The columns: of each its heading, and the quantity.
const COLUMNS: [(&str, Of); 6] = [
    ("easy (%)", |numbers| &numbers.easy),
    ("semi-hard (%)", |numbers| &numbers.semi_hard),
    ("hard (%)", |numbers| &numbers.hard),
    ("silhouette", |numbers| &numbers.silhouette),
    ("nearest (%)", |numbers| &numbers.nearest),
    ("nearest, balanced (%)", |numbers| &numbers.nearest_balanced),
];
/// The place of the silhouette among the columns, which alone is no share.
const SILHOUETTE: usize = 3;

/// The data sets of a table that declares it, in the order of its columns.
pub(super) fn blocks(
    project: &Project,
    table: &Table,
    evidence: &Evidence,
) -> Vec<SeparabilityBlock> {
    if table.separability.is_none() {
        return Vec::new();
    }
    let mut sets: Vec<(&str, Split)> = Vec::new();
    for column in table.scenarios.iter().flat_map(|scenario| &scenario.columns) {
        if let Some(of) = column.reported()
            && !sets.contains(&(of.dataset, of.split))
        {
            sets.push((of.dataset, of.split));
        }
    }
    let block = |(dataset, split): (&str, Split)| {
        let found = |experiment: &str| {
            let key = (experiment.to_owned(), dataset.to_owned(), split);
            evidence.separability.get(&key)
        };
        let experiments = table.rows.iter().flat_map(|row| row.experiments());
        let sampled = experiments.filter_map(found).flatten().map(|found| found.sampled.clone());
        let title = project.datasets.get(dataset).and_then(|set| set.title.clone());
        SeparabilityBlock {
            dataset: dataset.to_owned(),
            split,
            label: title.unwrap_or_else(|| dataset.to_owned()),
            sampled: sampled.into_iter().next(),
            rows: table.rows.iter().map(|row| of_row(row, dataset, &found)).collect(),
        }
    };
    sets.into_iter().map(block).collect()
}

fn of_row<'e>(
    row: &Placed<Row>,
    dataset: &str,
    found: &impl Fn(&str) -> Option<&'e Option<Separability>>,
) -> SeparabilityRow {
    let mut seeds: Vec<&Separability> = Vec::new();
    let mut reason = None;
    for experiment in row.experiments() {
        match found(experiment) {
            Some(Some(found)) => seeds.push(found),
            Some(None) => reason = Some(format!("{experiment} was not measured yet")),
            None if row.predictions.is_some() => {
                reason = Some("scores of another tool come without embeddings".to_owned());
            }
            None => reason = Some(format!("{experiment} trains on {dataset}, which is held out")),
        }
    }
    let mean = |of: Of| match &reason {
        Some(reason) => Quantity::not(reason.clone()),
        None => mean(seeds.iter().map(|seed| of(&seed.numbers))),
    };
    let first = seeds.first();
    SeparabilityRow {
        experiment: row.experiment.clone(),
        label: row.label.clone(),
        margin: first.and_then(|seed| seed.margin),
        normalized: first.is_some_and(|seed| seed.normalized),
        numbers: Numbers {
            easy: mean(COLUMNS[0].1),
            semi_hard: mean(COLUMNS[1].1),
            hard: mean(COLUMNS[2].1),
            silhouette: mean(COLUMNS[3].1),
            nearest: mean(COLUMNS[4].1),
            nearest_balanced: mean(COLUMNS[5].1),
        },
    }
}

/// The mean over seeds, none without any of them.
fn mean<'q>(seeds: impl Iterator<Item = &'q Quantity> + Clone) -> Quantity {
    let (mut sum, mut count) = (0.0, 0);
    for quantity in seeds {
        match quantity.value {
            Some(value) => sum += value,
            None => return quantity.clone(),
        }
        count += 1;
    }
    Quantity::of(sum / f64::from(count))
}

/// The headings of the columns.
pub(super) fn heads() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(head, _)| *head)
}

/// The numbers of a row as text.
pub(super) fn cells(row: &SeparabilityRow) -> impl Iterator<Item = String> {
    COLUMNS.iter().enumerate().map(|(place, (_, of))| match of(&row.numbers).value {
        Some(value) if place == SILHOUETTE => format!("{value:.3}"),
        Some(value) => percent(value),
        None => "n/a".to_owned(),
    })
}

/// Notes below the numbers, whole sentences.
pub(super) fn notes(table: &TableData) -> Vec<String> {
    let blocks = &table.separability;
    let mut notes: Vec<String> =
        blocks.iter().filter_map(|block| Some(faces(block, block.sampled.as_ref()?))).collect();
    if blocks.is_empty() {
        return notes;
    }
    notes.push(
        "Triplets are all of an anchor, a positive and a negative among the measured faces, by the \
         Euclidean distance of embeddings. Easy: the negative is at least the margin farther than the \
         positive, so that there is no loss. Semi-hard: it is farther by less. Hard: it is nearer."
            .to_owned(),
    );
    notes.push(format!("Margins: {}.", margins(blocks)));
    notes.push(
        "Silhouette: mean over the measured faces, from -1 to 1. Nearest: faces whose nearest measured \
         face of another video has their class, since faces of one video are alike; balanced, the mean \
         of that share over classes."
            .to_owned(),
    );
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for block in blocks {
        for row in &block.rows {
            for quantity in COLUMNS.iter().map(|(_, of)| of(&row.numbers)) {
                let Some(reason) = &quantity.reason else { continue };
                let of = format!("{} on {}", row.label, block.label);
                let all = reasons.entry(reason).or_default();
                if !all.contains(&of) {
                    all.push(of);
                }
            }
        }
    }
    notes.extend(reasons.iter().map(|(reason, of)| format!("n/a: {reason} ({}).", of.join("; "))));
    notes
}

/// Which faces of a data set were measured.
fn faces(block: &SeparabilityBlock, sampled: &Sampled) -> String {
    let Sampled { faces, of, videos, classes } = sampled;
    let drawn = match faces < of {
        true => format!(
            "{} of {} faces, drawn by chance, the same for all rows",
            thousands(*faces),
            thousands(*of)
        ),
        false => format!("all {} faces", thousands(*of)),
    };
    let classes: Vec<String> =
        classes.iter().map(|(name, faces)| format!("{} {name}", thousands(*faces))).collect();
    format!(
        "{}: measured are {drawn}, of {} videos: {}.",
        block.label,
        thousands(*videos),
        classes.join(", ")
    )
}

/// The margin of each row.
fn margins(blocks: &[SeparabilityBlock]) -> String {
    let mut told: Vec<String> = Vec::new();
    for row in blocks.iter().flat_map(|block| &block.rows) {
        let scaled = if row.normalized { ", embeddings scaled to unit length" } else { "" };
        let text = match row.margin {
            Some(margin) => format!("{} {margin}{scaled}", row.label),
            None => format!("{} none{scaled}", row.label),
        };
        // A row without numbers on one data set may have them on another.
        let measured = COLUMNS.iter().any(|(_, of)| of(&row.numbers).value.is_some());
        if measured && !told.contains(&text) {
            told.push(text);
        }
    }
    if told.is_empty() { "none".to_owned() } else { told.join("; ") }
}

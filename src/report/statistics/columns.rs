//! The columns of a table of statistics, in groups as in the paper.

use proofmark_data::statistics::{Count, Measure, Row};
use proofmark_data::survey::{Purpose, SetTable};

/// Columns below one head.
pub(super) struct Group {
    /// The head.
    pub head: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
}

/// One column.
pub(super) struct Column {
    /// Its head below that of the group.
    pub head: &'static str,
    /// Its head where groups have none.
    pub alone: &'static str,
    /// What it shows.
    pub measure: Measure,
    /// What it shows in brackets.
    pub beside: Option<Measure>,
}

/// A column of one measure.
const fn column(head: &'static str, alone: &'static str, measure: Measure) -> Column {
    Column { head, alone, measure, beside: None }
}

/// The groups of a table. Columns that say nothing in any row are left out where the paper has
/// none either.
pub(super) fn groups(table: &SetTable) -> Vec<Group> {
    let manipulations = Group {
        head: "Manipulations",
        columns: vec![
            column("FS", "FS", Measure::FaceSwaps),
            column("RE", "RE", Measure::Reenactments),
            column("Other", "Other", Measure::OtherManipulations),
        ],
    };
    let mut groups = match table.purpose {
        Purpose::Training(_) | Purpose::Declared => vec![
            manipulations,
            Group {
                head: "Videos per split",
                columns: vec![
                    column("Train", "Train", Measure::Train),
                    column("Val", "Val", Measure::Val),
                    column("Test", "Test", Measure::Test),
                    column("None", "No split", Measure::NoSplit),
                ],
            },
            Group {
                head: "Videos per class",
                columns: vec![
                    column("Real", "Real", Measure::Real),
                    column("Fake", "Fake", Measure::Fake),
                ],
            },
        ],
        Purpose::Testing => {
            let beside = |head, alone, measure, frames| Column {
                beside: Some(frames),
                ..column(head, alone, measure)
            };
            vec![
                manipulations,
                Group {
                    head: "Videos (frames)",
                    columns: vec![
                        beside("Real", "Real (frames)", Measure::Real, Measure::RealFrames),
                        beside("Fake", "Fake (frames)", Measure::Fake, Measure::FakeFrames),
                        beside("Total", "Total (frames)", Measure::Videos, Measure::Frames),
                    ],
                },
            ]
        }
    };
    if let Purpose::Training(_) = table.purpose {
        groups.push(Group {
            head: "Training samples",
            columns: vec![
                column("Real", "Real samples", Measure::RealSamples),
                column("Fake", "Fake samples", Measure::FakeSamples),
            ],
        });
    }
    for group in &mut groups {
        group.columns.retain(|column| !is_optional(column, table) || says(column, table));
    }
    groups.retain(|group| !group.columns.is_empty());
    groups
}

fn is_optional(column: &Column, table: &SetTable) -> bool {
    match column.measure {
        Measure::OtherManipulations | Measure::NoSplit => true,
        Measure::FaceSwaps | Measure::Reenactments => table.purpose == Purpose::Testing,
        _ => false,
    }
}

/// Whether any row has a number other than 0.
fn says(column: &Column, table: &SetTable) -> bool {
    let more = |n: Option<u64>| n.is_some_and(|n| n > 0);
    let known = |Count { found, published, .. }: Count| more(found) || more(published);
    table.rows.iter().any(|row| known(row.count(column.measure)))
}

/// The rows, and their total where they make one set to train on.
pub(super) fn rows(table: &SetTable) -> (Vec<&Row>, Option<Row>) {
    let sums = matches!(table.purpose, Purpose::Training(_)) && table.rows.len() > 1;
    (table.rows.iter().collect(), sums.then(|| table.total()))
}

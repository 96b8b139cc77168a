//! The columns of a table of statistics, in groups as in the paper.

use proofmark_data::statistics::{Count, CountKind, SurveyRow};
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
    pub measure: CountKind,
    /// What it shows in brackets.
    pub beside: Option<CountKind>,
}

/// A column of one measure.
const fn column(head: &'static str, alone: &'static str, measure: CountKind) -> Column {
    Column { head, alone, measure, beside: None }
}

/// The groups of a table. Columns that say nothing in any row are left out where the paper has
/// none either.
pub(super) fn groups(table: &SetTable) -> Vec<Group> {
    let manipulations = Group {
        head: "Manipulations",
        columns: vec![
            column("FS", "FS", CountKind::FaceSwaps),
            column("RE", "RE", CountKind::Reenactments),
            column("Other", "Other", CountKind::OtherManipulations),
        ],
    };
    let mut groups = match table.purpose {
        Purpose::Training(_) | Purpose::Declared => vec![
            manipulations,
            Group {
                head: "Videos per split",
                columns: vec![
                    column("Train", "Train", CountKind::Train),
                    column("Val", "Val", CountKind::Val),
                    column("Test", "Test", CountKind::Test),
                    column("None", "No split", CountKind::NoSplit),
                ],
            },
            Group {
                head: "Videos per class",
                columns: vec![
                    column("Real", "Real", CountKind::Real),
                    column("Fake", "Fake", CountKind::Fake),
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
                        beside("Real", "Real (frames)", CountKind::Real, CountKind::RealFrames),
                        beside("Fake", "Fake (frames)", CountKind::Fake, CountKind::FakeFrames),
                        beside("Total", "Total (frames)", CountKind::Videos, CountKind::Frames),
                    ],
                },
            ]
        }
    };
    if let Purpose::Training(_) = table.purpose {
        groups.push(Group {
            head: "Training samples",
            columns: vec![
                column("Real", "Real samples", CountKind::RealSamples),
                column("Fake", "Fake samples", CountKind::FakeSamples),
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
        CountKind::OtherManipulations | CountKind::NoSplit => true,
        CountKind::FaceSwaps | CountKind::Reenactments => table.purpose == Purpose::Testing,
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
pub(super) fn rows(table: &SetTable) -> (Vec<&SurveyRow>, Option<SurveyRow>) {
    let sums = matches!(table.purpose, Purpose::Training(_)) && table.rows.len() > 1;
    (table.rows.iter().collect(), sums.then(|| table.total()))
}

//! `scenario`: a group of columns of a table.

use super::split::SCORED;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Corrupted, Family, Split};
use crate::node::{Decode, Placed, Words, choice, node, values};
use crate::schema::Preset::{Bool, Whole};
use crate::schema::{Field, Kind, Type, any_number, at_most_once};
use crate::span::Origin;
use serde::Serialize;

node! {
    /// A group of columns.
    pub struct Scenario = "scenario", keyed {
        arguments {
            /// Name for readers.
            name: String = Type::Text.required(),
        }
        also_properties [UNSEEN, HELD_OUT]
        children {
            /// Its columns.
            columns: Vec<Column> = [
                any_number(DatasetColumn::SPEC),
                any_number(PerManipulation::SPEC),
                any_number(ColumnAverage::SPEC),
                any_number(PerValue::SPEC),
                any_number(Corrupted::SPEC)
            ],
        }
        made {
            /// What it promises, if it says so.
            promise: Option<Promise> [since 2] = promise,
        }
    }
    check = has_columns;
}

const UNSEEN: Field = Type::Bool.optional().named("unseen", "Whether it promises data sets that no row trains on. A column that breaks the promise is an error; `#false` says that rows may train on them.");
const HELD_OUT: Field = Type::Bool.or(Bool(false)).named("held-out", "Whether each row is shown on those data sets alone that it does not train on: leave-one-data-set-out. The other cells are `–`.");

/// What a scenario says of its data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// No row trains on them.
    Unseen,
    /// Rows may train on them.
    Seen,
    /// A row is shown on those that it does not train on.
    HeldOut,
}

values!(Promise);

choice! {
    /// A column, or several.
    #[serde(tag = "column", rename_all = "kebab-case")]
    pub enum Column {
        /// One data set.
        Dataset(DatasetColumn),
        /// Each manipulation of one data set, against all its reals.
        PerManipulation(PerManipulation),
        /// Mean of the scenario's data-set columns.
        Average(ColumnAverage),
        /// The videos of each value of an attribute, real and fake.
        PerValue(PerValue),
        /// One data set, corrupted at several strengths.
        Corrupted(Corrupted),
    }
}

node! {
    /// One data set.
    pub struct DatasetColumn = "column" {
        arguments {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
        }
        also_arguments [LABEL]
        properties {
            /// Split scored.
            split: Split = SCORED,
        }
        made {
            /// Name for readers; the data set's if absent.
            label: String = label,
        }
    }
}

const LABEL: Field =
    Type::Text.optional().named("label", "Name for readers; the data set's if absent.");

node! {
    /// Each manipulation of one data set, against all its reals.
    pub struct PerManipulation = "per-manipulation" {
        arguments {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
        }
        properties {
            /// Split scored.
            split: Split = SCORED,
            /// Whether each manipulation has a column, or only the averages.
            show: bool = Type::Bool.or(Bool(false)),
        }
        children {
            /// Averages over manipulations, never over family means.
            averages: Vec<Placed<Average>> = [any_number(Average::SPEC)],
        }
    }
    check = shows_something;
}

node! {
    /// Mean over manipulations, never over family means.
    pub struct Average = "average" {
        arguments {
            /// Name for readers.
            label: String = Type::Text.required(),
        }
        properties {
            /// Only those of one family.
            family: Option<Family> = Family::WORD.optional(),
        }
    }
}

node! {
    /// Mean of the scenario's `column`s.
    pub struct ColumnAverage = "average" {
        arguments {
            /// Name for readers.
            label: String = Type::Text.required(),
        }
    }
}

node! {
    /// One data set by an attribute of its videos: a column for each value, of its reals and its
    /// fakes.
    pub struct PerValue = "per-value" {
        arguments {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
        }
        properties {
            /// The attribute, which the layout of the data set declares or a release has.
            by: String = Type::Text.required(),
            /// Split scored.
            split: Split = SCORED,
        }
        children {
            /// Mean over the values.
            average: Option<String> =
                AtMostOnce (arguments "label", Type::Text.required(), "Name for readers."),
            /// How far the values lie apart.
            gap: Option<Placed<Gap>> = [at_most_once(Gap::SPEC)],
        }
    }
}

node! {
    /// The largest number less the smallest, over the values of an attribute: what a detector does to
    /// one group of people rather than to another.
    pub struct Gap = "gap" {
        arguments {
            /// Name for readers.
            label: String = Type::Text.required(),
        }
        properties {
            /// Fewest real, and fewest fake videos of a value; one with fewer is n/a, and not in the gap.
            min: u32 = Type::Whole(1, 1_000_000).or(Whole(10)),
        }
    }
}

impl Scenario {
    /// Whether it hides what a row gave on a data set that it trains on.
    pub fn holds_out(&self) -> bool {
        self.promise == Some(Promise::HeldOut)
    }
}

/// A split of a data set that a column scores, and where that is written.
#[derive(Clone, Copy, Debug)]
pub struct Reported<'a> {
    /// The data set.
    pub dataset: &'a str,
    /// Where it is named.
    pub dataset_at: Origin,
    /// The split.
    pub split: Split,
    /// Where it is stated.
    pub split_at: Origin,
}

impl Reported<'_> {
    /// Where the split is stated, or else the data set.
    pub fn at(&self) -> Origin {
        if self.split_at.is_default() { self.dataset_at } else { self.split_at }
    }
}

impl Column {
    /// The split of a data set that it scores; nothing of an average over other columns.
    pub fn reported(&self) -> Option<Reported<'_>> {
        let (dataset, dataset_at, split, split_at) = match self {
            Self::Average(_) => return None,
            Self::Dataset(of) => (&of.dataset, of.at.dataset, of.split, of.at.split),
            Self::PerManipulation(of) => (&of.dataset, of.at.dataset, of.split, of.at.split),
            Self::PerValue(of) => (&of.dataset, of.at.dataset, of.split, of.at.split),
            Self::Corrupted(of) => (&of.dataset, of.at.dataset, of.split, of.at.split),
        };
        Some(Reported { dataset, dataset_at, split, split_at })
    }

    /// Without a label, a column of a data set has its title.
    pub(super) fn entitle(&mut self, title: impl Fn(&str) -> Option<String>) {
        if let Self::Dataset(column) = self
            && column.at.label == column.at.dataset
            && let Some(title) = title(&column.dataset)
        {
            column.label = title;
        }
    }

    /// Its labels that the file states, each with its place.
    pub(crate) fn labels(&self) -> Vec<(&String, Origin)> {
        match self {
            Self::Dataset(of) => vec![(&of.label, of.at.label)],
            Self::Average(of) => vec![(&of.label, of.at.label)],
            Self::PerManipulation(of) => {
                of.averages.iter().map(|average| (&average.label, average.at.label)).collect()
            }
            Self::PerValue(of) => {
                let average = of.average.iter().map(|label| (label, of.at.average));
                average.chain(of.gap.iter().map(|gap| (&gap.label, gap.at.label))).collect()
            }
            Self::Corrupted(of) => of.average.iter().map(|label| (label, of.at.average)).collect(),
        }
    }
}

/// A column without a label has the name of its data set, until titles are known.
fn label(node: Cursor<'_>, _: &mut Sink) -> Option<(String, Origin)> {
    let stated = if node.given(&LABEL) { &LABEL } else { &DatasetColumn::FIELDS.dataset };
    node.read::<String>(stated).map(|label| (label.value, label.origin))
}

fn promise(node: Cursor<'_>, sink: &mut Sink) -> Option<(Option<Promise>, Origin)> {
    let held_out = node.read_or_default::<bool>(&HELD_OUT)?;
    let unseen = match node.given(&UNSEEN) {
        true => Some(node.read::<bool>(&UNSEEN)?),
        false => None,
    };
    if let (true, Some(unseen)) = (held_out.value, &unseen) {
        sink.report(
            Diagnostic::error(Code::Conflict, "`unseen` of a held-out scenario")
                .text("it shows each row on unseen data sets alone, whatever else is there")
                .at(unseen.origin, "says nothing more")
                .and(held_out.origin, "held out")
                .help("remove `unseen`"),
        );
    }
    Some(match (held_out.value, unseen) {
        (true, _) => (Some(Promise::HeldOut), held_out.origin),
        (false, Some(unseen)) => {
            let promise = if unseen.value { Promise::Unseen } else { Promise::Seen };
            (Some(promise), unseen.origin)
        }
        (false, None) => (None, Origin::DEFAULT),
    })
}

fn has_columns(
    node: Cursor<'_>,
    read: Option<Placed<Scenario>>,
    sink: &mut Sink,
) -> Option<Placed<Scenario>> {
    let scenario = read?;
    let columns = &scenario.columns;
    // Of a node that is none, something was said already.
    let known = node.among(Scenario::FIELDS.columns).count() == node.node.children.len();
    if known && columns.iter().all(|column| matches!(column, Column::Average(_))) {
        sink.report(
            Diagnostic::error(Code::MissingNode, "a scenario without columns")
                .at(node.origin(), "needs a `column`, a `per-manipulation` or a `corrupted`"),
        );
    }
    let average = columns.iter().find_map(|column| match column {
        Column::Average(average) => Some(average.at.label),
        Column::Dataset(_)
        | Column::PerManipulation(_)
        | Column::PerValue(_)
        | Column::Corrupted(_) => None,
    });
    if let Some(at) = average
        && !columns.iter().any(|column| matches!(column, Column::Dataset(_)))
    {
        sink.report(
            Diagnostic::error(Code::MissingNode, "an average over no columns")
                .text("an `average` of a scenario is over its `column`s")
                .at(at, "nothing to average")
                .help("put it into the block of `per-manipulation` to average over manipulations"),
        );
    }
    Some(scenario)
}

fn shows_something(
    node: Cursor<'_>,
    read: Option<Placed<PerManipulation>>,
    sink: &mut Sink,
) -> Option<Placed<PerManipulation>> {
    let column = read?;
    if column.averages.is_empty() && !column.show {
        sink.report(
            Diagnostic::error(Code::MissingNode, "`per-manipulation` with nothing to show")
                .at(node.origin(), "needs an `average` in its block, or `show=#true`"),
        );
    }
    Some(column)
}

//! `claim` and `sentence`: what is said of the numbers of a table.

use proofmark_metrics::Metric;
use serde::Serialize;

use super::common::unique;
use super::metric::METRIC;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Decode, Part, Placed, node};
use crate::schema::Preset::{Bool, Number};
use crate::schema::{Child, Field, Type, at_least_once, at_most_once};
use crate::span::{Origin, Spanned};

node! {
    /// A sentence of a paper, with what it says of the numbers.
    pub struct Sentence = "sentence" {
        arguments {
            /// The sentence.
            text: String = Type::Text.required(),
        }
        properties {
            /// The section that it stands in.
            section: String = Type::Text.required(),
        }
        children {
            /// What it says, claim by claim.
            claims: Vec<Placed<Claim>> = [at_least_once(Claim::SPEC)],
        }
    }
}

node! {
    /// A statement about a row: that it is better than another, about as good, the best, or the
    /// worst; in one column, or in all, most or any of several. Better means lower for the EER, the
    /// Brier score and the calibration error. It holds, is contradicted, or cannot be told from
    /// these data: by tests of the differences, with Holm's correction over all claims of the table.
    pub struct Claim = "claim" {
        arguments {
            /// The statement.
            text: String = Type::Text.required(),
        }
        also_properties [ABOVE, BY, UP_TO, NEAR, WITHIN, COLUMN]
        properties {
            /// Experiment of the row that it is about.
            row: String = Type::Text.required(),
            /// The scenario of its columns; every scenario that has them if absent.
            scenario: Option<String> = Type::Text.optional(),
            /// The metric.
            metric: Metric = METRIC.required(),
            /// Whether the claim is that all this is not so.
            negated as "not": bool = Type::Bool.or(Bool(false)),
        }
        also_children [
            at_most_once(BestOf::SPEC).group(RELATION),
            at_most_once(LowestOf::SPEC).group(RELATION),
            at_most_once(AllOf::SPEC).group(COLUMNS),
            at_most_once(MostOf::SPEC).group(COLUMNS),
            at_most_once(AnyOf::SPEC).group(COLUMNS)
        ]
        made {
            /// How the row compares.
            relation: Relation [unkeyed] = relation,
            /// Where it does.
            over: Over [unkeyed] = over,
        }
    }
    check = makes_sense;
}

const RELATION: &str = "relation";
const COLUMNS: &str = "columns";

const ABOVE: Field = Type::Text
    .optional()
    .named("above", "Experiment of a row that it is better than.")
    .group(RELATION);
const BY: Field = Type::Points
    .or(Number(0.0))
    .named("by", "With `above`: by how much better, at least; `(%)1` is one point.");
const UP_TO: Field =
    Type::Points.optional().named("up-to", "With `above`: by how much better, at most.");
const NEAR: Field = Type::Text
    .optional()
    .named("near", "Experiment of a row that it is neither much better nor much worse than.")
    .group(RELATION);
const WITHIN: Field =
    Type::Points.optional().named("within", "With `near`: how far apart they are at most.");
const COLUMN: Field = Type::Text
    .optional()
    .named("column", "Label of the one column that it is about.")
    .group(COLUMNS);

macro_rules! lists {
    ($($(#[doc = $doc:literal])+ $List:ident = $name:literal: $(#[doc = $adoc:literal])+;)+) => {
        $(node! {
            $(#[doc = $doc])+
            pub struct $List = $name, repeating {
                arguments {
                    $(#[doc = $adoc])+
                    names: Vec<String> = Type::Text.optional(),
                }
            }
        })+
    };
}

lists! {
    /// The row is better than each of these, by experiment; than every other row without any.
    BestOf = "best-of": /// An experiment.
    ;
    /// The row is worse than each of these, by experiment; than every other row without any.
    LowestOf = "lowest-of": /// An experiment.
    ;
    /// In each of these columns, by label; in every column that is no average without any.
    AllOf = "all-of": /// A label.
    ;
    /// In more than half of these columns, by label; of all that are no averages without any.
    MostOf = "most-of": /// A label.
    ;
    /// In at least one of these columns, by label; of all that are no averages without any.
    AnyOf = "any-of": /// A label.
    ;
}

/// How the row of a claim compares with others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Better than another row.
    Above {
        /// Its experiment.
        other: String,
        /// By how much, at least.
        by: f64,
        /// By how much, at most.
        up_to: Option<f64>,
    },
    /// Neither much better nor much worse than another row.
    Near {
        /// Its experiment.
        other: String,
        /// How far apart they are at most.
        within: f64,
    },
    /// Better than each of some rows; than every other one where none is named.
    Best(Vec<String>),
    /// Worse than each of some rows; than every other one where none is named.
    Lowest(Vec<String>),
}

impl Relation {
    /// The experiments that it names.
    pub fn others(&self) -> &[String] {
        match self {
            Self::Above { other, .. } | Self::Near { other, .. } => std::slice::from_ref(other),
            Self::Best(others) | Self::Lowest(others) => others,
        }
    }
}

/// In how many of its columns a claim is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantifier {
    /// In each.
    All,
    /// In more than half.
    Most,
    /// In at least one.
    Any,
}

/// Where a claim is to hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Over {
    /// In how many of the columns.
    pub quantifier: Quantifier,
    /// Labels; every column that is no average where none is named.
    pub columns: Vec<String>,
}

macro_rules! named {
    ($($Names:ty),*) => {
        $(impl Part for $Names {
            /// The place of each name.
            type At = Vec<Origin>;

            fn placed(&self, at: Vec<Origin>) -> impl Serialize {
                Spanned::new(self, at.first().copied().unwrap_or(Origin::DEFAULT))
            }
        })*
    };
}
named!(Relation, Over);

/// The names of a list and their places, if the claim has the list.
fn list(
    claim: Cursor<'_>,
    listed: &'static [Child],
    names: &Field,
) -> Option<Option<(Vec<String>, Vec<Origin>)>> {
    let Some(node) = claim.among(listed).next() else { return Some(None) };
    let read = node.read_all::<String>(names)?.into_iter();
    Some(Some(read.map(|name| (name.value, name.origin)).unzip()))
}

fn relation(claim: Cursor<'_>, _: &mut Sink) -> Option<(Relation, Vec<Origin>)> {
    const BEST: &[Child] = &[at_most_once(BestOf::SPEC)];
    const LOWEST: &[Child] = &[at_most_once(LowestOf::SPEC)];
    if claim.given(&ABOVE) {
        let other = claim.read::<String>(&ABOVE)?;
        let by = claim.read_or_default::<f64>(&BY)?.value;
        let up_to = match claim.given(&UP_TO) {
            true => Some(claim.read::<f64>(&UP_TO)?.value),
            false => None,
        };
        return Some((Relation::Above { other: other.value, by, up_to }, vec![other.origin]));
    }
    if claim.given(&NEAR) {
        let other = claim.read::<String>(&NEAR)?;
        let within = claim.read::<f64>(&WITHIN)?.value;
        return Some((Relation::Near { other: other.value, within }, vec![other.origin]));
    }
    if let Some((names, at)) = list(claim, BEST, &BestOf::FIELDS.names)? {
        return Some((Relation::Best(names), at));
    }
    let (names, at) = list(claim, LOWEST, &LowestOf::FIELDS.names)??;
    Some((Relation::Lowest(names), at))
}

fn over(claim: Cursor<'_>, _: &mut Sink) -> Option<(Over, Vec<Origin>)> {
    const ALL: &[Child] = &[at_most_once(AllOf::SPEC)];
    const MOST: &[Child] = &[at_most_once(MostOf::SPEC)];
    const ANY: &[Child] = &[at_most_once(AnyOf::SPEC)];
    if claim.given(&COLUMN) {
        let column = claim.read::<String>(&COLUMN)?;
        let over = Over { quantifier: Quantifier::All, columns: vec![column.value] };
        return Some((over, vec![column.origin]));
    }
    for (listed, names, quantifier) in [
        (ALL, &AllOf::FIELDS.names, Quantifier::All),
        (MOST, &MostOf::FIELDS.names, Quantifier::Most),
        (ANY, &AnyOf::FIELDS.names, Quantifier::Any),
    ] {
        if let Some((columns, at)) = list(claim, listed, names)? {
            return Some((Over { quantifier, columns }, at));
        }
    }
    None
}

/// Reports names that a list has twice, and margins.
fn makes_sense(
    claim: Cursor<'_>,
    read: Option<Placed<Claim>>,
    sink: &mut Sink,
) -> Option<Placed<Claim>> {
    if let Some(read) = &read {
        let named = |names: &[String], at: &[Origin]| -> Vec<_> {
            names.iter().cloned().zip(at.iter().copied()).collect()
        };
        unique(named(read.relation.others(), &read.at.relation).into_iter(), "row", sink);
        unique(named(&read.over.columns, &read.at.over).into_iter(), "column", sink);
    }
    margins(claim, sink);
    read
}

/// Reports margins that do not belong to the relation, or say nothing, whatever else is wrong.
fn margins(claim: Cursor<'_>, sink: &mut Sink) {
    for (margin, relation) in [(&BY, &ABOVE), (&UP_TO, &ABOVE), (&WITHIN, &NEAR)] {
        if claim.given(margin) && !claim.given(relation) {
            let at = claim.read::<f64>(margin).map_or(claim.origin(), |margin| margin.origin);
            let (margin, relation) = (margin.name, relation.name);
            sink.report(
                Diagnostic::error(Code::Conflict, format!("`{margin}` without `{relation}`"))
                    .text(format!("`{margin}` is a margin of `{relation}`"))
                    .at(at, "margin of nothing")
                    .help("remove it"),
            );
        }
    }
    if claim.given(&NEAR) && !claim.given(&WITHIN) {
        sink.report(
            Diagnostic::error(Code::MissingKey, "`near` without `within`")
                .text("two rows are never exactly equal: what counts as near must be said")
                .at(claim.origin(), "how near?")
                .help("add `within=(%)0.5` for half a point"),
        );
    }
    if let Some(within) = claim.read::<f64>(&WITHIN).filter(|within| within.value == 0.0) {
        sink.report(
            Diagnostic::error(Code::OutOfRange, "`within` is zero")
                .text("two rows are never exactly equal, so that no numbers could show it")
                .at(within.origin, "nothing is as near")
                .help("say how far apart is still near: `within=(%)0.5` for half a point"),
        );
    }
    let (by, up_to) = (claim.read::<f64>(&BY), claim.read::<f64>(&UP_TO));
    if let (true, Some(by), Some(up_to)) = (claim.given(&UP_TO), by, up_to)
        && up_to.value <= by.value
    {
        sink.report(
            Diagnostic::error(Code::Contradiction, "a range that ends before it begins")
                .at(up_to.origin, "at most this")
                .and(by.origin, "and at least this"),
        );
    }
}

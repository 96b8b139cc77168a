//! `corrupted`: a data set whose faces are corrupted before they are scored.

use std::collections::BTreeMap;

use proofmark_corruptions::{ALL, Values};
pub use proofmark_corruptions::{Corruption, CorruptionKind};

use super::split::SCORED;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::Split;
use crate::node::{Decode, Placed, listed, node};
use crate::schema::{Child, Field, Kind, NodeSpec, Range, Times, Type, UP_TO_ONE, Variant, up_to};
use crate::span::{Origin, Spanned};

node! {
    /// One data set with its stored faces corrupted before they are scored, a column for each
    /// strength.
    pub struct Corrupted = "corrupted" {
        arguments {
            /// What is done.
            kind as "by": CorruptionKind = CORRUPTION.required(),
        }
        properties {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
            /// Split scored.
            split: Split = SCORED,
        }
        children {
            /// Mean over the strengths.
            average: Option<String> =
                AtMostOnce (arguments "label", Type::Text.required(), "Name for readers."),
        }
        made {
            /// How strongly: a column each.
            strengths: Vec<f64> = strengths,
        }
        variants = &STRENGTHS
    }
    check = different_strengths;
}

listed!(
    /// The word of a corruption.
    const CORRUPTION: CorruptionKind in ALL
);

impl Corrupted {
    /// What is done to the faces of each column, in order.
    pub fn corruptions(&self) -> impl Iterator<Item = Corruption> {
        self.strengths.iter().map(|at| Corruption { kind: self.kind, at: *at })
    }
}

/// How many corruptions there are.
const KINDS: usize = ALL.len();

/// A strength of each corruption, the node that states it, and where such a node stands.
static VALUES: [[Field; 1]; KINDS] = {
    let mut fields = [[Field::new("", Type::Text, "")]; KINDS];
    let mut place = 0;
    while place < KINDS {
        let strength = ALL[place].definition().strength;
        let values = match strength.values {
            Values::Whole(low, high) => Type::Whole(low as u64, high as u64),
            Values::From(low, high) => {
                Type::Number(Range { low, high, low_in: true, high_in: true })
            }
            Values::UpTo(high) => Type::Number(up_to(high)),
            Values::Share => Type::Number(UP_TO_ONE),
        };
        fields[place] = [values.required().named(strength.name, strength.doc)];
        place += 1;
    }
    fields
};
static NODES: [NodeSpec; KINDS] = {
    let mut nodes = [NodeSpec::new("", ""); KINDS];
    let mut place = 0;
    while place < KINDS {
        let name = ALL[place].definition().strength.name;
        nodes[place] = NodeSpec::value(name, "A strength.", &VALUES[place]);
        place += 1;
    }
    nodes
};
static CHILDREN: [[Child; 1]; KINDS] = {
    let mut children = [[Child::new(&NODES[0], Times::AtLeastOnce)]; KINDS];
    let mut place = 0;
    while place < KINDS {
        children[place] = [Child::new(&NODES[place], Times::AtLeastOnce)];
        place += 1;
    }
    children
};
static STRENGTHS: [Variant; KINDS] = {
    let mut variants = [Variant { word: "", doc: "", properties: &[], children: &[] }; KINDS];
    let mut place = 0;
    while place < KINDS {
        let kind = ALL[place].definition();
        variants[place] =
            Variant { word: kind.word, doc: kind.at, properties: &[], children: &CHILDREN[place] };
        place += 1;
    }
    variants
};

fn strengths(node: Cursor<'_>, _: &mut Sink) -> Option<(Vec<f64>, Vec<Origin>)> {
    let kind = node.read::<CorruptionKind>(&Corrupted::FIELDS.kind)?.value;
    let listed = STRENGTHS.iter().find(|variant| variant.word == kind.word)?.children;
    let read = node.among(listed).map(|node| match kind.strength.values {
        Values::Whole(..) => node.read::<u32>(node.spec.only()).map(|at| at.map(f64::from)),
        Values::From(..) | Values::UpTo(_) | Values::Share => node.read(node.spec.only()),
    });
    let read: Option<Vec<Spanned<f64>>> = read.collect();
    Some(read?.into_iter().map(|at| (at.value, at.origin)).unzip())
}

fn different_strengths(
    _: Cursor<'_>,
    read: Option<Placed<Corrupted>>,
    sink: &mut Sink,
) -> Option<Placed<Corrupted>> {
    let corrupted = read?;
    let mut seen: BTreeMap<u64, Origin> = BTreeMap::new();
    for (strength, at) in corrupted.strengths.iter().zip(&corrupted.at.strengths) {
        let first = *seen.entry(strength.to_bits()).or_insert(*at);
        if first != *at {
            sink.report(
                Diagnostic::error(Code::DuplicateNode, "the same strength twice")
                    .at(*at, "again here")
                    .and(first, "first here")
                    .help("remove one of them"),
            );
        }
    }
    Some(corrupted)
}

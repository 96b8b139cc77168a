//! `corrupted`: a data set whose faces are corrupted before they are scored.

use std::collections::BTreeMap;

use super::scenario::SPLIT;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{CorruptionKind, Split};
use crate::node::{Decode, Placed, Words, node};
use crate::schema::{
    Child, Field, Kind, NodeSpec, POSITIVE, Range, Times, Type, UP_TO_ONE, Variant,
};
use crate::span::{Origin, Spanned};

node! {
    /// One data set with its stored faces corrupted before they are scored, a column for each
    /// strength.
    pub struct Corrupted = "corrupted" {
        arguments {
            /// What is done.
            kind as "by": CorruptionKind = CorruptionKind::WORD.required(),
        }
        properties {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
            /// Split scored.
            split: Split = SPLIT,
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
        variants = STRENGTHS
    }
    check = different_strengths;
}

/// Widths of a blur: narrower is none, wider leaves nothing of a face.
const BLUR: Range = Range { low: 0.1, high: 100.0, low_in: true, high_in: true };
/// Deviations of noise.
const GREY: Range = Range { high: 255.0, high_in: true, ..POSITIVE };

const QUALITIES: Child = Child::new(&QUALITY, Times::AtLeastOnce);
const SIZES: Child = Child::new(&SIDE, Times::AtLeastOnce);
const WIDTHS: Child = Child::new(&SIGMA, Times::AtLeastOnce);
const DEVIATIONS: Child = Child::new(&DEVIATION, Times::AtLeastOnce);

static QUALITY: NodeSpec = NodeSpec::value(
    "quality",
    "A strength.",
    &[Type::Whole(1, 100).required().named("quality", "JPEG quality.")],
);
static SIDE: NodeSpec = NodeSpec::value(
    "side",
    "A strength.",
    &[Type::Number(UP_TO_ONE).required().named("side", "Fraction of the face's side.")],
);
static SIGMA: NodeSpec = NodeSpec::value("sigma", "A strength.", &[SIGMA_FIELD]);
static DEVIATION: NodeSpec = NodeSpec::value("deviation", "A strength.", &[DEVIATION_FIELD]);
const SIGMA_FIELD: Field = Type::Number(BLUR)
    .required()
    .named("sigma", "Standard deviation in pixels of the stored face.");
const DEVIATION_FIELD: Field = Type::Number(GREY)
    .required()
    .named("deviation", "Standard deviation in grey levels, of 0 to 255.");

const STRENGTHS: &[Variant] = &[
    at(CorruptionKind::Jpeg, "At these qualities.", &[QUALITIES]),
    at(CorruptionKind::Resize, "To these sizes.", &[SIZES]),
    at(CorruptionKind::Blur, "Of these widths.", &[WIDTHS]),
    at(CorruptionKind::Noise, "Of these deviations.", &[DEVIATIONS]),
];

const fn at(kind: CorruptionKind, doc: &'static str, children: &'static [Child]) -> Variant {
    Variant { word: kind.word(), doc, properties: &[], children }
}

fn strengths(node: Cursor<'_>, _: &mut Sink) -> Option<(Vec<f64>, Vec<Origin>)> {
    let kind = node.read::<CorruptionKind>(&Corrupted::FIELDS.kind)?.value;
    let listed = match kind {
        CorruptionKind::Jpeg => [QUALITIES],
        CorruptionKind::Resize => [SIZES],
        CorruptionKind::Blur => [WIDTHS],
        CorruptionKind::Noise => [DEVIATIONS],
    };
    let read = node.among(&listed).map(|node| match kind {
        CorruptionKind::Jpeg => node.read::<u32>(node.spec.only()).map(|at| at.map(f64::from)),
        CorruptionKind::Resize | CorruptionKind::Blur | CorruptionKind::Noise => {
            node.read(node.spec.only())
        }
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

//! `split`: how videos are divided into train, val and test.

use serde::Serialize;

use super::common::SEED;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Decode, FromNode, Part, Placed, Words, node, words};
use crate::schema::Preset::{Text, Whole};
use crate::schema::{Field, NodeSpec, Type, Variant, at_most_once};
use crate::span::Origin;

/// The split that a column scores.
pub(super) const SCORED: Field = Split::WORD.or(Text("test"));

words! {
    /// A part of a data set.
    pub enum Split {
        /// gradient steps
        Train = "train",
        /// selection
        Val = "val",
        /// reported numbers
        Test = "test",
    }
}

/// How videos are divided into splits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum SplitRule {
    /// As the release, the table's split column or the class folders say.
    Official(Placed<Official>),
    /// Carved by group with a seed; groups never straddle splits.
    Carve(Placed<Carve>),
    /// Everything in one split, as for test-only sets.
    Only(Placed<Only>),
}

pub(crate) static SPLIT: NodeSpec = NodeSpec::value(
    "split",
    "How videos are divided into train, val and test; `official` if absent.",
    &[RULE],
)
.properties(&[Only::FIELDS.split])
.variants(&[
    Variant::of(Rule::Official.word(), Official::SPEC),
    Variant::of(Rule::Carve.word(), Carve::SPEC),
]);

const RULE: Field = Rule::WORD.optional().named("rule", "The rule.").group("rule");

words! {
    /// The rules that have a word.
    pub enum Rule {
        /// as the release, the table's split column or the class folders say
        Official = "official",
        /// by group with a seed
        Carve = "carve",
    }
}

node! {
    /// As the release, the table's split column or the class folders say.
    pub struct Official = "split" {
        properties {
            /// Fraction of the groups of train that become val, where the release has no validation
            /// split.
            val: Option<f64> = Type::Fraction.optional(),
            /// Seed of that.
            seed: u64 = SEED.or(Whole(0)),
            /// What to do about identities and originals that the release has in several splits.
            overlap: Overlap [unkeyed] = Overlap::WORD.or(Text("refuse")),
        }
    }
}

words! {
    /// Identities and originals in several splits of one data set.
    pub enum Overlap {
        /// an error, with the list
        Refuse = "refuse",
        /// counted and told
        Accept = "accept",
    }
}

node! {
    /// Carves by group with a seed; groups never straddle splits. What shares an identity or an
    /// original, directly or by way of others, is one group.
    pub struct Carve = "split" {
        properties {
            /// Fraction of groups in train.
            train: f64 = Type::Fraction.required(),
            /// Fraction of groups in val.
            val: f64 = Type::Fraction.required(),
            /// Fraction of groups in test.
            test: f64 = Type::Fraction.required(),
            /// Seed.
            seed: u64 = SEED.or(Whole(0)),
        }
    }
    check = makes_a_whole;
}

node! {
    /// Everything in one split.
    pub struct Only = "split" {
        properties {
            /// Everything that is there in one split, as for test-only sets; what the release has
            /// elsewhere is told.
            split as "only": Split = Split::WORD.optional().group("rule"),
        }
    }
}

impl SplitRule {
    /// As the release says.
    pub fn official() -> Self {
        Self::Official(Official { val: None, seed: 0, overlap: Overlap::Refuse }.into())
    }

    /// Whether the release's own division counts.
    pub fn is_official(&self) -> bool {
        match self {
            Self::Official(_) => true,
            Self::Only(_) | Self::Carve(_) => false,
        }
    }

    /// Where it was written, if it was.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Official(official) => official.at.val,
            Self::Only(only) => only.at.split,
            Self::Carve(carve) => carve.at.train,
        }
    }
}

impl Part for SplitRule {
    type At = ();

    fn placed(&self, (): ()) -> impl Serialize {
        self
    }
}

impl FromNode for SplitRule {
    fn from_node(node: Cursor<'_>, sink: &mut Sink) -> Option<Self> {
        if node.given(&Only::FIELDS.split) {
            return Only::decode(node, sink).map(Self::Only);
        }
        match node.read::<Rule>(&RULE)?.value {
            Rule::Official => Official::decode(node, sink).map(Self::Official),
            Rule::Carve => Carve::decode(node, sink).map(Self::Carve),
        }
    }

    fn unwritten(_: Cursor<'_>, _: &mut Sink) -> Option<Self> {
        Some(Self::official())
    }
}

/// What the rule of a data set says of overlap; only an official division can have any.
pub(super) fn overlap(dataset: Cursor<'_>, _: &mut Sink) -> Option<(Overlap, Origin)> {
    let official = |split: &Cursor<'_>| {
        split.read::<Rule>(&RULE).is_some_and(|rule| rule.value == Rule::Official)
    };
    match dataset.among(&[at_most_once(&SPLIT)]).next().filter(official) {
        Some(split) => {
            let overlap = split.read_or_default::<Overlap>(&Official::FIELDS.overlap)?;
            Some((overlap.value, overlap.origin))
        }
        None => Some((Overlap::Refuse, Origin::DEFAULT)),
    }
}

fn makes_a_whole(
    _: Cursor<'_>,
    read: Option<Placed<Carve>>,
    sink: &mut Sink,
) -> Option<Placed<Carve>> {
    let carve = read?;
    let sum = carve.train + carve.val + carve.test;
    // Percentages such as 33.3 and 66.7 do not add up exactly.
    if (sum - 1.0).abs() > 1e-9 {
        // Without the noise of binary fractions.
        let rounded = (sum * 1e9).round() / 1e9;
        sink.report(
            Diagnostic::error(Code::SplitSum, "parts that do not make a whole")
                .text(format!("train, val and test add up to {rounded}, not 1"))
                .at(carve.at.test, "the last part")
                .and(carve.at.train, "the first part")
                .and(carve.at.val, "the second part")
                .help("change one of them so that they add up to `(%)100`"),
        );
    }
    Some(carve)
}

//! `matrix`, `choose` and `budget`: an experiment in variants, one of which may be taken.

use serde::Serialize;

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::model::Keep;
use crate::node::{Placed, node, values};
use crate::schema::{Field, NodeSpec, OR_BLOCK, POSITIVE, Type, any_number, whole};
use crate::source::Sources;
use crate::tree::Node;

pub(crate) static MATRIX: NodeSpec = NodeSpec::new(
    "matrix",
    "Variants of the experiment: one for every combination of a value of each axis, an experiment of its own with its own key, named by its values: `NAME[margin=0.3,weight=1]`. What variants do not differ in is made once for all of them.",
)
.arguments(&[NO_MATRIX])
.children(&[any_number(&AXIS)]);

const NO_MATRIX: Field = Type::Word(&[("none", "no variants, undoing an inherited matrix")])
    .optional()
    .named("none", "None.")
    .group(OR_BLOCK);

pub(crate) static AXIS: NodeSpec = NodeSpec::new(
    "axis",
    "A value that the variants differ in, by its path in the experiment: `loss.triplet.margin`, `recipe.epochs`, `init` for the init itself. Steps in front may be left out where no other value ends in what is written.",
)
.arguments(&[PATH, VALUE])
.repeating();

const PATH: Field = Type::Text.required().named("path", "The value, by the nodes that lead to it.");
const VALUE: Field = Type::Any.required().named("value", "Its values, in order.");

pub(crate) static CHOOSE: NodeSpec = NodeSpec::new(
    "choose",
    "By what one variant is taken as the experiment's model: a quantity of validation, as each variant's kept checkpoint has it; of equal ones the first in order. A table shows that variant alone, and says in a note which it is and how far the others were from it.",
)
.properties(&[LOWEST, HIGHEST]);

const LOWEST: Field = Type::Tuning(Keep::LOWEST)
    .optional()
    .named("lowest", "The lowest of a quantity.")
    .group("choice");
const HIGHEST: Field = Type::Tuning(Keep::HIGHEST)
    .optional()
    .named("highest", "The highest of a quantity.")
    .group("choice");

/// Reads a `choose`.
pub(crate) fn choose(node: &Node, sources: &Sources) -> Option<Keep> {
    let cursor = Cursor::new(node, &CHOOSE, sources);
    let field = [&LOWEST, &HIGHEST].into_iter().find(|field| cursor.given(field))?;
    cursor.read(field).map(|by| by.value)
}

node! {
    /// The most that the variants of the matrix may cost together. `plan` lists them all the same
    /// and ends with exit code 12; nothing is run above it.
    pub struct Budget = "budget" {
        properties {
            /// Trainings, those of all seeds of its rows included.
            trainings: Option<u64> = whole(&limits::COUNT).optional(),
            /// Hours of training on this processor, as `plan` estimates them.
            hours: Option<f64> = Type::Number(POSITIVE).optional(),
        }
    }
    check = limits_something;
}

fn limits_something(
    node: Cursor<'_>,
    read: Option<Placed<Budget>>,
    sink: &mut Sink,
) -> Option<Placed<Budget>> {
    if node.node.properties.is_empty() {
        sink.report(
            Diagnostic::error(Code::MissingKey, "a budget of nothing")
                .at(node.origin(), "needs `trainings=..` or `hours=..`"),
        );
    }
    read
}

/// One of several variants is taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// By what: never the last.
    pub by: Keep,
    /// The variants by name, in the order that decides between equal ones.
    pub variants: Vec<String>,
}

values!(Choice);

impl Choice {
    /// How it is written: `lowest val.loss`.
    pub fn words(&self) -> String {
        let how = if self.lowest() { "lowest" } else { "highest" };
        format!("{how} {}", self.by.word())
    }

    /// Whether the lowest is taken.
    pub fn lowest(&self) -> bool {
        match self.by {
            Keep::LowestValLoss => true,
            Keep::HighestValAuc | Keep::Last => false,
        }
    }
}

/// What makes an experiment one of several of a declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantOf {
    /// The experiment that declares them.
    pub of: String,
    /// Its values, each with what the axis is called.
    pub settings: Vec<(String, String)>,
    /// What all of them may cost together, if that is declared.
    pub budget: Option<Placed<Budget>>,
}

/// The name of an experiment with values of its own: `base[margin=0.3,weight=1]`. One of a variant
/// has more of them: `base[margin=0.3,weight=1,seed=2]`.
pub(crate) fn variant_name(of: &str, settings: &[(String, String)]) -> String {
    let each: Vec<String> =
        settings.iter().map(|(label, value)| format!("{label}={value}")).collect();
    match (of.strip_suffix(']'), each.is_empty()) {
        (_, true) => of.to_owned(),
        (Some(variant), false) => format!("{variant},{}]", each.join(",")),
        (None, false) => format!("{of}[{}]", each.join(",")),
    }
}

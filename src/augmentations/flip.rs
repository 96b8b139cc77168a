//! `flip`: left is right.

use super::definition::{Definition, Does, OperationKind, Parameter, Value, Values};

/// Mirrors the face, at random.
pub const FLIP: OperationKind = OperationKind(&Definition {
    word: "flip",
    doc: "Left becomes right.",
    parameters: &[Parameter {
        name: "probability",
        doc: "Share of the faces that are mirrored.",
        values: Values::Share,
        default: Value::Number(0.5),
    }],
    ordered: &[],
    does: Does::Mirror(|flip, rng| rng.chance(flip.number("probability"))),
});

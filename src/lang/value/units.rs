//! The units of values, and how far they go.

use crate::schema::Type;

/// Most epochs.
pub(super) const EPOCHS: f64 = 100_000.0;

/// The unit that a type allows.
pub(crate) fn unit_of(ty: Type) -> Option<&'static str> {
    match ty {
        Type::Fraction | Type::Points | Type::Share => Some("%"),
        Type::Epochs => Some("epoch"),
        _ => None,
    }
}

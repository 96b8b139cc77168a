//! The units of values, and how far they go.

use crate::schema::Type;
use crate::words::number::number;

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

/// The units of which a type must have one, each with how many bytes or seconds it is.
pub(crate) fn measures(ty: Type) -> &'static [(&'static str, u64)] {
    match ty {
        Type::Memory => &[("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)],
        Type::Time(..) => TIMES,
        _ => &[],
    }
}

const TIMES: &[(&str, u64)] = &[("minute", 60), ("hour", 3_600), ("day", 86_400)];

/// A time as it is written: `(hour)4`.
pub(crate) fn time(seconds: u64) -> String {
    let whole =
        TIMES.iter().rev().find(|(_, each)| seconds >= *each && seconds.is_multiple_of(*each));
    let (unit, each) = whole.unwrap_or(&TIMES[0]);
    format!("({unit}){}", number(seconds as f64 / *each as f64))
}

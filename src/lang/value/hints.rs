//! What to write in place of a value that does not fit.

use super::units::{EPOCHS, time, unit_of};
use crate::limits::MARGIN;
use crate::schema::{Field, Preset, Type};
use crate::tree::{Scalar, Value};
use crate::words::number;

/// The keyword of a truth value as other languages write it.
pub(super) fn truth(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "t" | "y" => Some("#true"),
        "no" | "false" | "off" | "0" | "f" | "n" => Some("#false"),
        _ => None,
    }
}

/// A number that a field takes.
pub(super) fn example(field: &Field) -> String {
    match (field.default, field.ty) {
        (Some(Preset::Whole(number)), Type::Time(..)) => time(number),
        (Some(Preset::Whole(number)), _) => number.to_string(),
        (Some(Preset::Number(x)), _) if x != 0.0 => number::number(x),
        (_, Type::Whole(low, high)) => low.max(8).min(high).to_string(),
        (_, Type::Epochs) => "5".to_owned(),
        (_, Type::Memory) => "(GiB)16".to_owned(),
        (_, Type::Time(..)) => "(hour)4".to_owned(),
        _ => "0.1".to_owned(),
    }
}

/// A number within the range of a field that was probably meant, or the end of the range.
pub(super) fn within(value: &Value, field: &Field) -> Option<String> {
    let x = match value.scalar {
        Scalar::Integer(number) => number as f64,
        Scalar::Number(x) => x,
        Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null => return None,
    };
    let (low, high, low_in, high_in) = match field.ty {
        Type::Whole(low, high) => (low as f64, high as f64, true, true),
        Type::Number(range) => (range.low, range.high, range.low_in, range.high_in),
        Type::Fraction | Type::Points | Type::Threshold if value.unit.is_none() => {
            (0.0, 1.0, true, true)
        }
        Type::Fraction | Type::Points => (0.0, 100.0, true, true),
        Type::Share if value.unit.is_some() => (0.0, 100.0 * MARGIN, true, true),
        Type::Share => (0.0, MARGIN, true, true),
        Type::Epochs => (0.0, EPOCHS, true, true),
        Type::Text
        | Type::Name
        | Type::Path
        | Type::Bool
        | Type::Word(_)
        | Type::Selection(_)
        | Type::Tuning(_)
        | Type::Threshold
        | Type::Memory
        | Type::Time(..)
        | Type::Ratio
        | Type::Device
        | Type::Ref(_)
        | Type::Any => return None,
    };
    let unit = value.unit.as_ref().map_or(String::new(), |unit| format!("({})", unit.value));
    let fits = |x: f64| (x > low || low_in && x == low) && (x < high || high_in && x == high);
    if x < 0.0 && fits(-x) {
        return Some(format!("write `{unit}{}`", number::number(-x)));
    }
    // Of a percentage without its unit: thresholds have none.
    if high == 1.0 && x > 1.0 && x <= 100.0 && value.unit.is_none() {
        let hundredth = number::number(x / 100.0);
        return Some(match unit_of(field.ty) {
            Some("%") => format!("write `(%){}`", number::number(x)),
            _ => format!("write `{hundredth}`"),
        });
    }
    let (end, included, than) =
        if x <= low { (low, low_in, "more") } else { (high, high_in, "less") };
    let end = number::number(end);
    Some(match (included, than) {
        (true, than) => format!("write `{unit}{end}` or {than}"),
        (false, "more") => format!("write a number above {end}"),
        (false, _) => format!("write a number below {end}"),
    })
}

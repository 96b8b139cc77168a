//! A written value against the type that its place wants.

use super::hints::{example, truth, within};
use super::units::{EPOCHS, measures, time, unit_of};
use crate::device::DeviceChoice;
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::{MARGIN, MEMORY};
use crate::schema::{Field, Type, WIDE};
use crate::suggest::{did_you_mean, list, near, nearest};
use crate::synonyms;
use crate::tree::{Scalar, Value};
use crate::words::number;

/// A value of the right type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Text(String),
    Whole(u64),
    Number(f64),
    Bool(bool),
    Ratio(f64, f64),
    /// One of a type that is not known yet.
    Any,
}

/// Reads a value as a field wants it. Messages call it by the field's name.
pub(crate) fn read(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    unit(value, field)?;
    match field.ty {
        Type::Text => Ok(Datum::Text(text(value, field)?.to_owned())),
        Type::Ref(_) => not_empty(value, field),
        Type::Path => not_empty(value, field),
        Type::Name => name(value, field),
        Type::Bool => match value.scalar {
            Scalar::Bool(bool) => Ok(Datum::Bool(bool)),
            _ => Err(wrong_type(value, field)),
        },
        Type::Word(words) | Type::Selection(words) | Type::Tuning(words) => {
            word(value, field, words)
        }
        Type::Whole(low, high) => whole(value, field, low, high),
        Type::Number(range) => {
            let x = number(value, field)?;
            match range.contains(x) {
                true => Ok(Datum::Number(x)),
                // The end that is not said elsewhere is what is in the way.
                false if x.abs() > WIDE => {
                    Err(out_of_range(value, field, &format!("{range}, up to {WIDE:e}")))
                }
                false => Err(out_of_range(value, field, &range.to_string())),
            }
        }
        Type::Fraction | Type::Points | Type::Share => fraction(value, field),
        Type::Threshold => threshold(value, field),
        Type::Epochs => match number(value, field)? {
            x if (0.0..=EPOCHS).contains(&x) => Ok(Datum::Number(x)),
            _ => Err(out_of_range(value, field, "0 or more, and at most 100000")),
        },
        Type::Memory => measured(value, field, MEMORY),
        Type::Time(low, high) => measured(value, field, (low, high)),
        Type::Ratio => ratio(value, field),
        Type::Device => device(value, field),
        Type::Any => Ok(Datum::Any),
    }
}

fn unit(value: &Value, field: &Field) -> Result<(), Diagnostic> {
    let Some(unit) = value.unit.as_ref().filter(|_| field.ty != Type::Any) else { return Ok(()) };
    let allowed = unit_of(field.ty);
    if allowed == Some(unit.value.as_str()) || !measures(field.ty).is_empty() {
        return Ok(());
    }
    let counted = ["step", "steps", "it", "iter", "iters", "iterations", "batch", "batches"];
    let help = match allowed {
        Some("epoch") if counted.contains(&&*unit.value) => format!(
            "`{}` counts epochs: divide by the steps of an epoch, which `proofmark plan` tells",
            field.name
        ),
        Some("epoch") if unit.value == "%" => {
            format!("`{}` counts epochs: write that share of `epochs`", field.name)
        }
        Some(right) => format!("write `({right})`, or no unit"),
        None => format!("write it without `({})`", unit.value),
    };
    Err(Diagnostic::error(
        Code::WrongUnit,
        format!("`{}` with the unit `{}`", field.name, unit.value),
    )
    .text(match allowed {
        Some(right) => format!("the unit of `{}` is `({right})`", field.name),
        None => format!("`{}` has no unit", field.name),
    })
    .at(unit.origin, "does not fit")
    .help(help))
}

/// What a type wants, for messages.
pub(crate) fn wanted(ty: Type) -> String {
    match ty {
        Type::Text => "text".to_owned(),
        Type::Name => "a name".to_owned(),
        Type::Path => "a path in quotes".to_owned(),
        Type::Bool => "`#true` or `#false`".to_owned(),
        Type::Word(words) | Type::Selection(words) | Type::Tuning(words) => {
            list(words.iter().map(|(word, _)| *word), "or")
        }
        Type::Whole(low, u64::MAX) => format!("a whole number, {low} or more"),
        Type::Whole(low, high) => format!("a whole number from {low} to {high}"),
        Type::Number(range) => format!("a number, {range}"),
        Type::Fraction => "a fraction from 0 to 1, or `(%)0` to `(%)100`".to_owned(),
        Type::Points => "a fraction below 0.5, or `(%)0` to `(%)100`".to_owned(),
        Type::Share => "a number, 0 or more, or a percentage".to_owned(),
        Type::Threshold => "a number from 0 to 1, or `val`".to_owned(),
        Type::Epochs => "a number of epochs, 0 or more".to_owned(),
        Type::Memory => "memory in `(MiB)`, `(GiB)` or `(TiB)`, as in `(GiB)16`".to_owned(),
        Type::Time(low, high) => format!(
            "a time in `(minute)`, `(hour)` or `(day)`, from `{}` to `{}`",
            time(low),
            time(high)
        ),
        Type::Ratio => "a ratio such as `\"1:1\"`".to_owned(),
        Type::Device => "`auto`, `cpu` or `cuda:N`, as in `cuda:0`".to_owned(),
        Type::Ref(kind) => format!("the name of {}", kind.with_article()),
        Type::Any => "any value".to_owned(),
    }
}

fn wrong_type(value: &Value, field: &Field) -> Diagnostic {
    let (is, written) = match &value.scalar {
        Scalar::Text(text) => ("text", format!("\"{text}\"")),
        Scalar::Integer(number) => ("a whole number", number.to_string()),
        Scalar::Number(number) if matches!(field.ty, Type::Whole(..)) => {
            ("no whole number", number.to_string())
        }
        Scalar::Number(number) => ("a number", number.to_string()),
        Scalar::Bool(bool) => ("a truth value", format!("#{bool}")),
        Scalar::Null => ("`#null`", "#null".to_owned()),
    };
    let diagnostic =
        Diagnostic::error(Code::WrongType, format!("wrong type of value for `{}`", field.name))
            .text(format!("`{}` takes {}", field.name, wanted(field.ty)))
            .at(value.origin, format!("this is {is}"));
    let help = match (&value.scalar, field.ty) {
        (
            Scalar::Text(text),
            Type::Whole(..)
            | Type::Number(_)
            | Type::Fraction
            | Type::Points
            | Type::Share
            | Type::Memory
            | Type::Time(..)
            | Type::Epochs,
        ) => Some(match (text.trim().parse::<f64>(), text.trim().strip_suffix('%')) {
            (Ok(_), _) if !measures(field.ty).is_empty() => {
                format!("write it with its unit, as in `{}`", example(field))
            }
            (Ok(_), _) => format!("write `{}` without quotes", text.trim()),
            (Err(_), Some(number)) if unit_of(field.ty) == Some("%") => {
                format!("write `(%){}`", number.trim())
            }
            (Err(_), _) => format!("write a number, as in `{}`", example(field)),
        }),
        (Scalar::Text(text), Type::Bool) => truth(text).map(|truth| format!("write `{truth}`")),
        (Scalar::Integer(0 | 1), Type::Bool) => {
            Some(format!("write `#{}`", value.scalar == Scalar::Integer(1)))
        }
        (Scalar::Integer(_) | Scalar::Number(_), Type::Text | Type::Name) => {
            Some(format!("put it in quotes: `\"{written}\"`"))
        }
        (Scalar::Number(x), Type::Whole(..)) if x.fract() == 0.0 => Some(format!("write `{x:.0}`")),
        (Scalar::Number(x), Type::Whole(low, high)) => {
            let (below, above) = (x.floor(), x.ceil());
            let fits = |x: &f64| *x >= low as f64 && *x <= high as f64;
            let both = [below, above].into_iter().filter(fits).map(|x| format!("`{x:.0}`"));
            Some(format!("write {}", both.collect::<Vec<_>>().join(" or ")))
        }
        (Scalar::Bool(bool), Type::Word(words))
            if words.iter().any(|(word, _)| *word == "none") && !bool =>
        {
            Some("write `none`".to_owned())
        }
        (Scalar::Integer(_) | Scalar::Number(_), Type::Ratio) => {
            Some("write both parts, as in `\"1:1\"`".to_owned())
        }
        (Scalar::Integer(0 | 1), Type::Word(words))
            if words.iter().any(|(word, _)| *word == "real") =>
        {
            let word = if value.scalar == Scalar::Integer(1) { "fake" } else { "real" };
            Some(format!("did you mean `{word}`?"))
        }
        (Scalar::Null, _) => Some("leave it out to have the default".to_owned()),
        _ => None,
    };
    diagnostic.maybe_help(help)
}

fn out_of_range(value: &Value, field: &Field, range: &str) -> Diagnostic {
    Diagnostic::error(Code::OutOfRange, format!("`{}` is out of range", field.name))
        .text(format!("`{}` is {range}", field.name))
        .at(value.origin, "out of range")
        .maybe_help(within(value, field))
}

fn text<'a>(value: &'a Value, field: &Field) -> Result<&'a str, Diagnostic> {
    match &value.scalar {
        Scalar::Text(text) => Ok(text),
        _ => Err(wrong_type(value, field)),
    }
}

fn not_empty(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    match text(value, field)? {
        "" => Err(Diagnostic::error(Code::InvalidName, format!("`{}` is empty", field.name))
            .text(format!("`{}` takes {}", field.name, wanted(field.ty)))
            .at(value.origin, "nothing here")),
        text => Ok(Datum::Text(text.to_owned())),
    }
}

/// Largest part of a ratio; 1 over it is the smallest.
const RATIO: f64 = 1e6;

/// Longest name, which becomes a file name.
const NAME_LIMIT: usize = 64;

fn name(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    let text = text(value, field)?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= NAME_LIMIT && text.chars().all(letters) {
        return Ok(Datum::Text(text.to_owned()));
    }
    Err(Diagnostic::error(Code::InvalidName, "a name that cannot be one")
        .text(format!(
            "a name has up to {NAME_LIMIT} letters (a to z), digits, `-`, `_` and `.`, and begins with a letter or digit"
        ))
        .at(value.origin, "not a name")
        .help(match plain_name(text) {
            Some(plain) => format!("write `{plain}`; `title` or a label may say anything"),
            None => "choose a plain name here; `title` or a label may say anything".to_owned(),
        }))
}

/// A name made of a text, where that is one.
fn plain_name(text: &str) -> Option<String> {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let plain: String = text.trim().chars().map(letter).collect();
    let whole = text.trim().chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
    let begins = plain.starts_with(|c: char| c.is_ascii_alphanumeric());
    (whole && begins && plain.len() <= NAME_LIMIT).then_some(plain)
}

fn word(value: &Value, field: &Field, words: &[(&str, &str)]) -> Result<Datum, Diagnostic> {
    let text = text(value, field)?;
    if words.iter().any(|(word, _)| *word == text) {
        return Ok(Datum::Text(text.to_owned()));
    }
    if matches!(field.ty, Type::Selection(_)) && text.starts_with("test") {
        return Err(Diagnostic::error(Code::SelectsOnTest, "selection on a test split")
            .text("a checkpoint chosen on the test split makes its reported numbers worthless")
            .at(value.origin, "would see the test split")
            .help(format!("select on validation: `{}={}`", field.name, words[0].0)));
    }
    if matches!(field.ty, Type::Tuning(_)) && text.starts_with("test") {
        return Err(Diagnostic::error(Code::TunesOnTest, "tuning on a test split")
            .text(
                "the best of several variants on the test split is better there than anywhere else",
            )
            .at(value.origin, "would see the test split")
            .help(format!("choose on validation: `{}={}`", field.name, words[0].0)));
    }
    let words_of = || words.iter().map(|(word, _)| *word);
    let help = match (text.split_once('@'), near(text, words_of())) {
        // As papers write it: TPR@0.01.
        (Some((name, rate)), _) if words.iter().any(|(word, _)| *word == name.to_lowercase()) => {
            let rate = rate.trim_start_matches(|c: char| !c.is_ascii_digit());
            let name = name.to_lowercase();
            let key = if name == "tpr" { "fpr" } else { "threshold" };
            Some(match rate.strip_suffix('%') {
                Some(rate) => format!("write `{name} {key}=(%){rate}`"),
                None => format!("write `{name} {key}={rate}`"),
            })
        }
        (_, Some(word)) => Some(did_you_mean(text, word)),
        (_, None) => synonyms::advice(text)
            .map(str::to_owned)
            .or_else(|| Some(did_you_mean(text, nearest(text, words_of())?))),
    };
    Err(Diagnostic::error(Code::UnknownWord, format!("unknown word `{text}` for `{}`", field.name))
        .text(format!("`{}` is {}", field.name, wanted(field.ty)))
        .at(value.origin, "not one of them")
        .maybe_help(help))
}

fn threshold(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    match &value.scalar {
        Scalar::Text(text) if text == "val" => Ok(Datum::Text(text.clone())),
        Scalar::Text(text) if text.starts_with("test") => {
            Err(Diagnostic::error(Code::SelectsOnTest, "selection on a test split")
                .text("a threshold chosen on the test split makes its reported numbers worthless")
                .at(value.origin, "would see the test split")
                .help(format!("choose it on validation: `{}=val`", field.name)))
        }
        Scalar::Text(text) => Err(Diagnostic::error(
            Code::UnknownWord,
            format!("unknown word `{text}` for `{}`", field.name),
        )
        .text(format!("`{}` is {}", field.name, wanted(field.ty)))
        .at(value.origin, "not one of them")),
        _ => match number(value, field)? {
            x if (0.0..=1.0).contains(&x) => Ok(Datum::Number(x)),
            _ => Err(out_of_range(value, field, &wanted(field.ty))),
        },
    }
}

fn device(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    let text = text(value, field)?;
    if text.parse::<DeviceChoice>().is_ok() {
        return Ok(Datum::Text(text.to_owned()));
    }
    let help = match text {
        "cuda" | "gpu" => Some("cuda:0"),
        text => nearest(text, ["auto", "cpu", "cuda:0"]),
    };
    // What is for the whole of a run is no device of a recipe.
    let all =
        if text == "cuda" { "; all GPUs are `--device cuda` of the command line" } else { "" };
    Err(Diagnostic::error(Code::UnknownWord, format!("unknown device `{text}`"))
        .text(format!("a device is {}{all}", wanted(field.ty)))
        .at(value.origin, "not one of them")
        .maybe_help(help.map(|word| did_you_mean(text, word))))
}

fn whole(value: &Value, field: &Field, low: u64, high: u64) -> Result<Datum, Diagnostic> {
    match value.scalar {
        Scalar::Integer(number) => match u64::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(Datum::Whole(number)),
            _ => Err(out_of_range(value, field, &wanted(field.ty))),
        },
        Scalar::Number(x) if !x.is_finite() => Err(not_finite(value, field)),
        _ => Err(wrong_type(value, field)),
    }
}

fn not_finite(value: &Value, field: &Field) -> Diagnostic {
    Diagnostic::error(Code::NotFinite, format!("`{}` is not a finite number", field.name))
        .text("numbers beyond 1.8e308 become infinity")
        .at(value.origin, "infinite, or not a number")
}

fn number(value: &Value, field: &Field) -> Result<f64, Diagnostic> {
    match value.scalar {
        Scalar::Integer(number) => Ok(number as f64),
        Scalar::Number(x) if x.is_finite() => Ok(x),
        Scalar::Number(_) => Err(not_finite(value, field)),
        _ => Err(wrong_type(value, field)),
    }
}

fn fraction(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    let x = number(value, field)?;
    let percent = value.unit.is_some();
    let whole = if percent { 100.0 } else { 1.0 };
    let open = field.ty == Type::Share;
    // Shares are far below this; above it the unit was forgotten.
    if open && !percent && x > 4.0 && x <= 100.0 * MARGIN {
        return Err(
            out_of_range(value, field, "a fraction; 0.3 is 30 %").help(format!("write `(%){x}`"))
        );
    }
    if (0.0..=whole * if open { MARGIN } else { 1.0 }).contains(&x) {
        // A difference of 50 points is not meant; one of half a point is.
        if field.ty == Type::Points && !percent && x >= 0.5 {
            let points = number::number(x * 100.0);
            return Err(out_of_range(value, field, "a fraction: 1 is 100 points").help(format!(
                "did you mean `(%){}`? Write `(%){points}` if {points} points are meant",
                number::number(x)
            )));
        }
        return Ok(Datum::Number(x / whole));
    }
    Err(out_of_range(value, field, &wanted(field.ty)))
}

/// An amount that has a unit: bytes or seconds. A preset, which nobody wrote, is in them already.
fn measured(value: &Value, field: &Field, (low, high): (u64, u64)) -> Result<Datum, Diagnostic> {
    let amount = number(value, field)?;
    let unit = value.unit.as_ref().map(|unit| unit.value.as_str());
    let known = measures(field.ty).iter().find(|(name, _)| Some(*name) == unit);
    let each = match (unit, known) {
        (_, Some((_, each))) => *each as f64,
        (None, None) if value.origin.is_default() => 1.0,
        (None, None) => {
            let title = format!("`{}` without a unit", field.name);
            let written = number::number(amount);
            let meant = measured_example(field.ty, &written);
            return Err(Diagnostic::error(Code::WrongUnit, title)
                .text(format!("`{}` takes {}", field.name, wanted(field.ty)))
                .at(value.origin, "of what?")
                .help(format!("write `{meant}` if that is meant")));
        }
        (Some(unit), None) => {
            let title = format!("`{}` with the unit `{unit}`", field.name);
            let at = value.unit.as_ref().map_or(value.origin, |unit| unit.origin);
            // As in `GB` or `min`.
            let near = unit.chars().next().and_then(|first| {
                let first = first.to_ascii_lowercase();
                let begins = |name: &str| name.to_ascii_lowercase().starts_with(first);
                measures(field.ty).iter().find(|(name, _)| begins(name))
            });
            return Err(Diagnostic::error(Code::WrongUnit, title)
                .text(format!("`{}` takes {}", field.name, wanted(field.ty)))
                .at(at, "does not fit")
                .maybe_help(near.map(|(near, _)| did_you_mean(unit, near))));
        }
    };
    let whole = (amount * each).round();
    if whole >= low as f64 && whole <= high as f64 {
        return Ok(Datum::Whole(whole as u64));
    }
    let range = match field.ty {
        Type::Memory => "from `(MiB)1` to `(TiB)1024`".to_owned(),
        _ => wanted(field.ty),
    };
    Err(out_of_range(value, field, &range))
}

/// An amount in the unit in which it was probably meant.
fn measured_example(ty: Type, amount: &str) -> String {
    match ty {
        Type::Memory => format!("(GiB){amount}"),
        _ => format!("(hour){amount}"),
    }
}

fn ratio(value: &Value, field: &Field) -> Result<Datum, Diagnostic> {
    let text = text(value, field)?;
    let part =
        |part: &str| part.trim().parse::<f64>().ok().filter(|x| (1.0 / RATIO..=RATIO).contains(x));
    let parts = text.split_once(':').and_then(|(a, b)| Some((part(a)?, part(b)?)));
    match parts {
        Some((a, b)) => Ok(Datum::Ratio(a, b)),
        None => Err(Diagnostic::error(Code::WrongType, format!("`{}` is not a ratio", field.name))
            .text("a ratio has two numbers above 0, up to a million, with a colon between them")
            .at(value.origin, "not a ratio")
            .help("write it as in `\"1:1\"`")),
    }
}

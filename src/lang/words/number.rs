//! Words that begin like a number and are none, and the number that was probably meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Origin;

/// Dashes and minus signs that a word processor or a PDF has in place of `-`.
const DASHES: [char; 6] = ['‐', '‑', '‒', '–', '—', '−'];

/// Whether a word begins like a number.
pub(super) fn begins(word: &str) -> bool {
    let rest = word.trim_start_matches(['+', '-']).trim_start_matches(DASHES);
    let digits = rest.strip_prefix('.').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a word is a KDL number.
pub(crate) fn is_number(word: &str) -> bool {
    let rest = word.strip_prefix(['+', '-']).unwrap_or(word);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = rest.strip_prefix(prefix) {
            return digits_of(digits, radix);
        }
    }
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let exponent_is_right =
        exponent.is_none_or(|e| digits_of(e.strip_prefix(['+', '-']).unwrap_or(e), 10));
    let mantissa_is_right = match mantissa.split_once('.') {
        Some((whole, part)) => digits_of(whole, 10) && digits_of(part, 10),
        None => digits_of(mantissa, 10),
    };
    mantissa_is_right && exponent_is_right
}

fn digits_of(text: &str, radix: u32) -> bool {
    text.starts_with(|c: char| c.is_digit(radix))
        && text.chars().all(|c| c == '_' || c.is_digit(radix))
}

/// What is wrong with a value that begins like a number; nothing if it is one.
pub(super) fn mistake(word: &str, at: Origin) -> Option<Diagnostic> {
    if is_number(word) {
        return None;
    }
    Some(meant(word, at).or_else(|| with_unit(word, at)).unwrap_or_else(|| {
        Diagnostic::error(Code::Syntax, format!("`{word}` is not a number"))
            .text("numbers look like `3`, `0.05` or `1e-4`")
            .at(at, "begins like a number")
            .help("text that begins with a digit needs quotes")
    }))
}

/// The same where it is plain what is meant, whatever else could be said of the word.
pub(super) fn meant(word: &str, at: Origin) -> Option<Diagnostic> {
    if is_number(word) {
        return None;
    }
    two_numbers(word, at)
        .or_else(|| ratio(word, at))
        .or_else(|| misspelt(word, at))
        .or_else(|| comma(word, at))
        .or_else(|| expression(word, at))
}

/// `224x224`.
fn two_numbers(word: &str, at: Origin) -> Option<Diagnostic> {
    let (first, second) = word.split_once(['x', 'X', '×'])?;
    (is_number(first) && is_number(second)).then(|| {
        Diagnostic::error(Code::UnitAfterNumber, "two numbers in one word")
            .at(at, "neither a number nor a word")
            .help(format!("write two numbers, `{first} {second}`, or one where both are equal"))
    })
}

/// `1:1`, `70/15/15`.
fn ratio(word: &str, at: Origin) -> Option<Diagnostic> {
    for sign in ['/', ':'] {
        let parts: Vec<&str> = word.split(sign).collect();
        if parts.len() > 2 && parts.iter().all(|part| is_number(part)) {
            return Some(
                Diagnostic::error(Code::Syntax, "several numbers in one word")
                    .text("each value stands by itself")
                    .at(at, "neither a number nor a word")
                    .help(
                        "write each with its key, as in `carve train=(%)70 val=(%)15 test=(%)15`",
                    ),
            );
        }
    }
    let (first, second) = word.split_once(':')?;
    (is_number(first) && is_number(second)).then(|| {
        Diagnostic::error(Code::Syntax, "a ratio without quotes")
            .text("a bare word cannot begin with a digit")
            .at(at, "needs quotes")
            .help(format!("write `\"{word}\"`"))
    })
}

/// `1e–3`, `.5`, `1-e3`, `1'000`, `0.1f`: one number alone can be meant.
fn misspelt(word: &str, at: Origin) -> Option<Diagnostic> {
    let dashes = word.contains(DASHES);
    let ascii: String = word.chars().map(|c| if DASHES.contains(&c) { '-' } else { c }).collect();
    let meant = candidates(&ascii).into_iter().find(|text| is_number(text))?;
    let text = if dashes {
        "a minus is the plain `-`, not a dash as word processors write it"
    } else {
        "numbers look like `3`, `0.05` or `1e-4`"
    };
    Some(
        Diagnostic::error(Code::Syntax, format!("`{word}` is not a number"))
            .text(text)
            .at(at, "begins like a number")
            .help(format!("write `{meant}`")),
    )
}

/// Ways to read a word as a number.
fn candidates(word: &str) -> Vec<String> {
    let (sign, rest) = match word.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let exponent = |text: &str| {
        text.replacen("-e", "e-", 1)
            .replacen("--", "-", 1)
            .replacen("e+-", "e-", 1)
            .replacen("e^", "e", 1)
            .replacen(['d', 'D'], "e", 1)
    };
    // Digits on both sides of the point.
    let point = |text: &str| match text.split_once('.') {
        Some(("", part)) => format!("0.{part}"),
        Some((whole, "")) => whole.to_owned(),
        Some((whole, part)) if part.starts_with(['e', 'E']) => format!("{whole}{part}"),
        _ => text.to_owned(),
    };
    let mut found = vec![format!("{sign}{rest}"), format!("{sign}{}", point(rest))];
    if rest.contains(['e', 'E', 'd', 'D', '-']) {
        found.push(format!("{sign}{}", point(&exponent(rest))));
    }
    found.push(format!("{sign}{}", rest.replace('\'', "")));
    for suffix in ["f", "F", "L", "f32", "f64"] {
        if let Some(number) = rest.strip_suffix(suffix) {
            found.push(format!("{sign}{}", point(number)));
        }
    }
    found
}

/// `0,0001`: a decimal comma, or one between thousands. Several commas make a list.
fn comma(word: &str, at: Origin) -> Option<Diagnostic> {
    let (whole, part) = word.split_once(',')?;
    let digits = whole.trim_start_matches(['+', '-']);
    if !digits_of(digits, 10) || !part.starts_with(|c: char| c.is_ascii_digit()) || !is_number(part)
    {
        return None;
    }
    let decimal = format!("{whole}.{part}");
    let help = if digits.starts_with('0') {
        format!("write `{decimal}`")
    } else if part.len() == 3 {
        format!("write `{whole}{part}` if thousands are meant, `{decimal}` for a fraction")
    } else {
        format!("write `{decimal}`, or `{whole} {part}` for two numbers")
    };
    Some(
        Diagnostic::error(Code::Comma, "a comma in a number")
            .text("fractions have a point, and thousands are not set apart")
            .at(at, "neither a number nor a word")
            .help(help),
    )
}

/// `3/5`, `10^-3`, `8*4`.
fn expression(word: &str, at: Origin) -> Option<Diagnostic> {
    let meant = power(word).or_else(|| {
        let place = word.char_indices().skip(1).find(|(_, c)| matches!(c, '/' | '*' | '+' | '÷'));
        let (place, sign) = place?;
        let (first, second) = (&word[..place], &word[place + sign.len_utf8()..]);
        let value = |text: &str| is_number(text).then(|| text.parse::<f64>().ok()).flatten();
        let (first, second) = (value(first)?, value(second)?);
        let result = match sign {
            '*' => first * second,
            '+' => first + second,
            _ => first / second,
        };
        result.is_finite().then(|| number(result))
    })?;
    let fraction = meant.parse::<f64>().ok().filter(|x| word.contains('/') && *x > 0.0 && *x < 1.0);
    let percent = fraction.map_or(String::new(), |x| format!(" or `(%){}`", number(x * 100.0)));
    Some(
        Diagnostic::error(Code::Syntax, "an expression")
            .text("nothing is calculated in a file")
            .at(at, "not a number")
            .help(format!("write `{meant}`{percent}")),
    )
}

/// `10^-3`, `5*10^-4`, `2**5`.
fn power(word: &str) -> Option<String> {
    let (base, exponent) = word.split_once("**").or_else(|| word.split_once('^'))?;
    let exponent: i32 = exponent.trim_matches(['(', ')', '{', '}']).parse().ok()?;
    let (factor, base) = match base.split_once(['*', 'x', '×', '·']) {
        Some((factor, base)) => (factor, base),
        None => ("1", base),
    };
    if !is_number(factor) || !is_number(base) {
        return None;
    }
    if base == "10" {
        return Some(format!("{factor}e{exponent}"));
    }
    let result = factor.parse::<f64>().ok()? * base.parse::<f64>().ok()?.powi(exponent);
    result.is_finite().then(|| number(result))
}

/// A number as it is written here, without the noise of binary fractions.
pub(crate) fn number(x: f64) -> String {
    let rounded = format!("{x:.10}");
    let plain = rounded.trim_end_matches('0').trim_end_matches('.');
    if x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e15) { format!("{x:e}") } else { plain.into() }
}

/// `50%`, `5epochs`, `32k`, `32GiB`.
fn with_unit(word: &str, at: Origin) -> Option<Diagnostic> {
    let split = word.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | '+' | '-')))?;
    let (amount, unit) = word.split_at(split);
    is_number(amount).then(|| unit_after(amount, unit, at))
}

/// A number with its unit behind it.
pub(crate) fn unit_after(amount: &str, unit: &str, at: Origin) -> Diagnostic {
    let lower = unit.to_lowercase();
    let times = match unit {
        "k" | "K" => Some(1e3),
        "m" | "M" => Some(1e6),
        _ => None,
    };
    let multiplied = times.and_then(|times| Some(number(amount.parse::<f64>().ok()? * times)));
    let help = match (&*lower, multiplied) {
        ("%", _) => format!("write `(%){amount}`"),
        (epochs, _) if epochs.starts_with("ep") => format!("write `(epoch){amount}`"),
        (steps, _) if steps.starts_with("step") || steps.starts_with("it") => {
            "training is counted in epochs: divide by the steps of an epoch, which \
             `proofmark plan` tells"
                .to_owned()
        }
        (_, Some(multiplied)) => format!("write `{amount}`, or `{multiplied}`"),
        _ => format!("write `{amount}`; the units of the language are `(%)` and `(epoch)`"),
    };
    Diagnostic::error(Code::UnitAfterNumber, "a unit after a number")
        .text("a unit stands in parentheses in front of its number")
        .at(at, "neither a number nor a word")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(word: &str) -> String {
        mistake(word, Origin::DEFAULT).and_then(|d| d.help).unwrap_or_default()
    }

    #[test]
    fn numbers_are_left_alone() {
        for word in ["3", "-3", "0.05", "1e-4", "1E+4", "0xff", "1_000"] {
            assert!(mistake(word, Origin::DEFAULT).is_none(), "{word}");
        }
    }

    #[test]
    fn the_number_that_was_meant_is_written_out() {
        for (word, meant) in [
            ("1e–3", "1e-3"),
            ("1e−4", "1e-4"),
            ("–5", "-5"),
            (".001", "0.001"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("1.e-3", "1e-3"),
            ("1-e3", "1e-3"),
            ("1e--3", "1e-3"),
            ("1d-4", "1e-4"),
            ("0.1f", "0.1"),
            ("1'000", "1000"),
            ("0,0001", "0.0001"),
            ("10^-3", "1e-3"),
            ("5*10^-4", "5e-4"),
            ("5x10^-4", "5e-4"),
            ("2**5", "32"),
            ("8*4", "32"),
            ("224/16", "14"),
        ] {
            assert_eq!(help(word), format!("write `{meant}`"), "{word}");
        }
        assert_eq!(help("3/5"), "write `0.6` or `(%)60`");
        assert_eq!(help("1/3"), "write `0.3333333333` or `(%)33.33333333`");
        assert_eq!(help("1:1"), "write `\"1:1\"`");
        assert!(help("32,000").contains("`32000`") && help("32,000").contains("`32.000`"));
        assert_eq!(help("1,5"), "write `1.5`, or `1 5` for two numbers");
    }

    #[test]
    fn units_and_suffixes_go_in_front_or_away() {
        assert_eq!(help("50%"), "write `(%)50`");
        assert_eq!(help("5epochs"), "write `(epoch)5`");
        assert_eq!(help("32k"), "write `32`, or `32000`");
        assert!(help("32GiB").starts_with("write `32`;"));
        assert!(help("500steps").contains("`proofmark plan`"));
        assert!(help("224x224").contains("`224 224`"));
        assert_eq!(help("1.2.3"), "text that begins with a digit needs quotes");
    }
}

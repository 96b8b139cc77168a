//! Bare words that KDL rejects, or accepts as something else than was meant, and
//! what their writer probably meant.

use super::diagnostic::{Code, Diagnostic};
use super::span::Origin;

/// Where a bare word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// The name of a node.
    Name,
    /// The key of a property.
    Key,
    /// A value.
    Value,
}

/// What is wrong with a bare word, if anything.
pub(super) fn check(word: &str, position: Position, at: Origin) -> Option<Diagnostic> {
    let value = position == Position::Value;
    if word == "-" && position == Position::Name {
        return Some(
            Diagnostic::error(Code::DashItem, "a dash before an item")
                .text("KDL has no list items; a node begins with its name")
                .at(at, "read as a node named `-`")
                .help("write the name of the node, once for each item"),
        );
    }
    if word.contains(['[', ']']) {
        return Some(
            Diagnostic::error(Code::Bracket, "brackets around values")
                .text("KDL has no brackets; several values follow each other")
                .at(at, "not allowed here")
                .help("list the values with spaces between them, as in `mean 0.5 0.5 0.5`"),
        );
    }
    if word.contains(',') {
        let plain = word.replace(',', " ");
        return Some(
            Diagnostic::error(Code::Comma, "a comma between values")
                .text("values are separated by spaces alone")
                .at(at, "the comma would become part of the value")
                .help(format!("write `{}`", plain.trim())),
        );
    }
    if position == Position::Name && word.contains(':') {
        let name = word.split(':').next().unwrap_or(word);
        return Some(
            Diagnostic::error(Code::ColonAfterName, "a colon after a name")
                .text("a name and its value are separated by a space")
                .at(at, format!("read as a node named `{word}`"))
                .help(format!("write `{name}` without the colon")),
        );
    }
    if word.contains(['<', '>']) || word.ends_with('!') {
        return Some(
            Diagnostic::error(Code::Comparison, "a comparison sign in a word")
                .text("there are no comparisons; a limit is a property like any other")
                .at(at, "read as part of the name")
                .help("state the limit by a property, as in `by=0.01` of a `claim`"),
        );
    }
    if word.contains('/') {
        return Some(
            Diagnostic::error(Code::UnquotedPath, "a path without quotes")
                .text("a bare word cannot contain `/`")
                .at(at, "needs quotes")
                .help(format!("write `\"{word}\"`")),
        );
    }
    if word.contains('#') {
        return Some(
            Diagnostic::error(Code::Syntax, "`#` inside a word")
                .text("`#` begins a keyword such as `#true`, or a raw string")
                .at(at, "not allowed here")
                .help(format!("put the text in quotes: `\"{word}\"`")),
        );
    }
    if matches!(word, "true" | "false" | "null" | "inf" | "-inf" | "nan") {
        let mut diagnostic = Diagnostic::error(Code::BareKeyword, format!("`{word}` without `#`"))
            .text("keywords begin with `#` in KDL 2")
            .at(at, "neither a word nor a keyword");
        if value {
            diagnostic = diagnostic.help(format!("write `#{word}`"));
        }
        return Some(diagnostic);
    }
    begins_like_a_number(word).then(|| number(word, position, at)).flatten()
}

/// What is wrong with a word that begins with `#`, if anything.
pub(super) fn check_keyword(word: &str, at: Origin) -> Option<Diagnostic> {
    if matches!(word, "#true" | "#false" | "#null" | "#inf" | "#-inf" | "#nan") {
        return None;
    }
    let lower = word.to_lowercase();
    let help = if matches!(lower.as_str(), "#true" | "#false" | "#null") {
        format!("write `{lower}`")
    } else {
        "keywords are `#true`, `#false` and `#null`; a comment begins with `//`".to_owned()
    };
    Some(
        Diagnostic::error(Code::Syntax, format!("unknown keyword `{word}`"))
            .at(at, "begins with `#`")
            .help(help),
    )
}

/// What is wrong with the escapes of a string in quotes, if anything.
pub(super) fn check_escapes(text: &str, at: Origin) -> Option<Diagnostic> {
    if text.starts_with('#') {
        return None;
    }
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let (_, escaped) = chars.next()?;
        if matches!(escaped, '\\' | '"' | 'b' | 'f' | 'n' | 'r' | 't' | 's' | 'u')
            || escaped.is_whitespace()
        {
            continue;
        }
        let start = at.start + i as u32;
        let end = start + 1 + escaped.len_utf8() as u32;
        return Some(
            Diagnostic::error(Code::Syntax, format!("`\\{escaped}` is not an escape"))
                .text("in quotes a backslash begins an escape such as `\\n`")
                .at(Origin { start, end, ..at }, "not an escape")
                .help("write `\\\\` for a backslash, or `#\"..\"#` for text without escapes"),
        );
    }
    None
}

fn begins_like_a_number(word: &str) -> bool {
    let rest = word.trim_start_matches(['+', '-']);
    let digits = rest.strip_prefix('.').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn number(word: &str, position: Position, at: Origin) -> Option<Diagnostic> {
    if position != Position::Value {
        return Some(
            Diagnostic::error(Code::Syntax, "a number in place of a name")
                .text("a name begins with a letter, or stands in quotes")
                .at(at, "not a name"),
        );
    }
    if is_number(word) {
        return None;
    }
    let split = word
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | '+' | '-')))
        .unwrap_or(word.len());
    let (amount, unit) = word.split_at(split);
    if let Some(second) = unit.strip_prefix(['x', 'X', '×'])
        && is_number(amount)
        && is_number(second)
    {
        return Some(
            Diagnostic::error(Code::UnitAfterNumber, "two numbers in one word")
                .at(at, "neither a number nor a word")
                .help(format!(
                    "write two numbers, `{amount} {second}`, or one where both are equal"
                )),
        );
    }
    if is_number(amount) && !unit.is_empty() {
        let unit = if unit.to_lowercase().starts_with("epoch") { "epoch" } else { unit };
        let unit =
            if unit.chars().all(|c| c.is_alphanumeric() || c == '%') { unit } else { "unit" };
        return Some(
            Diagnostic::error(Code::UnitAfterNumber, "a unit after a number")
                .text("a unit stands in parentheses in front of its number")
                .at(at, "neither a number nor a word")
                .help(format!("write `({unit}){amount}`")),
        );
    }
    Some(
        Diagnostic::error(Code::Syntax, format!("`{word}` is not a number"))
            .text("numbers look like `3`, `0.05` or `1e-4`")
            .at(at, "begins like a number")
            .help("text that begins with a digit needs quotes"),
    )
}

/// Whether a word is a KDL number.
fn is_number(word: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(word: &str, position: Position) -> Option<&'static str> {
        check(word, position, Origin::DEFAULT).map(|d| d.code.as_str())
    }

    #[test]
    fn right_words_pass() {
        for word in ["fsfm", "val.loss", "env:ROOT", "1e-4", "-3", "0xff", "1_000", "half"] {
            assert_eq!(code(word, Position::Value), None, "{word}");
        }
        assert_eq!(code("real-to-fake", Position::Key), None);
    }

    #[test]
    fn escapes_are_those_of_kdl() {
        let wrong = |text| check_escapes(text, Origin::DEFAULT).is_some();
        assert!(wrong(r#""C:\Users""#) && wrong(r#""\'""#));
        assert!(!wrong(r#""\n \u{e9} \\ \" \s""#) && !wrong("#\"C:\\Users\"#"));
        assert!(!wrong("\"a\\\n  b\""));
    }

    #[test]
    fn wrong_words_say_what_was_meant() {
        let help = |word| check(word, Position::Value, Origin::DEFAULT).unwrap().help.unwrap();
        assert_eq!(help("50%"), "write `(%)50`");
        assert_eq!(help("32GiB"), "write `(GiB)32`");
        assert_eq!(help("5epochs"), "write `(epoch)5`");
        assert!(help("224x224").contains("`224 224`"));
        assert_eq!(help("./data"), "write `\"./data\"`");
        assert_eq!(help("224,"), "write `224`");
        assert_eq!(help("true"), "write `#true`");
        assert_eq!(code("[1", Position::Value), Some("bracket"));
        assert_eq!(code("lr:", Position::Name), Some("colon-after-name"));
        assert_eq!(code("-", Position::Name), Some("dash-item"));
        assert_eq!(code("auc>", Position::Key), Some("comparison"));
        assert_eq!(code("1.2.3", Position::Value), Some("syntax"));
        assert_eq!(code("3d", Position::Name), Some("syntax"));
    }
}

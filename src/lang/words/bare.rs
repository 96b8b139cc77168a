//! Bare words, quotes, keywords and escapes that are not what was meant.

use super::number;
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{FOREIGN_QUOTES, is_newline};
use crate::span::Origin;

/// Where a bare word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// The name of a node.
    Name,
    /// The key of a property.
    Key,
    /// A value.
    Value,
}

/// What is wrong with a bare word, if anything.
pub(crate) fn check(word: &str, position: Position, at: Origin) -> Option<Diagnostic> {
    let value = position == Position::Value;
    if let Some(diagnostic) = letters(word, at) {
        return Some(diagnostic);
    }
    if word == "-" && position == Position::Name {
        return Some(
            Diagnostic::error(Code::DashItem, "a dash before an item")
                .text("KDL has no list items; a node begins with its name")
                .at(at, "read as a node named `-`")
                .help("write the name of the node, once for each item"),
        );
    }
    if value
        && number::begins(word)
        && let Some(diagnostic) = number::meant(word, at)
    {
        return Some(diagnostic);
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
        let plain = plain.trim();
        return Some(
            Diagnostic::error(Code::Comma, "a comma between values")
                .text("values are separated by spaces alone")
                .at(at, "the comma would become part of the value")
                .help(match plain {
                    "" => "remove the comma".to_owned(),
                    plain => format!("write `{plain}`"),
                }),
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
    let variable = word.starts_with('$') && word.len() > 1 && position == Position::Name;
    if variable
        || value
            && word.starts_with('$')
            && !word[1..].starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return Some(
            Diagnostic::error(Code::Syntax, "a variable of another language")
                .text("there are no variables; only a path may begin at the environment: `\"env:NAME\"`")
                .at(at, "not replaced by anything")
                .help("write the value itself"),
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
    if !number::begins(word) {
        return None;
    }
    if value {
        return number::mistake(word, at);
    }
    Some(
        Diagnostic::error(Code::Syntax, "a number in place of a name")
            .text("a name begins with a letter, or stands in quotes")
            .at(at, "not a name")
            .help("the name comes first, then its value, as in `epochs 30`"),
    )
}

/// Whether a word is a list, or a part of one, as other languages write it.
pub(crate) fn is_list(word: &str) -> bool {
    let number = number::begins(word) && number::meant(word, Origin::DEFAULT).is_some();
    word.contains(['[', ']', ',']) && word.chars().any(|c| c != ',') && !number
}

/// Characters that KDL takes for letters and nobody means as such.
fn letters(word: &str, at: Origin) -> Option<Diagnostic> {
    let ascii = |ignored: char| word.chars().all(|c| c == ignored || c.is_ascii());
    let odd = word.chars().find(|&c| match c {
        '\u{200b}' | '\u{2060}' | '\u{ad}' | '\u{180e}' => true,
        // These two belong to the spelling of some languages.
        '\u{200c}' | '\u{200d}' => ascii(c),
        _ => FULL_WIDTH.iter().any(|(wide, _)| *wide == c) && ascii(c),
    });
    if let Some(odd) = odd {
        let plain = FULL_WIDTH.iter().find(|(wide, _)| *wide == odd).map_or("", |(_, c)| *c);
        let title = match plain {
            "" => format!("the invisible character U+{:04X}", odd as u32),
            _ => format!("the full-width character `{odd}`"),
        };
        return Some(
            Diagnostic::error(Code::Syntax, title)
                .text("it would become part of the word")
                .at(at, "is in this word")
                .help(format!("write `{}`", word.replace(odd, plain))),
        );
    }
    let first = word.chars().next()?;
    let curly = !first.is_ascii() && FOREIGN_QUOTES.iter().any(|(open, _)| *open == first);
    curly.then(|| {
        Diagnostic::error(Code::ForeignQuotes, "other quotation marks than straight double ones")
            .text("text stands between straight double quotes")
            .at(at, "would become part of the text")
            .help("write `\"` before and after the text")
    })
}

/// Signs as keyboards for Chinese and Japanese give them, and the plain ones.
const FULL_WIDTH: &[(char, &str)] = &[
    ('＝', "="),
    ('；', ";"),
    ('：', ":"),
    ('，', ","),
    ('（', "("),
    ('）', ")"),
    ('｛', "{"),
    ('｝', "}"),
    ('－', "-"),
    ('．', "."),
    ('／', "/"),
    ('％', "%"),
];

/// What is wrong with text in the quotes of another notation.
pub(crate) fn check_quotes(text: &str, at: Origin) -> Diagnostic {
    let quoted = |text: &str| match text.contains(['"', '\\']) {
        true => format!("#\"{text}\"#"),
        false => format!("\"{text}\""),
    };
    if let Some(raw) = text.strip_prefix('r') {
        let inner = raw.trim_matches('#');
        let inner = inner.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        return Diagnostic::error(Code::ForeignQuotes, "a raw string as KDL 1 writes it")
            .text("in KDL 2 text without escapes stands between `#\"` and `\"#`")
            .at(at, "not a string")
            .help(format!("write `{}`", quoted(inner.unwrap_or(raw))));
    }
    let mut inner = text.chars();
    inner.next();
    inner.next_back();
    Diagnostic::error(Code::ForeignQuotes, "other quotation marks than straight double ones")
        .text("text stands between straight double quotes")
        .at(at, "not a string")
        .help(format!("write `{}`", quoted(inner.as_str())))
}

/// What is wrong with a word that begins with `#`, if anything.
pub(crate) fn check_keyword(word: &str, at: Origin) -> Option<Diagnostic> {
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

/// How to write a path that has single backslashes, of a string as written.
pub(crate) fn windows_path(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let drive = inner.as_bytes().get(1..3) == Some(b":\\");
    let parts = inner.matches('\\').count() >= 2 && !inner.contains(char::is_whitespace);
    let plain = inner.replace("\\\\", "\\");
    let (slashes, doubled) = (plain.replace('\\', "/"), plain.replace('\\', "\\\\"));
    (drive || parts).then(|| format!("write `\"{slashes}\"` or `\"{doubled}\"`"))
}

/// What is wrong with the escapes of a string in quotes, if anything.
pub(crate) fn check_escapes(text: &str, at: Origin) -> Option<Diagnostic> {
    if text.starts_with('#') {
        return None;
    }
    if let Some(inner) = text.strip_prefix("\"\"\"")
        && !inner.starts_with(is_newline)
    {
        let inner = inner.strip_suffix("\"\"\"").unwrap_or(inner).trim();
        return Some(
            Diagnostic::error(Code::Syntax, "a text between `\"\"\"` on one line")
                .text("such a text begins on the line after its quotes")
                .at(at, "on one line")
                .help(match inner.contains('\n') {
                    true => "put the quotes on lines of their own".to_owned(),
                    false => format!("write `\"{inner}\"`"),
                }),
        );
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
        if let Some(help) = windows_path(text) {
            return Some(
                Diagnostic::error(Code::Syntax, "a path with backslashes")
                    .text("in quotes a backslash begins an escape such as `\\n`")
                    .at(Origin { start, end, ..at }, "not an escape")
                    .help(help),
            );
        }
        return Some(
            Diagnostic::error(Code::Syntax, format!("`\\{escaped}` is not an escape"))
                .text("in quotes a backslash begins an escape such as `\\n`")
                .at(Origin { start, end, ..at }, "not an escape")
                .help("write `\\\\` for a backslash, or `#\"..\"#` for text without escapes"),
        );
    }
    None
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
        assert_eq!(help("./data"), "write `\"./data\"`");
        assert_eq!(help("224,"), "write `224`");
        assert_eq!(help(","), "remove the comma");
        assert_eq!(help("0.5,0.5"), "write `0.5 0.5`");
        assert_eq!(help("true"), "write `#true`");
        assert_eq!(help("lr\u{200b}x"), "write `lrx`");
        assert_eq!(help("batch＝8"), "write `batch=8`");
        assert_eq!(code("[1", Position::Value), Some("bracket"));
        assert_eq!(code("lr:", Position::Name), Some("colon-after-name"));
        assert_eq!(code("-", Position::Name), Some("dash-item"));
        assert_eq!(code("auc>", Position::Key), Some("comparison"));
        assert_eq!(code("1.2.3", Position::Value), Some("syntax"));
        assert_eq!(code("3d", Position::Name), Some("syntax"));
        assert_eq!(code("“Own", Position::Value), Some("foreign-quotes"));
        assert_eq!(code("می‌خواهم", Position::Value), None);
    }

    #[test]
    fn text_in_other_quotes_is_put_into_straight_ones() {
        let help = |text| check_quotes(text, Origin::DEFAULT).help.unwrap();
        assert_eq!(help("'Own images'"), "write `\"Own images\"`");
        assert_eq!(help("“Own images”"), "write `\"Own images\"`");
        assert_eq!(help("“so \"it\" is”"), "write `#\"so \"it\" is\"#`");
        assert_eq!(help(r#"r"C:\data\faces""#), r##"write `#"C:\data\faces"#`"##);
        assert_eq!(help("r#\"a\"b\"#"), "write `#\"a\"b\"#`");
    }

    #[test]
    fn paths_of_windows_are_written_out_in_both_ways() {
        let help = |text| check_escapes(text, Origin::DEFAULT).unwrap().help.unwrap();
        let both = r#"write `"C:/data/new"` or `"C:\\data\\new"`"#;
        assert_eq!(help(r#""C:\data\new""#), both);
        assert!(help(r#""bad \q escape""#).contains("for a backslash"));
    }
}

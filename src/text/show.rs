//! Text of others made visible: labels, cells, names of files. What cannot be seen, or commands a
//! terminal, is written by its number, as `<U+001B>`; what is very long is cut.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

/// Most characters of a cell or a value that a message repeats.
const BRIEF: usize = 60;
/// Letters and digits in a row that no name of a file has, of which 255 is the longest.
const LONGEST_WORD: usize = 255;
/// Most characters of a line of a message: more than the longest path.
const LONGEST_LINE: usize = 8192;

/// Whether a character is not seen, turns the direction of what follows, or is a command.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Writes a character by its number.
pub fn numbered(out: &mut String, c: char) {
    // Writing to a string does not fail.
    let _ = write!(out, "<U+{:04X}>", u32::from(c));
}

/// Text on one line, in which every character is seen.
pub fn shown(text: &str) -> Cow<'_, str> {
    written(text, |c, _| is_hidden(c))
}

/// Text on one line as sentences and labels have it: ends of lines and tabs are spaces, every other
/// character is seen.
pub fn prose(text: &str) -> Cow<'_, str> {
    match text.contains(['\n', '\r', '\t']) {
        false => shown(text),
        true => Cow::Owned(shown(&text.replace(['\n', '\r', '\t'], " ")).into_owned()),
    }
}

/// The beginning of a text on one line, with its length where that is all that is told.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(BRIEF) {
        None => shown(text).into_owned(),
        Some((end, _)) => cut(&text[..end], text.chars().count()),
    }
}

fn cut(start: &str, characters: usize) -> String {
    format!("{}… ({characters} characters)", shown(start))
}

/// A text as a cell of CSV that leaves this machine: every character is seen, and a spreadsheet
/// takes none for a formula, since `'` stands before what would be one (as OWASP advises on CSV
/// injection). [`from_cell`] gives the text back.
pub fn to_cell(text: &str) -> Cow<'_, str> {
    let coded = coded(text);
    if is_formula(&coded) { Cow::Owned(format!("'{coded}")) } else { coded }
}

/// The text that [`to_cell`] wrote down; other text as it is.
pub fn from_cell(cell: &str) -> Cow<'_, str> {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => decoded(text),
        _ => decoded(cell),
    }
}

/// Whether a spreadsheet may take a text for a formula. Numbers, with a space between them, are none.
/// Whatever has `'` in front of a formula counts as one, so that each such sign can be told from the
/// one that is added.
fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        && text.split(' ').any(|part| part.parse::<f64>().is_err())
}

/// Text from which [`decoded`] gives the text back. Ends of lines stay, except for one that it
/// begins with, which a spreadsheet might skip to a formula.
fn coded(text: &str) -> Cow<'_, str> {
    written(text, |c, rest| match c {
        '\n' => rest.len() == text.len(),
        '<' => rest.starts_with("<U+"),
        c => is_hidden(c),
    })
}

/// Writes by its number each character of which `hides` says so, given what begins with it.
fn written(text: &str, hides: impl Fn(char, &str) -> bool) -> Cow<'_, str> {
    if !text.char_indices().any(|(at, c)| hides(c, &text[at..])) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match hides(c, &text[at..]) {
            true => numbered(&mut out, c),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The text that [`coded`] wrote down; other text as it is.
fn decoded(text: &str) -> Cow<'_, str> {
    // One letter is looked for much faster than three, and of millions of cells hardly one has it.
    if !text.contains('<') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<U+") {
        let (before, code) = rest.split_at(at);
        out += before;
        match character(code) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out += "<U+";
                rest = &code["<U+".len()..];
            }
        }
    }
    Cow::Owned(out + rest)
}

/// The character whose number a text begins with, where [`coded`] would write it so.
fn character(code: &str) -> Option<(char, &str)> {
    let (digits, after) = code.strip_prefix("<U+")?.split_once('>')?;
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    let plain = digits == format!("{:04X}", u32::from(c));
    (plain && (is_hidden(c) || c == '<')).then_some((c, after))
}

/// A message of several lines: every character is seen, and no word or line is longer than
/// readers can use. Sequences for colours stay if the message has `color`.
pub fn message(text: &str, color: bool) -> String {
    let lines: Vec<String> = text.split('\n').map(|text| line(text, color)).collect();
    lines.join("\n")
}

fn line(text: &str, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let length = match (word, sequence(rest).filter(|_| color)) {
            (0, Some(length)) => length,
            (0, None) => c.len_utf8(),
            (word, _) => word,
        };
        let (part, after) = rest.split_at(length);
        match (word, part.chars().count()) {
            (1.., characters) if characters > LONGEST_WORD => {
                let start: String = part.chars().take(BRIEF).collect();
                out += &cut(&start, characters);
            }
            (0, 1) if is_hidden(c) && c != '\t' => numbered(&mut out, c),
            _ => out += part,
        }
        rest = after;
    }
    match out.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}… ({} characters)", &out[..end], text.chars().count()),
        None => out,
    }
}

/// The length of a sequence that a text begins with and that makes letters bold, dim, italic,
/// underlined or red to cyan, as ours do. Others could hide them.
fn sequence(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find('m')?;
    let known = ["0", "1", "2", "3", "4", "31", "32", "33", "34", "35", "36"];
    let ours = |code: &str| known.contains(&code);
    codes[..end].split(';').all(ours).then_some("\u{1b}[".len() + end + 1)
}

/// A value as JSON over several lines, ending in a newline. Inside of strings, what is not seen is
/// escaped.
///
/// # Panics
/// Where a value cannot be JSON: its keys are no text, or a path of it is not UTF-8.
pub fn json(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string_pretty(value).expect(TEXT))
}

/// As [`json`], on one line.
///
/// # Panics
/// As [`json`].
pub fn json_line(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string(value).expect(TEXT))
}

const TEXT: &str = "what is shown has text for keys and for paths";

fn escaped(text: &str) -> String {
    // Outside of strings JSON has no hidden characters but the ends of lines.
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match is_hidden(c) && c != '\n' {
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            false => out.push(c),
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_written_by_its_number() {
        for (text, seen) in [
            ("plain é 深 😀", "plain é 深 😀"),
            ("\u{1b}[2J", "<U+001B>[2J"),
            ("a\nb\tc\rd", "a<U+000A>b<U+0009>c<U+000D>d"),
            ("NEL\u{85}LS\u{2028}PS\u{2029}", "NEL<U+0085>LS<U+2028>PS<U+2029>"),
            ("\u{202e}gpj.exe\u{2066}", "<U+202E>gpj.exe<U+2066>"),
            ("zero\u{200b}width\u{feff}", "zero<U+200B>width<U+FEFF>"),
            ("tag\u{e0041}", "tag<U+E0041>"),
        ] {
            assert_eq!(shown(text), seen);
        }
    }

    #[test]
    fn what_is_long_is_cut_with_its_length() {
        assert_eq!(brief(&"a".repeat(60)), "a".repeat(60));
        assert_eq!(
            brief(&"é".repeat(1_000_000)),
            format!("{}… (1000000 characters)", "é".repeat(60))
        );
        let text = message(&format!("row 1 has \"{}\"\nnext", "x".repeat(1000)), false);
        assert_eq!(text, format!("row 1 has \"{}… (1000 characters)\"\nnext", "x".repeat(60)));
        let path = format!("/{}", "long/".repeat(800));
        assert_eq!(message(&path, false), path);
        assert!(message(&"- ".repeat(1 << 20), false).ends_with("… (2097152 characters)"));
    }

    #[test]
    fn only_colours_stay_and_only_where_they_are_wanted() {
        let text = "\u{1b}[1;31merror:\u{1b}[0m a\u{1b}[2Jb\u{1b}]0;x\u{7}";
        assert_eq!(
            message(text, true),
            "\u{1b}[1;31merror:\u{1b}[0m a<U+001B>[2Jb<U+001B>]0;x<U+0007>"
        );
        assert!(!message(text, false).contains('\u{1b}'));
        // Letters that are not shown, or black on black.
        assert_eq!(message("\u{1b}[8ma\u{1b}[30;40mb", true), "<U+001B>[8ma<U+001B>[30;40mb");
    }

    #[test]
    fn json_escapes_what_is_not_seen_and_stays_the_same_value() {
        let value = serde_json::json!({ "a": "\u{1b}\u{85}\u{202e}\u{e0041}\n\u{7f}é" });
        let text = json(&value);
        assert_eq!(text.chars().filter(|c| is_hidden(*c) && *c != '\n').count(), 0, "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_as_they_are() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("\t=1", "<U+0009>=1"),
            ("\r=1", "<U+000D>=1"),
            ("'=1", "''=1"),
            ("\n=1", "<U+000A>=1"),
            ("a\nb", "a\nb"),
            ("-0.25", "-0.25"),
            ("-0.25 0 +0.5", "-0.25 0 +0.5"),
            ("+1e-9", "+1e-9"),
            ("-9dFDDOIgyc.mp4", "'-9dFDDOIgyc.mp4"),
            ("'tis", "'tis"),
            ("a=b", "a=b"),
            ("\u{1b}[2J", "<U+001B>[2J"),
            ("<U+001B>", "<U+003C>U+001B>"),
        ] {
            assert_eq!(to_cell(text), cell);
            assert_eq!(from_cell(cell), text);
        }
        // What nobody of us wrote is what it is.
        for text in ["<U+0041>", "<U+1B>", "<U+", "'5", "'-5", "x'=1"] {
            assert_eq!(from_cell(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_cell_gives_its_text_back(text in "['=@<U+0-9B>a\n\u{1b}\u{202e}-]{0,16}") {
            let cell = to_cell(&text);
            prop_assert!(!cell.chars().any(|c| is_hidden(c) && c != '\n'));
            let formula = cell.starts_with(['=', '+', '-', '@', '\n']);
            let number = cell.split(' ').all(|part| part.parse::<f64>().is_ok());
            prop_assert!(!formula || number, "{}", cell);
            prop_assert_eq!(from_cell(&cell), text.as_str());
        }

        #[test]
        fn what_is_coded_is_decoded(text in "[<U+0-9A-F>a\n\u{1b}\u{202e}\u{e0041}]{0,24}") {
            let coded = coded(&text);
            prop_assert!(!coded.chars().any(|c| is_hidden(c) && c != '\n'));
            prop_assert_eq!(decoded(&coded), text.as_str());
        }

        #[test]
        fn no_hidden_character_is_left(text in "\\PC{0,8}\\p{C}{0,8}\\PC{0,8}") {
            prop_assert!(!shown(&text).chars().any(is_hidden));
        }
    }
}

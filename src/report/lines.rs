//! Text in lines of a terminal.

use proofmark_text::show::prose;

/// What text is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Characters of its widest line.
    pub width: usize,
    /// Whether it shows colours and bold.
    pub color: bool,
}

impl Screen {
    /// A file, or another program.
    pub const PLAIN: Self = Self { width: 100, color: false };
}

/// Characters of a text.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Characters of the longest of some texts.
pub(super) fn widest<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| width(text)).max().unwrap_or(0)
}

/// Text on one line, at most so many characters wide.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let plain = prose(text);
    if width(&plain) <= limit {
        return plain.into_owned();
    }
    plain.chars().take(limit - 1).chain(['…']).collect()
}

/// Text in lines of at most so many characters, those after the first indented.
pub fn wrap(text: &str, indent: &str, limit: usize) -> String {
    let plain = cut(text, usize::MAX);
    let (mut out, mut line) = (String::new(), String::new());
    for word in plain.split_whitespace() {
        if !line.trim().is_empty() && width(&line) + 1 + width(word) > limit {
            out += &line;
            out.push('\n');
            line = format!("{indent}{word}");
        } else if line.is_empty() {
            line = word.to_owned();
        } else {
            line = format!("{line} {word}");
        }
    }
    out + &line + "\n"
}

/// The same, all of it `by` characters from the left and lines after the first four more.
pub fn inset(text: &str, by: usize, limit: usize) -> String {
    let wrapped = wrap(text, "    ", limit.saturating_sub(by));
    wrapped.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

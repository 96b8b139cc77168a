//! Text inside markup, and names for places in a page.

use std::collections::BTreeSet;

/// Text in which no character is markup, neither between tags nor in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            // XML has no place for other control characters, not even as entities.
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Names of letters, digits and dashes, no two of them alike: ids of a page, names of files.
#[derive(Debug, Default)]
pub(super) struct Names {
    used: BTreeSet<String>,
}

impl Names {
    /// A name for what these parts tell.
    pub fn of(&mut self, parts: &[&str]) -> String {
        let slug = parts.iter().map(|part| slug(part)).collect::<Vec<_>>().join("-");
        let mut name = slug.clone();
        let mut n = 2;
        // File systems that ignore case are asked to keep these names apart, too.
        while !self.used.insert(name.to_lowercase()) {
            name = format!("{slug}-{n}");
            n += 1;
        }
        name
    }
}

/// Letters and digits as they are, dashes for everything between them.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "x".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_markup() {
        assert_eq!(
            escape("<b a=\"1\"> & 'c\u{1b}\u{ffff}"),
            "&lt;b a=&quot;1&quot;&gt; &amp; &#39;c  "
        );
    }

    #[test]
    fn names_are_plain_and_differ() {
        let mut names = Names::default();
        assert_eq!(names.of(&["roc", "df40/Sim Swap"]), "roc-df40-Sim-Swap");
        assert_eq!(names.of(&["roc", "df40", "sim  swap"]), "roc-df40-sim-swap-2");
        assert_eq!(names.of(&["../..", "</script>"]), "x-script");
        assert_eq!(names.of(&["深度"]), "x");
    }
}

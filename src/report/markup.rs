//! Text inside markup.

use proofmark_text::show::is_hidden;

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
            '\n' | '\t' => out.push(c),
            // XML has no place for most of them, not even as entities.
            c if is_hidden(c) => out += &format!("&lt;U+{:04X}&gt;", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// Markup in which every character can be seen.
pub(super) fn seen(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    for c in markup.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if is_hidden(c) => out += &format!("&lt;U+{:04X}&gt;", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_markup() {
        assert_eq!(
            escape("<b a=\"1\"> & 'c\u{1b}\u{202e}\u{ffff}"),
            "&lt;b a=&quot;1&quot;&gt; &amp; &#39;c&lt;U+001B&gt;&lt;U+202E&gt;&lt;U+FFFF&gt;"
        );
    }
}

//! The formatter: the same tokens with other space between them.
//!
//! Comments, strings and numbers stay as they are written. A block that is on one line
//! stays on one line.

use std::path::Path;

use super::diagnostic::Diagnostic;
use super::lex::{Kind, Token, tokens};
use super::source::Sources;
use super::tree;

/// Text that cannot be formatted because it is not KDL.
#[derive(Debug, thiserror::Error)]
#[error("the file has syntax errors and was left as it is")]
pub struct NotFormatted {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, for rendering them.
    pub sources: Sources,
}

/// Formats the text of a file: four spaces for each level, one between values, no
/// more than one blank line, one line break at the end.
///
/// Formatting twice changes nothing more, and never what the text says.
///
/// # Errors
/// What is wrong with the syntax; `path` names the file in it.
pub fn format(path: &Path, text: &str) -> Result<String, NotFormatted> {
    let mut sources = Sources::default();
    let file = sources.add(path.to_owned(), text.to_owned());
    let parsed = tree::parse(text, file);
    if !parsed.errors.is_empty() {
        return Err(NotFormatted { diagnostics: parsed.errors, sources });
    }
    let tokens = tokens(text);
    let mut writer = Writer {
        text,
        tokens: &tokens,
        out: String::with_capacity(text.len()),
        blocks: Vec::new(),
        newlines: 0,
        semicolon: false,
        previous: None,
    };
    for (i, token) in tokens.iter().enumerate() {
        writer.token(i, token);
    }
    Ok(writer.finish())
}

struct Writer<'a> {
    text: &'a str,
    tokens: &'a [Token],
    out: String,
    /// For each open block, whether it is on one line.
    blocks: Vec<bool>,
    /// Line breaks since the last token that was written.
    newlines: usize,
    /// A semicolon that is written only if something follows it on its line.
    semicolon: bool,
    previous: Option<Kind>,
}

impl Writer<'_> {
    fn token(&mut self, i: usize, token: &Token) {
        match token.kind {
            Kind::Space => return,
            Kind::Newline => {
                // What `/-` switches off follows it directly.
                if self.previous != Some(Kind::Slashdash) {
                    self.newlines += 1;
                }
                return;
            }
            Kind::Semicolon => {
                self.semicolon = true;
                return;
            }
            _ => {}
        }
        let kind = token.kind;
        self.space(kind);
        self.semicolon = false;
        self.newlines = 0;
        let text = &self.text[token.span.clone()];
        match kind {
            Kind::Open => {
                let (inline, empty) = self.block_after(i);
                self.out.push('{');
                self.blocks.push(inline);
                if !inline && !empty {
                    self.newlines = 1;
                }
            }
            Kind::Close => {
                self.blocks.pop();
                self.out.push('}');
            }
            Kind::LineComment => {
                self.out.push_str(text.trim_end());
                // A line comment ends its line, also where a newline was swallowed.
                self.newlines = 0;
            }
            Kind::Continuation => {
                let comment = text.trim_start_matches('\\').trim();
                self.out.push('\\');
                if !comment.is_empty() {
                    self.out.push(' ');
                    self.out.push_str(comment);
                }
            }
            _ => self.out.push_str(text),
        }
        self.previous = Some(kind);
    }

    /// The space before a token.
    fn space(&mut self, kind: Kind) {
        let Some(previous) = self.previous else { return };
        if previous == Kind::Continuation {
            self.line(self.blocks.len() + 1, false);
            return;
        }
        let after_open = previous == Kind::Open;
        if kind == Kind::Close {
            match self.blocks.last() {
                // An empty block.
                _ if after_open => {}
                Some(true) => self.out.push(' '),
                _ => self.line(self.blocks.len() - 1, false),
            }
            return;
        }
        if previous == Kind::LineComment || self.newlines > 0 {
            let blank = self.newlines > 1 && !after_open;
            self.line(self.blocks.len(), blank);
            return;
        }
        let tight =
            matches!(previous, Kind::Slashdash | Kind::Equals | Kind::OpenParen | Kind::CloseParen)
                || matches!(kind, Kind::Equals | Kind::CloseParen);
        if self.semicolon && kind != Kind::LineComment {
            self.out.push_str("; ");
        } else if !tight || kind == Kind::LineComment || kind == Kind::Continuation {
            self.out.push(' ');
        }
    }

    fn line(&mut self, depth: usize, blank: bool) {
        self.out.push('\n');
        if blank {
            self.out.push('\n');
        }
        for _ in 0..depth {
            self.out.push_str("    ");
        }
    }

    /// Whether the block that opens at a token stays on one line, and whether it is
    /// empty.
    fn block_after(&self, open: usize) -> (bool, bool) {
        let mut depth = 0usize;
        let mut empty = true;
        let mut inline = true;
        for token in &self.tokens[open..] {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Kind::Newline | Kind::LineComment => inline = false,
                _ => {}
            }
            if depth > 0 && !matches!(token.kind, Kind::Space | Kind::Newline) {
                empty &= token.span == self.tokens[open].span;
            }
        }
        (inline || empty, empty)
    }

    fn finish(mut self) -> String {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::span::FileId;
    use crate::tree::Node;

    fn formatted(text: &str) -> String {
        format(Path::new("x.kdl"), text)
            .unwrap_or_else(|error| panic!("{text:?}: {:#?}", error.diagnostics))
    }

    #[test]
    fn space_changes_and_nothing_else() {
        let messy = "\u{feff}\n\n// begin\nrecipe   paper{epochs 30;batch   64;}\n\n\n\n\
                     backbone b {\n\n  vit patch = 16   width=768 // wide\n\
                     \t/- drop-path 0.10\n  /* why */ pool cls ; } \n\
                     loss l { cross-entropy; triplet batch-all margin=( % )3e-1 \\ // more\n weight=1 }\n\
                     init i {}\ninit j {\n\n}\n/-\ninit k // end";
        let neat = "// begin\nrecipe paper { epochs 30; batch 64 }\n\n\
                    backbone b {\n    vit patch=16 width=768 // wide\n    /-drop-path 0.10\n\
                    \x20   /* why */ pool cls\n}\n\
                    loss l { cross-entropy; triplet batch-all margin=(%)3e-1 \\ // more\n\
                    \x20       weight=1 }\ninit i {}\ninit j {}\n/-init k // end\n";
        assert_eq!(formatted(messy), neat);
        assert_eq!(formatted(neat), neat);
        assert_eq!(formatted(""), "");
    }

    #[test]
    fn broken_text_is_refused() {
        let error = format(Path::new("x.kdl"), "a {").unwrap_err();
        assert_eq!(error.diagnostics[0].code.as_str(), "unclosed-block");
    }

    /// A node without its places.
    fn shape(nodes: &[Node]) -> String {
        let mut out = String::new();
        for node in nodes {
            out += &format!("{} {}[", node.name.value, node.unit.is_some());
            for value in &node.arguments {
                out += &format!("{:?}:{:?},", value.unit.as_ref().map(|u| &u.value), value.scalar);
            }
            for (key, value) in &node.properties {
                let unit = value.unit.as_ref().map(|u| &u.value);
                out += &format!("{}={unit:?}:{:?},", key.value, value.scalar);
            }
            out += &format!("]{}{{{}}}", node.block, shape(&node.children));
        }
        out
    }

    fn trivia() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            " ",
            "  ",
            "\t",
            " /* c */ ",
            " \\\n ",
            " \\ // c\n\t",
            " /-z ",
            " /-k=1 ",
        ])
    }

    fn value() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "a",
            "1",
            "1.50e-4",
            "(%)30",
            "( u ) 5",
            "\"x y\"",
            "#true",
            "#\"r\"#",
            "k=1",
            "k = (u)2",
            "\"\"\"\n  long\n  \"\"\"",
            "k=\"v\"",
            "-3",
            "env:X",
        ])
    }

    fn ending() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "\n",
            ";",
            "; ",
            "\n\n\n",
            " // c\n",
            ";// c\n",
            " ; /* d */ ",
            "\r\n",
            "\n/-z 1\n",
            "\n// own\n",
        ])
    }

    fn nodes() -> impl Strategy<Value = String> {
        let leaf = ("(/-)?[a-z]{1,3}", prop::collection::vec((trivia(), value()), 0..4)).prop_map(
            |(name, values)| {
                values.into_iter().fold(name, |text, (space, value)| text + space + value)
            },
        );
        leaf.prop_recursive(3, 24, 4, |inner| {
            let block = prop::collection::vec((inner.clone(), ending()), 0..4);
            (inner, trivia(), block, "[ \n]?").prop_map(|(head, space, block, begin)| {
                if head.ends_with('}') || head.contains('{') {
                    return head;
                }
                let body: String = block.into_iter().map(|(node, end)| node + end).collect();
                head + space + "{" + &begin + &body + "}"
            })
        })
    }

    proptest! {
        #[test]
        fn formatting_is_stable_and_keeps_the_meaning(
            parts in prop::collection::vec((nodes(), ending()), 0..6),
        ) {
            let text: String = parts.into_iter().map(|(node, end)| node + end).collect();
            let before = tree::parse(&text, FileId(0));
            prop_assume!(before.errors.is_empty());
            let once = formatted(&text);
            let after = tree::parse(&once, FileId(0));
            prop_assert!(after.errors.is_empty(), "{once}\n{:#?}", after.errors);
            prop_assert_eq!(shape(&before.nodes), shape(&after.nodes), "{}\n---\n{}", text, once);
            prop_assert_eq!(&formatted(&once), &once, "{}", text);
            let comments = |text: &str| text.matches("// c").count() + text.matches("/*").count();
            prop_assert_eq!(comments(&text), comments(&once));
        }
    }
}

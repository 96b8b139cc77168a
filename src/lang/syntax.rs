//! The shape of a KDL file: its top-level nodes, found even between mistakes.
//!
//! The KDL parser answers one mistake with several errors and no partial result, and
//! recurses once per stray character. This pass goes first: it words the common
//! mistakes, bounds the nesting, and hands on only nodes of a sound shape, each by
//! itself, so that a mistake in one declaration hides no other. What `/-` switches off
//! it finds as well: the parser's time doubles with each `/-` inside another, and it
//! does not know `;` after a node that is switched off.

mod scan;

use std::ops::Range;

use scan::Scan;

use super::diagnostic::Diagnostic;
use super::lex::tokens;
use super::span::FileId;

/// Deepest nesting of blocks. The language needs four levels.
pub const DEPTH_LIMIT: usize = 16;

/// Nodes that may stand at the top of a file.
pub(super) const TOP_LEVEL: &[&str] =
    &["import", "dataset", "ensemble", "backbone", "init", "recipe", "loss", "experiment", "table"];

/// A top-level node.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its text, terminator excluded.
    pub span: Range<usize>,
    /// What `/-` switches off in it.
    pub off: Vec<Range<usize>>,
    /// Whether no mistake was found in it.
    pub sound: bool,
    /// Its name and its first argument, as far as they are plain words: enough to know
    /// what a broken declaration would have declared.
    pub head: Vec<String>,
}

impl Chunk {
    /// Its text, with spaces in place of what is switched off.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes()[self.span.clone()].to_vec();
        for off in &self.off {
            let start = off.start - self.span.start;
            let end = (off.end - self.span.start).min(bytes.len());
            bytes[start..end].fill(b' ');
        }
        String::from_utf8(bytes).expect("whole tokens were replaced")
    }
}

/// Finds the top-level nodes and reports the mistakes in their shape.
pub(super) fn chunks(text: &str, file: FileId) -> (Vec<Chunk>, Vec<Diagnostic>) {
    #[cfg(test)]
    LEXED.with(|lexed| lexed.set(lexed.get() + text.len()));
    let tokens = tokens(text);
    let mut scan = Scan::new(text, file, &tokens, false);
    scan.run();
    if scan.unclosed {
        // Somewhere a brace is missing. A second pass takes a declaration at the left
        // margin as the end of everything before it.
        let mut again = Scan::new(text, file, &tokens, true);
        again.run();
        scan = again;
    }
    (scan.chunks, scan.errors)
}

#[cfg(test)]
thread_local! {
    static LEXED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Bytes that this thread has looked through so far.
#[cfg(test)]
pub(super) fn lexed() -> usize {
    LEXED.with(std::cell::Cell::get)
}

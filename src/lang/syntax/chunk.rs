//! A top-level node of a file as text.

use std::ops::Range;

/// Deepest nesting of blocks. The language needs four levels.
pub const DEPTH_LIMIT: usize = 16;

/// Nodes that may stand at the top of a file.
pub(crate) const TOP_LEVEL: &[&str] =
    &["import", "dataset", "ensemble", "backbone", "init", "recipe", "loss", "experiment", "table"];

/// A top-level node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
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

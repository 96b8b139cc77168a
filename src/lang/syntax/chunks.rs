//! A file as its top-level nodes.

use super::chunk::Chunk;
use super::scan::Scan;
use crate::diagnostic::Diagnostic;
use crate::lex::tokens;
use crate::span::FileId;

/// Finds the top-level nodes and reports the mistakes in their shape.
pub(crate) fn chunks(text: &str, file: FileId) -> (Vec<Chunk>, Vec<Diagnostic>) {
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
pub(crate) fn lexed() -> usize {
    LEXED.with(std::cell::Cell::get)
}

//! Texts that become part of a batch script.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::span::Origin;

/// Reports a text that cannot be one word of an option of sbatch, and says whether it can.
pub(super) fn is_word(text: &str, what: &str, at: Origin, sink: &mut Sink) -> bool {
    let stray =
        text.chars().find(|c| c.is_whitespace() || c.is_control() || "\"'\\`$;#".contains(*c));
    let title = match stray {
        None if !text.is_empty() => return true,
        None => format!("`{what}` is empty"),
        Some(c) if c.is_whitespace() => format!("`{what}` with a blank in it"),
        Some(c) => format!("`{what}` with `{c}` in it"),
    };
    sink.report(
        Diagnostic::error(Code::NotForSbatch, title)
            .text("it becomes one word of an option of sbatch")
            .at(at, "not one word")
            .help("write it as the cluster itself calls it"),
    );
    false
}

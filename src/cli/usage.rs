//! Command lines that are wrong: what clap says of them, without far-fetched suggestions.

use clap::Error;
use clap::error::{ContextKind, ContextValue};

use super::exit::Exit;
use super::output;
use proofmark_text::near::near;

/// Prints what is wrong with a command line, or the help it asks for.
pub fn usage(error: Error) -> Exit {
    output::usage(&without_far_fetched(error))
}

/// The error without suggested verbs that have little in common with what was written.
fn without_far_fetched(mut error: Error) -> Error {
    let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let near = |verb: &str| {
        near(written, [verb]).is_some()
            || verb.starts_with(written.as_str())
            || written.starts_with(verb)
    };
    let suggested = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::String(verb)) => vec![verb.clone()],
        Some(ContextValue::Strings(verbs)) => verbs.clone(),
        _ => Vec::new(),
    };
    let near: Vec<String> = suggested.into_iter().filter(|verb| near(verb)).collect();
    if near.is_empty() {
        error.remove(ContextKind::SuggestedSubcommand);
    } else {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(near));
    }
    error
}

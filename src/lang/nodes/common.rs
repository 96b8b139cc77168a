//! What several nodes have in common.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sink};
use crate::limits;
use crate::schema::{Field, Type, whole};
use crate::span::Origin;

/// A seed.
pub(super) const SEED: Type = Type::Whole(0, u64::MAX);
/// Side of the input of a network.
pub(super) const SIDE: Type = whole(&limits::IMAGE);
/// How many of something.
pub(super) const COUNT: Type = whole(&limits::COUNT);
/// The name of what is declared.
pub(crate) const NAME: Field =
    Type::Name.required().named("name", "Name by which everything else refers to it.");

/// Reports what is twice under one name.
pub(super) fn unique(labels: impl Iterator<Item = (String, Origin)>, what: &str, sink: &mut Sink) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for (label, at) in labels {
        if let Some(first) = seen.get(&label) {
            let title = format!("the {what} `{label}` twice");
            sink.report(Diagnostic::duplicate_name(title, at, *first));
        }
        seen.entry(label).or_insert(at);
    }
}

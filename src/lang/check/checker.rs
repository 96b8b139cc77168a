//! What checks nodes, and the names that it finds.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Sink;
use crate::elsewhere::Elsewhere;
use crate::schema::{Child, Kind, NodeSpec};
use crate::source::Sources;
use crate::span::Origin;

/// The names that are declared, and which of them are referred to.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Where each name is declared.
    pub declared: BTreeMap<(Kind, String), Origin>,
    /// Whether some declarations could not be read, so that a missing name proves
    /// nothing.
    pub incomplete: bool,
    /// Names that something refers to.
    pub used: BTreeSet<(Kind, String)>,
}

/// Checks nodes of a schema.
pub(crate) struct Checker<'a> {
    pub names: &'a mut Names,
    /// What other files nearby declare; nothing in a fragment, whose references are not checked.
    pub elsewhere: Option<&'a Elsewhere<'a>>,
    pub sources: &'a Sources,
    pub sink: &'a mut Sink,
}

/// Where a node is: the specs around it, outermost first.
pub(super) type Path = Vec<&'static NodeSpec>;

/// Every child of a node, whatever its first argument.
pub(super) fn all_children(spec: &'static NodeSpec) -> impl Iterator<Item = &'static Child> {
    spec.children.iter().chain(spec.variants.iter().flat_map(|variant| variant.children))
}

//! Typed reading of a node that was checked against the schema.
//!
//! What is wrong with a value was reported when it was checked; here it only makes
//! the reading come to nothing.

use super::node::Read;
use super::schema::{Child, Field, NodeSpec};
use super::source::Sources;
use super::span::{Origin, Spanned};
use super::tree::{Node, Value};
use super::value;

/// A node with its schema.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub node: &'a Node,
    pub spec: &'static NodeSpec,
    sources: &'a Sources,
    /// The node in whose block it stands, if it is read there.
    around: Option<&'a Node>,
}

impl<'a> Cursor<'a> {
    pub fn new(node: &'a Node, spec: &'static NodeSpec, sources: &'a Sources) -> Self {
        Self { node, spec, sources, around: None }
    }

    /// The place of the node's name.
    pub fn origin(self) -> Origin {
        self.node.name.origin
    }

    /// A node of its block, or one that nobody wrote there.
    pub fn inside<'b>(self, node: &'b Node, spec: &'static NodeSpec) -> Cursor<'b>
    where
        'a: 'b,
    {
        Cursor { around: Some(self.node), ..Cursor::new(node, spec, self.sources) }
    }

    /// Those nodes of its block that are listed, in order.
    pub fn among<'b>(self, listed: &'b [Child]) -> impl Iterator<Item = Self> + use<'a, 'b> {
        self.node.children.iter().filter_map(move |node| {
            let known = listed.iter().find(|child| child.spec.name == node.name.value)?;
            Some(self.inside(node, known.spec))
        })
    }

    /// The first of those nodes that are listed in the block in which it stands itself.
    pub fn beside(self, listed: &[Child]) -> Option<Self> {
        Cursor::new(self.around?, self.spec, self.sources).among(listed).next()
    }

    /// Whether an argument or a property is written.
    pub fn given(self, field: &Field) -> bool {
        self.written(field.name).is_some()
    }

    /// A written argument or property; nothing if it is wrong.
    pub fn read<T: Read>(self, field: &Field) -> Option<Spanned<T>> {
        self.read_value(self.written(field.name)?, field)
    }

    /// An argument or a property, or its default; nothing if it is wrong.
    pub fn read_or_default<T: Read>(self, field: &Field) -> Option<Spanned<T>> {
        let preset = field.default.map(Value::preset);
        self.read_value(self.written(field.name).or(preset.as_ref())?, field)
    }

    /// All arguments, which are read as one field.
    pub fn read_all<T: Read>(self, field: &Field) -> Option<Vec<Spanned<T>>> {
        self.node.arguments.iter().map(|value| self.read_value(value, field)).collect()
    }

    fn read_value<T: Read>(self, value: &Value, field: &Field) -> Option<Spanned<T>> {
        let datum = value::read(value, field).ok()?;
        let read = T::read(datum, self.sources.path(value.origin.file))?;
        Some(Spanned::new(read, value.origin))
    }

    fn written(self, name: &str) -> Option<&'a Value> {
        match self.spec.arguments.iter().position(|argument| argument.name == name) {
            Some(i) => self.node.arguments.get(i),
            None => self.node.property(name),
        }
    }
}

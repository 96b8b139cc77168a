//! Typed reading of a node that was checked against the schema.
//!
//! What is wrong with a value was reported when it was checked; here it only makes
//! the reading come to nothing.

use std::path::PathBuf;

use super::model::DataPath;
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

/// Ties the words of a schema to the variants of an enum.
macro_rules! read_words {
    ($type:ty { $($word:literal => $variant:ident,)* }) => {
        impl $crate::node::Read for $type {
            fn read(datum: $crate::value::Datum, _: Option<&std::path::Path>) -> Option<Self> {
                let $crate::value::Datum::Text(text) = datum else { return None };
                match text.as_str() {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use read_words;

impl<'a> Cursor<'a> {
    pub fn new(node: &'a Node, spec: &'static NodeSpec, sources: &'a Sources) -> Self {
        Self { node, spec, sources, around: None }
    }

    /// The first argument where it decides what else belongs to the node.
    pub fn variant(self) -> Option<&'static str> {
        self.spec.variant(self.node.label().map(|label| label.value)).map(|found| found.word)
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

    fn field(self, name: &str) -> &'static Field {
        let word = self.node.label().map(|label| label.value);
        let mut fields = self.spec.arguments.iter().chain(self.spec.all_properties(word));
        let found = fields.find(|field| field.name == name);
        found.unwrap_or_else(|| panic!("`{}` has no field `{name}`", self.spec.name))
    }

    fn written(self, name: &str) -> Option<&'a Value> {
        match self.spec.arguments.iter().position(|argument| argument.name == name) {
            Some(i) => self.node.arguments.get(i),
            None => self.node.property(name),
        }
    }

    /// Whether an argument or a property is given.
    pub fn has(self, name: &str) -> bool {
        self.written(name).is_some()
    }

    /// An argument or a property, or its default.
    pub fn get<T: Read>(self, name: &str) -> Option<Spanned<T>> {
        self.read_or_default(self.field(name))
    }

    /// An argument or a property that may be absent; nothing if it is wrong.
    #[expect(clippy::option_option, reason = "wrong, absent and present are three cases")]
    pub fn maybe<T: Read>(self, name: &str) -> Option<Option<Spanned<T>>> {
        if self.has(name) { self.get(name).map(Some) } else { Some(None) }
    }

    /// A path, with the folder of the file that states it.
    pub fn path(self, name: &str) -> Option<Spanned<DataPath>> {
        let base = |origin: Origin| {
            let file = self.sources.path(origin.file);
            file.and_then(|file| file.parent()).map_or_else(PathBuf::new, PathBuf::from)
        };
        let written = self.get::<String>(name)?;
        let base = base(written.origin);
        Some(written.map(|written| DataPath { written, base }))
    }

    /// Every argument as text.
    pub fn texts(self) -> Option<Vec<Spanned<String>>> {
        let field = self.spec.arguments.first()?;
        self.read_all(field)
    }

    /// The child of a name, if there is one.
    pub fn child(self, name: &str) -> Option<Self> {
        self.children(name).next()
    }

    /// The value of a one-argument child, or its default.
    pub fn child_value<T: Read>(self, name: &str) -> Option<Spanned<T>> {
        match self.child(name) {
            Some(child) => child.get(child.spec.arguments[0].name),
            None => {
                let empty = Node::empty(name);
                let child = self.unwritten(&empty);
                child.get(child.spec.arguments[0].name)
            }
        }
    }

    /// A child that nobody wrote, whose values are the defaults.
    pub fn unwritten<'b>(self, node: &'b Node) -> Cursor<'b>
    where
        'a: 'b,
    {
        Cursor::new(node, self.child_spec(&node.name.value), self.sources)
    }

    fn child_spec(self, name: &str) -> &'static NodeSpec {
        let word = self.node.label().map(|label| label.value);
        let found = self.spec.all_children(word).find(|child| child.spec.name == name);
        found.map_or_else(|| panic!("`{}` has no child `{name}`", self.spec.name), |c| c.spec)
    }

    /// The children of a name.
    pub fn children(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        let spec = self.child_spec(name);
        let of_name = self.node.children.iter().filter(move |child| child.name.value == spec.name);
        of_name.map(move |child| self.inside(child, spec))
    }
}

//! KDL nodes with the place of every part: what decoding reads and overrides patch.

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::diagnostic::{Code, Diagnostic};
use super::schema::Preset;
use super::span::{FileId, Origin, Spanned};
use super::syntax::{Chunk, chunks};

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Its name.
    pub name: Spanned<String>,
    /// A unit in front of the name, which no node has.
    pub unit: Option<Origin>,
    /// Arguments, in order.
    pub arguments: Vec<Value>,
    /// Properties, in order; a key may occur twice.
    pub properties: Vec<(Spanned<String>, Value)>,
    /// Whether it has a block, even an empty one.
    pub block: bool,
    /// The nodes of its block.
    pub children: Vec<Self>,
    /// The name, arguments and properties.
    pub head: Origin,
}

impl Node {
    /// A node that nobody wrote: all its values are defaults.
    pub fn empty(name: &str) -> Self {
        Self {
            name: Spanned::default_of(name.to_owned()),
            unit: None,
            arguments: Vec::new(),
            properties: Vec::new(),
            block: false,
            children: Vec::new(),
            head: Origin::DEFAULT,
        }
    }

    /// The property of a key; the last one if there are several.
    pub fn property(&self, key: &str) -> Option<&Value> {
        self.properties.iter().rev().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// The first argument, if it is text.
    pub fn label(&self) -> Option<Spanned<&str>> {
        let first = self.arguments.first()?;
        match &first.scalar {
            Scalar::Text(text) => Some(Spanned::new(text.as_str(), first.origin)),
            _ => None,
        }
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.value == name)
    }
}

/// An argument, or the value of a property.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// The value itself.
    pub scalar: Scalar,
    /// Its unit, as in `(epoch)5`.
    pub unit: Option<Spanned<String>>,
    /// The value with its unit.
    pub origin: Origin,
}

impl Value {
    /// A default that nobody wrote.
    pub fn preset(preset: Preset) -> Self {
        let scalar = match preset {
            Preset::Whole(number) => Scalar::Integer(number.into()),
            Preset::Number(x) => Scalar::Number(x),
            Preset::Text(text) => Scalar::Text(text.to_owned()),
            Preset::Bool(bool) => Scalar::Bool(bool),
        };
        Self { scalar, unit: None, origin: Origin::DEFAULT }
    }
}

/// A KDL value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Number(f64),
    /// `#true` or `#false`.
    Bool(bool),
    /// `#null`.
    Null,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Its top-level nodes.
    pub nodes: Vec<Node>,
    /// The beginnings of top-level nodes that could not be read.
    pub broken: Vec<Chunk>,
    /// What is wrong with its syntax.
    pub errors: Vec<Diagnostic>,
}

/// Reads a text. A mistake in one top-level node leaves the others readable.
pub(super) fn parse(text: &str, file: FileId) -> Parsed {
    let (chunks, errors) = chunks(text, file);
    let mut parsed = Parsed { errors, ..Parsed::default() };
    for chunk in chunks {
        if !chunk.sound {
            parsed.broken.push(chunk);
            continue;
        }
        let reader = Reader { file, base: chunk.span.start };
        match KdlDocument::parse_v2(&chunk.text(text)) {
            Ok(document) => parsed.nodes.extend(document.nodes().iter().map(|n| reader.node(n))),
            Err(error) => {
                parsed.errors.extend(reader.first_error(&error, text));
                parsed.broken.push(chunk);
            }
        }
    }
    parsed
}

struct Reader {
    file: FileId,
    /// Where in the file the parsed text begins.
    base: usize,
}

impl Reader {
    fn origin(&self, span: SourceSpan) -> Origin {
        let start = self.base + span.offset();
        Origin { file: self.file, start: start as u32, end: (start + span.len()) as u32 }
    }

    fn node(&self, node: &KdlNode) -> Node {
        let name = Spanned::new(node.name().value().to_owned(), self.origin(node.name().span()));
        let mut head = name.origin;
        let mut arguments = Vec::new();
        let mut properties = Vec::new();
        for entry in node.entries() {
            let value = self.value(entry);
            head.end = value.origin.end;
            match entry.name() {
                Some(key) => {
                    let key = Spanned::new(key.value().to_owned(), self.origin(key.span()));
                    properties.push((key, value));
                }
                None => arguments.push(value),
            }
        }
        let children: Vec<Node> = node.iter_children().map(|child| self.node(child)).collect();
        let unit = node.ty().map(|ty| self.origin(ty.span()));
        Node { name, unit, arguments, properties, block: node.children().is_some(), children, head }
    }

    /// The KDL parser has no span for a value alone; it is what is left of the entry
    /// behind the key, counted from the end.
    fn value(&self, entry: &KdlEntry) -> Value {
        let whole = self.origin(entry.span());
        let format = entry.format();
        let length = format.map_or(0, |f| f.value_repr.len()) as u32;
        let unit = entry.ty().map(|ty| Spanned::new(ty.value().to_owned(), self.origin(ty.span())));
        let mut start = whole.end - length;
        if let Some(unit) = &unit {
            // The opening parenthesis, and any space inside it.
            let inside = format.map_or(0, |f| f.before_ty_name.len()) as u32;
            start = unit.origin.start - 1 - inside;
        }
        let scalar = match entry.value() {
            KdlValue::String(text) => Scalar::Text(text.clone()),
            KdlValue::Integer(number) => Scalar::Integer(*number),
            KdlValue::Float(number) => Scalar::Number(*number),
            KdlValue::Bool(bool) => Scalar::Bool(*bool),
            KdlValue::Null => Scalar::Null,
        };
        Value { scalar, unit, origin: Origin { start, ..whole } }
    }

    /// The KDL parser's first complaint, its label no longer than a line. The ones
    /// that follow are mostly consequences.
    fn first_error(&self, error: &kdl::KdlError, text: &str) -> Option<Diagnostic> {
        let first = error.diagnostics.iter().min_by_key(|d| d.span.offset())?;
        let mut origin = self.origin(first.span);
        let start = origin.start as usize;
        let line = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        origin.end = origin.end.min((start + line) as u32).max(origin.start);
        let title = first.message.clone().unwrap_or_else(|| "not KDL".to_owned());
        let title = title.trim_end_matches('.');
        let mut letters = title.chars();
        let title: String =
            letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        Some(
            Diagnostic::error(Code::Syntax, title)
                .at(origin, first.label.clone().unwrap_or_else(|| "here".to_owned()))
                .maybe_help(first.help.clone()),
        )
    }
}

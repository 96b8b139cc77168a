//! Reading what a node consists of. A part that is wrong comes to nothing; what is wrong with it
//! was reported.

use super::placed::{Part, Placed, Plain};
use super::read::Read;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::schema::{Child, Field, NodeSpec};
use crate::span::{Origin, Spanned};
use crate::tree;
use crate::value;

/// A node that can be read.
pub(crate) trait Decode: Plain {
    /// The schema of each field.
    type Fields;
    /// The schema of each field.
    const FIELDS: Self::Fields;
    /// The schema of the node.
    const SPEC: &'static NodeSpec;

    /// Its fields, if all are right; goes through all of them in any case.
    fn fields(node: Cursor<'_>, sink: &mut Sink) -> Option<Placed<Self>>;

    /// What takes several fields to see.
    fn check(_: Cursor<'_>, read: Option<Placed<Self>>, _: &mut Sink) -> Option<Placed<Self>> {
        read
    }

    /// What it is where the node around it does not have it.
    fn unwritten(_: Cursor<'_>, _: &mut Sink) -> Option<Placed<Self>> {
        None
    }

    /// Reads the node.
    fn decode(node: Cursor<'_>, sink: &mut Sink) -> Option<Placed<Self>> {
        let read = Self::fields(node, sink);
        Self::check(node, read, sink)
    }
}

/// A node that nobody wrote, whose values are all defaults.
pub(crate) fn defaults<T: Decode>(around: Cursor<'_>, sink: &mut Sink) -> Option<Placed<T>> {
    let empty = tree::Node::empty(T::SPEC.name);
    T::decode(around.inside(&empty, T::SPEC), sink)
}

/// What an argument or a property is read as.
pub(crate) trait Value: Part + Sized {
    /// Its value and place, or its default.
    fn value(node: Cursor<'_>, field: &Field) -> Option<(Self, Self::At)>;

    /// What it is where the node that states it is not there.
    fn unwritten(field: &Field) -> Option<(Self, Self::At)>;

    /// Whether it is what it is where nobody writes it.
    fn is_default(&self, field: &Field) -> bool;
}

/// The value of a node that has one.
pub(crate) fn value_of_child<V: Value>(around: Cursor<'_>, listed: &[Child]) -> Option<(V, V::At)> {
    let field = listed.first()?.spec.only();
    match around.among(listed).next() {
        Some(node) => V::value(node, field),
        None => V::unwritten(field),
    }
}

fn preset<V: Read>(field: &Field) -> Option<V> {
    let preset = field.default.map(tree::Value::preset)?;
    V::read(value::read(&preset, field).ok()?, None)
}

impl<V: Read + Part<At = Origin> + PartialEq> Value for V {
    fn value(node: Cursor<'_>, field: &Field) -> Option<(Self, Origin)> {
        match node.given(field) {
            true => node.read(field).map(|Spanned { value, origin }| (value, origin)),
            false => Self::unwritten(field),
        }
    }

    fn unwritten(field: &Field) -> Option<(Self, Origin)> {
        preset(field).map(|value| (value, Origin::DEFAULT))
    }

    fn is_default(&self, field: &Field) -> bool {
        preset::<V>(field).is_some_and(|preset| preset == *self)
    }
}

impl<V: Read + Part<At = Origin> + PartialEq> Value for Option<V> {
    fn value(node: Cursor<'_>, field: &Field) -> Option<(Self, Origin)> {
        match node.given(field) {
            true => V::value(node, field).map(|(value, at)| (Some(value), at)),
            // Of a node that is there, as `sam`, a value that is not written may have a default.
            false => Some((preset(field), Origin::DEFAULT)),
        }
    }

    fn unwritten(_: &Field) -> Option<(Self, Origin)> {
        Some((None, Origin::DEFAULT))
    }

    fn is_default(&self, _: &Field) -> bool {
        self.is_none()
    }
}

impl<V: Read + Part<At = Origin> + PartialEq> Value for Vec<V> {
    fn value(node: Cursor<'_>, field: &Field) -> Option<(Self, Vec<Origin>)> {
        let read = node.read_all(field)?.into_iter();
        Some(read.map(|Spanned { value, origin }| (value, origin)).unzip())
    }

    fn unwritten(_: &Field) -> Option<(Self, Vec<Origin>)> {
        Some((Vec::new(), Vec::new()))
    }

    fn is_default(&self, _: &Field) -> bool {
        self.is_empty()
    }
}

/// What one node is read as.
pub(crate) trait FromNode: Sized {
    /// Reads the node.
    fn from_node(node: Cursor<'_>, sink: &mut Sink) -> Option<Self>;

    /// What it is where the node around it does not have it.
    fn unwritten(around: Cursor<'_>, sink: &mut Sink) -> Option<Self>;
}

impl<T: Decode> FromNode for Placed<T> {
    fn from_node(node: Cursor<'_>, sink: &mut Sink) -> Option<Self> {
        T::decode(node, sink)
    }

    fn unwritten(around: Cursor<'_>, sink: &mut Sink) -> Option<Self> {
        T::unwritten(around, sink)
    }
}

/// What the nodes in a block are read as.
pub(crate) trait Nodes: Part + Sized {
    /// Reads those that are listed, in the order of the file.
    fn nodes(around: Cursor<'_>, listed: &[Child], sink: &mut Sink) -> Option<Self>;
}

impl<P: FromNode + Part> Nodes for P {
    fn nodes(around: Cursor<'_>, listed: &[Child], sink: &mut Sink) -> Option<Self> {
        match around.among(listed).next() {
            Some(node) => P::from_node(node, sink),
            None => P::unwritten(around, sink),
        }
    }
}

impl<P: FromNode + Part> Nodes for Option<P> {
    fn nodes(around: Cursor<'_>, listed: &[Child], sink: &mut Sink) -> Option<Self> {
        match around.among(listed).next() {
            Some(node) => P::from_node(node, sink).map(Some),
            None => Some(None),
        }
    }
}

impl<P: FromNode + Part> Nodes for Vec<P> {
    fn nodes(around: Cursor<'_>, listed: &[Child], sink: &mut Sink) -> Option<Self> {
        let read: Vec<Option<P>> =
            around.among(listed).map(|node| P::from_node(node, sink)).collect();
        read.into_iter().collect()
    }
}

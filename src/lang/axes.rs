//! The values of an experiment by their paths: what an axis of a matrix may name, and the patch
//! that gives it another value.

use super::nodes::{ATTRIBUTION, BY, OVERRIDE};
use super::schema::{Field, Kind, NodeSpec, OR_BLOCK, Times, Type};
use super::span::{Origin, Spanned};
use super::tree::{Node, Scalar, Value};

/// A value of an experiment.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The nodes that lead to it and its own name, with dots: `loss.triplet.margin`.
    pub path: String,
    /// What it may be.
    pub field: Field,
    /// The part of the experiment that it belongs to.
    pub part: &'static str,
    /// Whether its node is there, or would be that value alone: else only its whole path means it.
    pub is_near: bool,
    /// Where in the part; none of a part as a whole.
    inside: Option<Inside>,
}

/// A value inside a part.
#[derive(Clone, Debug)]
struct Inside {
    /// The nodes that lead to it from the part.
    steps: Vec<Step>,
    /// The argument that it is, or else the property of its field.
    argument: Option<usize>,
    /// The arguments of its node.
    arguments: Vec<Value>,
}

/// A node on the way.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    /// The arguments that tell it from others of its name.
    told_by: Vec<Value>,
}

/// What an axis does to an experiment for one of its values.
#[derive(Clone, Debug)]
pub(super) enum Patch {
    /// Replaces a part.
    Part(&'static str, Node),
    /// Replaces the attribution.
    Attribution(Node),
    /// Patches a part, as an `override` does.
    Inside(&'static str, Node),
}

impl Place {
    /// A part as a whole, which has a name.
    pub fn part(part: &'static str, kind: Kind) -> Self {
        let field = Type::Ref(kind).required().named(part, "");
        Self { path: part.to_owned(), field, part, is_near: true, inside: None }
    }

    /// The attribution.
    pub fn attribution() -> Self {
        static WORDS: [(&str, &str); 4] =
            [("category", ""), ("dataset", ""), ("manipulation", ""), ("none", "")];
        let name = ATTRIBUTION.name;
        let field = Type::Word(&WORDS).required().named(name, "");
        Self { path: name.to_owned(), field, part: name, is_near: true, inside: None }
    }

    /// What gives it a value.
    pub fn patch(&self, value: &Value) -> Patch {
        let node = |name: &str| Node {
            name: Spanned::new(name.to_owned(), value.origin),
            head: value.origin,
            ..Node::empty(name)
        };
        let Some(Inside { steps, argument, arguments }) = &self.inside else {
            let mut part = node(self.part);
            if self.part != ATTRIBUTION.name {
                part.arguments.push(value.clone());
                return Patch::Part(self.part, part);
            }
            match value.scalar == Scalar::Text("none".to_owned()) {
                true => part.arguments.push(value.clone()),
                false => part.properties.push((key(BY.name, value.origin), value.clone())),
            }
            return Patch::Attribution(part);
        };
        let mut nodes = steps.iter().rev();
        let mut inner = nodes.next().map(|step| {
            let mut last = node(&step.name);
            last.arguments.clone_from(&step.told_by);
            match argument {
                Some(place) => {
                    last.arguments.clone_from(arguments);
                    last.arguments.truncate(*place);
                    last.arguments.push(value.clone());
                    last.arguments.extend(arguments.iter().skip(place + 1).cloned());
                }
                None => last.properties.push((key(self.field.name, value.origin), value.clone())),
            }
            last
        });
        for step in nodes {
            let mut outer = node(&step.name);
            outer.arguments.clone_from(&step.told_by);
            outer.children.extend(inner.take());
            outer.block = true;
            inner = Some(outer);
        }
        let mut patch = node(OVERRIDE.name);
        patch.arguments.push(Value {
            scalar: Scalar::Text(self.part.to_owned()),
            unit: None,
            origin: value.origin,
        });
        patch.children.extend(inner);
        patch.block = true;
        Patch::Inside(self.part, patch)
    }

    /// Whether its path ends in what is written.
    fn ends_in(&self, written: &str) -> bool {
        let before = self.path.strip_suffix(written).filter(|_| self.is_near);
        before.is_some_and(|before| before.ends_with('.'))
    }
}

fn key(name: &str, at: Origin) -> Spanned<String> {
    Spanned::new(name.to_owned(), at)
}

/// The values that a path may mean: the one that it is, or else those that end in it.
pub(super) fn meant<'a>(places: &'a [Place], written: &str) -> Vec<&'a Place> {
    match places.iter().find(|place| place.path == written) {
        Some(place) => vec![place],
        None => places.iter().filter(|place| place.ends_in(written)).collect(),
    }
}

/// The values inside a part, as `node` has it.
pub(super) fn inside(part: &'static str, spec: &'static NodeSpec, node: &Node) -> Vec<Place> {
    let mut walk = Walk { part, places: Vec::new() };
    walk.children(spec, Some(node), part, &[]);
    walk.places
}

struct Walk {
    part: &'static str,
    places: Vec<Place>,
}

impl Walk {
    /// The values of a node at the end of `steps`; none of it is written where `node` is none.
    fn node(
        &mut self,
        spec: &'static NodeSpec,
        node: Option<&Node>,
        (path, steps): (&str, &[Step]),
        told_by_argument: bool,
    ) {
        let word = node.and_then(Node::label).map(|label| label.value.to_owned());
        let arguments = node.map(|node| node.arguments.clone()).unwrap_or_default();
        let only = spec.arguments.len() == 1
            && spec.properties.is_empty()
            && spec.children.is_empty()
            && spec.variants.is_empty();
        let required = |field: &&Field| field.required;
        let all = || spec.arguments.iter().chain(spec.all_properties(word.as_deref()));
        // A node that is not there is made of one value alone, if it needs no other.
        let whole = |field: &Field| {
            node.is_some()
                || all().filter(required).all(|other| other.name == field.name)
                    && spec.all_children(None).all(|child| match child.times {
                        Times::Once | Times::AtLeastOnce => false,
                        Times::AtMostOnce | Times::AnyNumber => true,
                    })
        };
        let mut add = |field: &Field, argument: Option<usize>| {
            let path = if only { path.to_owned() } else { format!("{path}.{}", field.name) };
            let (steps, arguments) = (steps.to_vec(), arguments.clone());
            let inside = Some(Inside { steps, argument, arguments });
            let is_near = only || node.is_some();
            self.places.push(Place { path, field: *field, part: self.part, is_near, inside });
        };
        if !spec.repeats && !told_by_argument {
            for (place, field) in spec.arguments.iter().enumerate() {
                // What comes before it has to be there.
                if field.ty != Type::Name && place <= arguments.len() && whole(field) {
                    add(field, Some(place));
                }
            }
        }
        for field in spec.all_properties(word.as_deref()).filter(|field| whole(field)) {
            add(field, None);
        }
        if node.is_some() {
            self.children(spec, node, path, steps);
        }
    }

    fn children(
        &mut self,
        spec: &'static NodeSpec,
        node: Option<&Node>,
        path: &str,
        steps: &[Step],
    ) {
        let word = node.and_then(Node::label).map(|label| label.value.to_owned());
        // A block would take the place of the argument.
        let instead = spec.arguments.iter().any(|argument| argument.group == OR_BLOCK)
            && node.is_some_and(|node| !node.arguments.is_empty());
        if instead {
            return;
        }
        for child in spec.all_children(word.as_deref()) {
            let name = child.spec.name;
            let there = || {
                let all = node.map(|node| node.children.as_slice()).unwrap_or_default().iter();
                all.filter(|node| node.name.value == name)
            };
            let several = child.spec.keyed || there().count() > 1;
            for found in there() {
                let label = found.label().map(|label| label.value.to_owned());
                let mut path = format!("{path}.{name}");
                let mut step = Step { name: name.to_owned(), told_by: Vec::new() };
                if several {
                    let Some(label) = label else { continue };
                    path = format!("{path}.{label}");
                    step.told_by.clone_from(&found.arguments);
                }
                let steps = [steps, &[step]].concat();
                self.node(child.spec, Some(found), (&path, &steps), several);
            }
            let may_be = match child.times {
                Times::Once | Times::AtMostOnce => child.group.is_empty(),
                Times::AnyNumber | Times::AtLeastOnce => false,
            };
            if may_be && there().next().is_none() {
                let step = Step { name: name.to_owned(), told_by: Vec::new() };
                let steps = [steps, &[step]].concat();
                self.node(child.spec, None, (&format!("{path}.{name}"), &steps), false);
            }
        }
    }
}

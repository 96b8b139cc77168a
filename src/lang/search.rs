//! Questions about nodes of which the name alone is known.

use super::nodes::OVERRIDE;
use super::schema::{Child, Field, IMPORT, Kind, NodeSpec, Times};

/// Goes through a node and everything in it, each with its place in the node around it.
fn walk(
    spec: &'static NodeSpec,
    child: Option<&Child>,
    see: &mut impl FnMut(&'static NodeSpec, Option<&Child>),
) {
    see(spec, child);
    for child in spec.children.iter().chain(spec.variants.iter().flat_map(|v| v.children)) {
        walk(child.spec, Some(child), see);
    }
}

fn all(mut see: impl FnMut(&'static NodeSpec, Option<&Child>)) {
    walk(&IMPORT, None, &mut see);
    Kind::ALL.into_iter().for_each(|kind| walk(kind.spec(), None, &mut see));
}

/// Every node of a name.
pub(crate) fn specs(name: &str) -> Vec<&'static NodeSpec> {
    let mut found: Vec<&'static NodeSpec> = Vec::new();
    all(|spec, _| {
        if spec.name == name && !found.iter().any(|other| std::ptr::eq(*other, spec)) {
            found.push(spec);
        }
    });
    found
}

/// Whether a node of this name takes one value and is repeated for each further one.
pub(crate) fn one_for_each(name: &str) -> bool {
    let mut each = false;
    all(|spec, child| {
        let many = |child: &Child| matches!(child.times, Times::AnyNumber | Times::AtLeastOnce);
        each |= spec.name == name && !spec.repeats && child.is_some_and(many);
    });
    each
}

/// Whether a node of this name has a property.
pub(crate) fn has_property(name: &str, key: &str) -> bool {
    let of = |spec: &'static NodeSpec| {
        let more = spec.variants.iter().flat_map(|v| v.properties);
        spec.properties.iter().chain(more).any(|field| field.name == key)
    };
    specs(name).into_iter().any(of)
}

/// Whether a node of this name has a child.
pub(crate) fn has_child(name: &str, child: &str) -> bool {
    let of = |spec: &'static NodeSpec| {
        let more = spec.variants.iter().flat_map(|v| v.children);
        spec.children.iter().chain(more).any(|known| known.spec.name == child)
    };
    specs(name).into_iter().any(of)
}

/// The field that a node's first argument, or a property of it, is read as.
pub(crate) fn field(name: &str, key: Option<&str>) -> Option<&'static Field> {
    let of = |spec: &'static NodeSpec| match key {
        None => spec.arguments.first(),
        Some(key) => {
            let more = spec.variants.iter().flat_map(|v| v.properties);
            spec.properties.iter().chain(more).find(|field| field.name == key)
        }
    };
    specs(name).into_iter().find_map(of)
}

/// What an `override` patches that has a node or a property of this name.
pub(crate) fn overridden(name: &str) -> Option<&'static str> {
    let has = |children: &'static [Child]| children.iter().any(|child| child.spec.name == name);
    OVERRIDE.variants.iter().find(|variant| has(variant.children)).map(|variant| variant.word)
}

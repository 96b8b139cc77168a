//! Patching a declaration: what `override` does, on nodes.

use std::collections::BTreeMap;

use super::schema::{NodeSpec, OR_BLOCK};
use super::tree::{Node, Value};

/// Patches a node: properties of the same key and children of the same name replace
/// or are patched themselves, what excludes them goes, the rest stays.
pub(super) fn merge(base: &mut Node, patch: &Node, spec: &'static NodeSpec) {
    let word = patch.label().map(|label| label.value.to_owned());
    for (key, value) in &patch.properties {
        let fields = || spec.all_properties(word.as_deref());
        let group = fields().find(|field| field.name == key.value).map_or("", |field| field.group);
        base.properties.retain(|(old, _)| {
            let same_group = || {
                !group.is_empty()
                    && fields().any(|field| field.name == old.value && field.group == group)
            };
            old.value != key.value && !same_group()
        });
        // A property may also exclude an argument, as `keep lowest=..` does `keep last`.
        if !group.is_empty() && spec.arguments.iter().any(|argument| argument.group == group) {
            base.arguments.clear();
        }
        base.properties.push((key.clone(), value.clone()));
    }
    for child in &patch.children {
        merge_child(base, child, spec);
    }
    base.block |= patch.block;
}

fn merge_child(base: &mut Node, patch: &Node, spec: &'static NodeSpec) {
    let name = patch.name.value.as_str();
    let Some(known) = spec.all_children(None).find(|child| child.spec.name == name) else {
        return;
    };
    if spec.arguments.iter().any(|argument| argument.group == OR_BLOCK) {
        base.arguments.clear();
    }
    if !known.group.is_empty() {
        let group = known.group;
        base.children.retain(|old| {
            let old_spec = spec.all_children(None).find(|child| child.spec.name == old.name.value);
            old.name.value == name || old_spec.is_none_or(|old| old.group != group)
        });
    }
    match target(base, patch, known.spec) {
        Some(i) => {
            let target = &mut base.children[i];
            if !patch.arguments.is_empty() {
                target.arguments.clone_from(&patch.arguments);
                let excluded = known.spec.arguments[0].group;
                if excluded == OR_BLOCK {
                    target.children.clear();
                } else if !excluded.is_empty() {
                    let fields = || known.spec.properties.iter();
                    target.properties.retain(|(old, _)| {
                        !fields().any(|field| field.name == old.value && field.group == excluded)
                    });
                }
            }
            merge(target, patch, known.spec);
        }
        None => base.children.push(patch.clone()),
    }
}

/// Which child a patch is for: the one of the same name; among several, or where the
/// first argument tells them apart, the one with the same first argument.
fn target(base: &Node, patch: &Node, spec: &NodeSpec) -> Option<usize> {
    let name = &patch.name.value;
    let same_name: Vec<usize> =
        (0..base.children.len()).filter(|&i| base.children[i].name.value == *name).collect();
    let label = patch.label().map(|label| label.value);
    let same_label = same_name
        .iter()
        .copied()
        .find(|&i| base.children[i].label().map(|label| label.value) == label);
    match same_name[..] {
        _ if spec.keyed => same_label,
        [only] => Some(only),
        _ => same_label.or(same_name.first().copied().filter(|_| label.is_none())),
    }
}

/// Whether two nodes say the same, wherever it is written.
pub(super) fn same(a: &Node, b: &Node) -> bool {
    let value =
        |value: &Value| (value.scalar.clone(), value.unit.as_ref().map(|unit| unit.value.clone()));
    let properties = |node: &Node| {
        node.properties
            .iter()
            .map(|(key, written)| (key.value.clone(), value(written)))
            .collect::<BTreeMap<_, _>>()
    };
    a.name == b.name
        && a.arguments.iter().map(value).eq(b.arguments.iter().map(value))
        && properties(a) == properties(b)
        && a.children.len() == b.children.len()
        && a.children.iter().zip(&b.children).all(|(a, b)| same(a, b))
}

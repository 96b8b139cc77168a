//! What is said about nodes and keys that do not fit the schema.

use super::Path;
use crate::lang::diagnostic::{Code, Diagnostic};
use crate::lang::schema::{Child, NodeSpec};
use crate::lang::span::Origin;
use crate::lang::suggest::{list, nearest};
use crate::lang::tree::Node;

/// A node as messages name it: with its first argument where that decides its kind.
pub(in crate::lang) fn node_name(spec: &NodeSpec, word: Option<&str>) -> String {
    match (spec.variant(word), word) {
        (Some(_), Some(word)) => format!("`{} {word}`", spec.name),
        _ => format!("`{}`", spec.name),
    }
}

pub(in crate::lang) fn lower_first(doc: &str) -> String {
    let doc = doc.trim_end_matches('.');
    let mut letters = doc.chars();
    match letters.next() {
        // Names such as FSFM keep their capitals.
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => doc.to_owned(),
    }
}

/// A name that is declared twice.
pub(in crate::lang) fn duplicate_name(title: String, again: Origin, first: Origin) -> Diagnostic {
    Diagnostic::error(Code::DuplicateName, title)
        .text("a name stands for one thing")
        .at(again, "again here")
        .and(first, "first here")
        .help("rename or remove one of them")
}

pub(in crate::lang) fn unexpected_argument(node: &Node, spec: &NodeSpec, at: Origin) -> Diagnostic {
    let takes = match spec.arguments.len() {
        0 => "no argument".to_owned(),
        1 => "one argument".to_owned(),
        n => format!("{n} arguments"),
    };
    let properties = list(spec.properties.iter().map(|field| field.name), "and");
    let diagnostic = Diagnostic::error(
        Code::UnexpectedArgument,
        format!("an argument too many for `{}`", spec.name),
    )
    .text(format!("`{}` takes {takes}", node.name.value))
    .at(at, "not expected here");
    if properties.is_empty() {
        diagnostic.help("remove it, or begin a new node on the next line")
    } else {
        diagnostic.help(format!("its properties are {properties}, written as `key=value`"))
    }
}

pub(in crate::lang) fn unexpected_block(
    node: &Node,
    spec: &NodeSpec,
    word: Option<&str>,
) -> Diagnostic {
    let at = node.children.first().map_or(node.head, |child| child.name.origin);
    Diagnostic::error(Code::UnexpectedBlock, format!("a block in {}", node_name(spec, word)))
        .text(format!("{} has no children", node_name(spec, word)))
        .at(at, "does not belong here")
        .help("write its settings as properties on its line, or close the block before")
}

pub(in crate::lang) fn missing_node(
    node: &Node,
    spec: &NodeSpec,
    word: Option<&str>,
    child: &Child,
) -> Diagnostic {
    let name = node_name(spec, word);
    Diagnostic::error(Code::MissingNode, format!("{name} without `{}`", child.spec.name))
        .at(node.name.origin, format!("needs a `{}` in its block", child.spec.name))
        .help(lower_first(child.spec.doc))
}

pub(in crate::lang) fn unknown_key(
    spec: &'static NodeSpec,
    word: Option<&str>,
    key: &str,
    at: Origin,
    path: &Path,
) -> Diagnostic {
    let name = node_name(spec, word);
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}`"))
        .at(at, format!("not a property of {name}"));
    if let Some(stem) = key.strip_suffix(['<', '>', '!']) {
        return Diagnostic {
            code: Code::Comparison,
            title: "a comparison sign in a key".to_owned(),
            ..diagnostic.text(format!("`{key}` is read as a name; there are no comparisons"))
        }
        .help(format!("write the limit as a property, `{stem}=..`, or as `by=..` of a `claim`"));
    }
    if spec.all_children(word).any(|child| child.spec.name == key) {
        return diagnostic
            .help(format!("`{key}` is a node: write `{key} ..` in the block of {name}"));
    }
    let properties: Vec<&str> = spec.all_properties(word).map(|field| field.name).collect();
    if properties.is_empty() {
        let diagnostic = diagnostic.text(format!("{name} has no properties"));
        return diagnostic.maybe_help(belongs(key, spec, path));
    }
    let near = nearest(key, properties.iter().copied());
    let belongs = belongs(key, spec, path);
    let exact = near.is_some_and(|near| near.eq_ignore_ascii_case(key));
    let help = match (near, belongs) {
        (Some(near), _) if exact => Some(format!("did you mean `{near}`?")),
        (_, Some(belongs)) => Some(belongs),
        (Some(near), None) => Some(format!("did you mean `{near}`?")),
        (None, None) => None,
    };
    diagnostic.text(format!("{name} has {}", list(properties, "and"))).maybe_help(help)
}

pub(in crate::lang) fn unknown_node(
    spec: &'static NodeSpec,
    word: Option<&str>,
    child: &Node,
    path: &Path,
) -> Diagnostic {
    let key = child.name.value.as_str();
    let name = node_name(spec, word);
    let diagnostic = Diagnostic::error(Code::UnknownNode, format!("unknown node `{key}`"))
        .at(child.name.origin, format!("does not belong in {name}"));
    if spec.all_properties(word).any(|field| field.name == key) {
        return diagnostic
            .text(format!("`{key}` is a property of {name}"))
            .help(format!("write `{key}=..` on the line of {name}"));
    }
    let children: Vec<&str> = spec.all_children(word).map(|child| child.spec.name).collect();
    let help = match nearest(key, children.iter().copied()) {
        Some(near) if children.len() > 1 => Some(format!("did you mean `{near}`?")),
        near => {
            belongs(key, spec, path).or_else(|| near.map(|near| format!("did you mean `{near}`?")))
        }
    };
    diagnostic.text(format!("{name} has {}", list(children, "and"))).maybe_help(help)
}

/// Where a key belongs if not here: nodes inside, then those around, nearest first.
fn belongs(key: &str, spec: &'static NodeSpec, path: &Path) -> Option<String> {
    let around = path.iter().rev().filter(|around| !std::ptr::eq(**around, spec));
    let inside = spec.children.iter().chain(spec.variants.iter().flat_map(|v| v.children));
    inside
        .map(|child| child.spec)
        .find_map(|child| find(key, child, 1))
        .or_else(|| around.copied().find_map(|scope| find(key, scope, 0)))
}

/// Looks for a property or child of that name in a node, then in its children.
pub(in crate::lang) fn find(key: &str, spec: &'static NodeSpec, depth: usize) -> Option<String> {
    let words: Vec<Option<&str>> =
        std::iter::once(None).chain(spec.variants.iter().map(|v| Some(v.word))).collect();
    for word in words {
        if spec.all_properties(word).any(|field| field.name == key) {
            return Some(format!("`{key}` belongs in {}", node_name(spec, word)));
        }
        if spec.all_children(word).any(|child| child.spec.name == key) {
            return Some(format!("`{key}` belongs in the block of {}", node_name(spec, word)));
        }
    }
    let children = spec.children.iter().chain(spec.variants.iter().flat_map(|v| v.children));
    children.filter(|_| depth < 4).find_map(|child| find(key, child.spec, depth + 1))
}

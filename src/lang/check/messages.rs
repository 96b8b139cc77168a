//! What is said about nodes and keys that do not fit the schema.

use super::checker::Path;
use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::OVERRIDE;
use crate::schema::{Child, Field, NodeSpec, Type};
use crate::search::{one_for_each, overridden};
use crate::source::Sources;
use crate::span::Origin;
use crate::suggest::{did_you_mean, list, near, nearest};
use crate::synonyms;
use crate::tree::{Node, Scalar, Value};

/// A node as messages name it: with its first argument where that decides its kind.
pub(crate) fn node_name(spec: &NodeSpec, word: Option<&str>) -> String {
    match (spec.variant(word), word) {
        (Some(_), Some(word)) => format!("`{} {word}`", spec.name),
        _ => format!("`{}`", spec.name),
    }
}

pub(crate) fn lower_first(doc: &str) -> String {
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

/// Arguments that a node does not take, from the `first`th of its own on.
pub(crate) fn unexpected_arguments(
    spec: &NodeSpec,
    own: &[&Value],
    first: usize,
    sources: &Sources,
) -> Diagnostic {
    let name = spec.name;
    let takes = match spec.arguments.len() {
        0 => "no argument".to_owned(),
        1 => "one argument".to_owned(),
        n => format!("{n} arguments"),
    };
    let at = Origin { end: own[own.len() - 1].origin.end, ..own[first].origin };
    let diagnostic =
        Diagnostic::error(Code::UnexpectedArgument, format!("an argument too many for `{name}`"))
            .text(format!("`{name}` takes {takes}"))
            .at(at, "not expected here");
    let raw = |value: &Value| sources.excerpt(value.origin).unwrap_or("..").to_owned();
    let texts = own.iter().all(|value| matches!(value.scalar, Scalar::Text(_)));
    let each = || {
        let each: Vec<String> = own.iter().map(|value| format!("{name} {}", raw(value))).collect();
        format!("write one `{name}` for each: `{}`", each.join("; "))
    };
    let properties = list(spec.properties.iter().map(|field| field.name), "and");
    let many = spec.arguments.len() == 1 && one_for_each(name);
    match spec.arguments.last().map(|field| field.ty) {
        Some(Type::Text | Type::Path | Type::Name) if texts => {
            let before = &own[..spec.arguments.len() - 1];
            let words = own[spec.arguments.len() - 1..].iter().map(|value| match &value.scalar {
                Scalar::Text(text) => text.as_str(),
                _ => "..",
            });
            let words: Vec<&str> = words.collect();
            let plain =
                |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if matches!(spec.arguments.last(), Some(Field { ty: Type::Name, .. }))
                && !words.iter().all(plain)
            {
                return diagnostic.help("remove it; a name is one word");
            }
            let (whole, why) = match spec.arguments.last().map(|field| field.ty) {
                Some(Type::Name) => (words.join("-"), "a name is one word"),
                _ => (format!("\"{}\"", words.join(" ")), "text of several words needs quotes"),
            };
            let line = before.iter().map(|value| raw(value)).chain([whole]);
            let line = line.collect::<Vec<_>>().join(" ");
            let each = if many { format!("; or {}", each()) } else { String::new() };
            diagnostic.help(format!("{why}: write `{name} {line}`{each}"))
        }
        Some(_) if many => diagnostic.help(each()),
        _ if properties.is_empty() => {
            diagnostic.help("remove it, or begin a new node on the next line")
        }
        _ => diagnostic.help(format!("its properties are {properties}, written as `key=value`")),
    }
}

/// A block where none belongs, and the properties that stand in it.
pub(crate) fn unexpected_block(
    node: &Node,
    spec: &'static NodeSpec,
    word: Option<&str>,
    sources: &Sources,
) -> (Diagnostic, Vec<&'static str>) {
    let at = node.children.first().map_or(node.head, |child| child.name.origin);
    let name = node_name(spec, word);
    let diagnostic = Diagnostic::error(Code::UnexpectedBlock, format!("a block in {name}"))
        .text(format!("{name} has no children"))
        .at(at, "does not belong here");
    let property = |child: &Node| {
        let field = spec.all_properties(word).find(|field| field.name == child.name.value)?;
        let value = sources.excerpt(child.arguments.first()?.origin)?;
        Some((field.name, format!("{}={value}", field.name)))
    };
    let found: Option<Vec<(&str, String)>> = node.children.iter().map(property).collect();
    match found {
        Some(found) if !found.is_empty() => {
            let pairs: Vec<&str> = found.iter().map(|(_, pair)| pair.as_str()).collect();
            let help = format!("write `{} {}`", spec.name, pairs.join(" "));
            (diagnostic.help(help), found.iter().map(|(name, _)| *name).collect())
        }
        _ => {
            let help = "write its settings as properties on its line, or close the block before";
            (diagnostic.help(help), Vec::new())
        }
    }
}

pub(crate) fn missing_node(
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

/// A property that a node does not have, and the property or child that was meant, if that is
/// plain.
pub(crate) fn unknown_key(
    spec: &'static NodeSpec,
    word: Option<&str>,
    key: &str,
    at: Origin,
    written: Option<&str>,
    path: &Path,
) -> (Diagnostic, Option<&'static str>) {
    let name = node_name(spec, word);
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}`"))
        .at(at, format!("not a property of {name}"));
    if let Some(stem) = key.strip_suffix(['<', '>', '!']) {
        let diagnostic = Diagnostic {
            code: Code::Comparison,
            title: "a comparison sign in a key".to_owned(),
            ..diagnostic.text(format!("`{key}` is read as a name; there are no comparisons"))
        };
        let help =
            format!("write the limit as a property, `{stem}=..`, or as `by=..` of a `claim`");
        return (diagnostic.help(help), None);
    }
    if let Some(child) = spec.all_children(word).find(|child| child.spec.name == key) {
        let value = written.unwrap_or("..");
        let help = format!("`{key}` is a node in the block of {name}: write `{{ {key} {value} }}`");
        return (diagnostic.help(help), Some(child.spec.name));
    }
    if let Some((i, field)) = spec.arguments.iter().enumerate().find(|(_, f)| f.name == key) {
        let place = match i {
            0 => format!("directly after `{}`", spec.name),
            _ => "after the others".to_owned(),
        };
        let help = format!(
            "it has no key: write `{}{} {}`",
            spec.name,
            " ..".repeat(i),
            written.unwrap_or("..")
        );
        let text = format!("the {} stands {place}", field.name);
        return (diagnostic.text(text).help(help), Some(field.name));
    }
    let properties: Vec<&'static str> = spec.all_properties(word).map(|f| f.name).collect();
    if properties.is_empty() {
        let diagnostic = diagnostic.text(format!("{name} has no properties"));
        let help = belongs(key, spec, path).or_else(|| elsewhere(key, spec, path));
        return (diagnostic.maybe_help(help), None);
    }
    let close = near(key, properties.iter().copied());
    let belongs = belongs(key, spec, path);
    // In other letters, or what it is called elsewhere.
    let exact = close.is_some_and(|close| {
        plain(close) == plain(key) || synonyms::here(key).any(|here| here == close)
    });
    let (help, meant) = match (close, belongs) {
        (Some(close), _) if exact => (Some(did_you_mean(key, close)), Some(close)),
        (_, Some(belongs)) => (Some(belongs), None),
        (Some(close), None) => (Some(did_you_mean(key, close)), Some(close)),
        (None, None) => {
            let only = nearest(key, properties.iter().copied());
            let only = only.map(|only| did_you_mean(key, only));
            (elsewhere(key, spec, path).or(only), None)
        }
    };
    (diagnostic.text(format!("{name} has {}", list(properties, "and"))).maybe_help(help), meant)
}

/// A node that does not belong in another, and the one that was meant, if that is plain.
pub(crate) fn unknown_node(
    spec: &'static NodeSpec,
    word: Option<&str>,
    child: &Node,
    path: &Path,
    sources: &Sources,
) -> (Diagnostic, Option<&'static str>) {
    let key = child.name.value.as_str();
    let name = node_name(spec, word);
    let diagnostic = Diagnostic::error(Code::UnknownNode, format!("unknown node `{key}`"))
        .at(child.name.origin, format!("does not belong in {name}"));
    if let Some(field) = spec.all_properties(word).find(|field| field.name == key) {
        let value = child.arguments.first().and_then(|value| sources.excerpt(value.origin));
        let diagnostic = diagnostic
            .text(format!("`{key}` is a property of {name}"))
            .help(format!("write `{key}={}` on the line of {name}", value.unwrap_or("..")));
        return (diagnostic, Some(field.name));
    }
    // As in `recipe.epochs 30`.
    if let Some((outer, inner)) = key.split_once('.')
        && OVERRIDE.variant(Some(outer)).is_some()
        && overridden(inner) == Some(outer)
    {
        let rest = Origin { start: child.name.origin.end, ..child.head };
        let rest = sources.excerpt(rest).unwrap_or_default();
        let help = format!("write `override {outer} {{ {inner}{rest} }}`");
        return (diagnostic.text("names have no paths").help(help), None);
    }
    let children: Vec<&'static str> = spec.all_children(word).map(|c| c.spec.name).collect();
    // As in `optimizer adamw lr=1e-4`: what follows is the node.
    let first = child.label().and_then(|label| Some((near(label.value, children.clone())?, label)));
    let close = near(key, children.iter().copied());
    let (help, meant) = match (close, first) {
        (Some(close), _) if children.len() > 1 => (Some(did_you_mean(key, close)), Some(close)),
        (_, Some((meant, label))) => {
            let rest = Origin { start: label.origin.end, ..child.head };
            let rest = sources.excerpt(rest).unwrap_or_default();
            (Some(format!("`{meant}` is a node of its own: write `{meant}{rest}`")), Some(meant))
        }
        (close, None) => match belongs(key, spec, path).or_else(|| elsewhere(key, spec, path)) {
            Some(belongs) => (Some(belongs), None),
            None => {
                let only = nearest(key, children.iter().copied());
                (only.map(|only| did_you_mean(key, only)), close)
            }
        },
    };
    (diagnostic.text(format!("{name} has {}", list(children, "and"))).maybe_help(help), meant)
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
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

/// What a key of another tool is here, or what there is to say about it.
fn elsewhere(key: &str, spec: &'static NodeSpec, path: &Path) -> Option<String> {
    synonyms::here(key)
        .find_map(|here| belongs(here, spec, path))
        .or_else(|| synonyms::advice(key).map(str::to_owned))
}

/// Looks for a property or child of that name in a node, then in its children.
pub(crate) fn find(key: &str, spec: &'static NodeSpec, depth: usize) -> Option<String> {
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

//! Nodes against the schema: everything that can be said about a node by itself, and
//! whether the names it refers to are declared.

pub(super) mod messages;

use std::collections::{BTreeMap, BTreeSet};

use messages::{
    duplicate_name, lower_first, missing_node, node_name, unexpected_argument, unexpected_block,
    unknown_key, unknown_node,
};

use super::diagnostic::{Code, Diagnostic, Sink};
use super::schema::{Field, IMPORT, Kind, NodeSpec, OR_BLOCK, Times, Type};
use super::span::Origin;
use super::suggest::{list, nearest};
use super::tree::Node;
use super::value::{self, Datum};

/// The names that are declared, and which of them are referred to.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Where each name is declared.
    pub declared: BTreeMap<(Kind, String), Origin>,
    /// Whether some declarations could not be read, so that a missing name proves
    /// nothing.
    pub incomplete: bool,
    /// Names that something refers to.
    pub used: BTreeSet<(Kind, String)>,
}

/// Checks nodes of a schema.
pub(super) struct Checker<'a> {
    pub names: &'a mut Names,
    /// References are checked too: not so in a fragment.
    pub resolve: bool,
    pub sink: &'a mut Sink,
}

/// Where a node is: the specs around it, outermost first.
type Path = Vec<&'static NodeSpec>;

impl Checker<'_> {
    /// Checks a declaration and everything in it.
    pub fn declaration(&mut self, node: &Node, spec: &'static NodeSpec) {
        self.node(node, spec, false, &mut Vec::new());
    }

    fn node(&mut self, node: &Node, spec: &'static NodeSpec, partial: bool, path: &mut Path) {
        if let Some(unit) = node.unit {
            let title = format!("a unit in front of `{}`", spec.name);
            self.sink.report(
                Diagnostic::error(Code::WrongUnit, title)
                    .text("units belong to values")
                    .at(unit, "not allowed here")
                    .help("put it directly in front of the value, or remove it"),
            );
        }
        let word = node.label().map(|label| label.value);
        self.arguments(node, spec, partial);
        // What an override holds need not be whole.
        let partial = partial || spec.name == "override";
        // Of a node whose kind is unknown nothing more can be said.
        if spec.variants.is_empty() || spec.arguments[0].ty.has_word(word) {
            self.properties(node, spec, word, partial, path);
            self.groups(node, spec, word, partial);
            self.children(node, spec, word, partial, path);
        }
    }

    fn value(&mut self, value: &super::tree::Value, field: &Field) {
        match value::read(value, field) {
            Err(diagnostic) => self.sink.report(diagnostic),
            Ok(Datum::Text(name)) => {
                if let Type::Ref(kind) = field.ty {
                    self.reference(kind, name, value.origin);
                }
            }
            Ok(_) => {}
        }
    }

    fn reference(&mut self, kind: Kind, name: String, at: Origin) {
        let key = (kind, name);
        let known = self.names.declared.contains_key(&key);
        if !known && self.resolve && !self.names.incomplete && !self.sink.crowded(at) {
            let (_, name) = &key;
            let others = self.names.declared.keys().filter(|(other, _)| *other == kind);
            let other = Kind::ALL
                .into_iter()
                .find(|other| self.names.declared.contains_key(&(*other, name.clone())));
            let help = match (other, nearest(name, others.map(|(_, name)| name.as_str()))) {
                (Some(other), _) => {
                    format!(
                        "`{name}` is {}; here belongs {}",
                        other.with_article(),
                        kind.with_article()
                    )
                }
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => {
                    format!(
                        "declare it with `{} {name} ..`, or import the file that does",
                        kind.spec().name
                    )
                }
            };
            self.sink.report(
                Diagnostic::error(
                    Code::UnknownName,
                    format!("there is no {} `{name}`", kind.spec().name),
                )
                .at(at, "not declared")
                .help(help),
            );
        }
        self.names.used.insert(key);
    }

    fn arguments(&mut self, node: &Node, spec: &'static NodeSpec, partial: bool) {
        for (i, argument) in node.arguments.iter().enumerate() {
            let last = spec.arguments.last().filter(|_| spec.repeats);
            match spec.arguments.get(i).or(last) {
                Some(field)
                    if !field.unless.is_empty() && node.property(field.unless).is_some() =>
                {
                    self.value(argument, &Field { ty: Type::Name, ..*field });
                }
                // The only argument of a node goes by the name of the node.
                Some(field) if spec.arguments.len() == 1 && field.ty != Type::Name => {
                    self.value(argument, &Field { name: spec.name, ..*field });
                }
                Some(field) => self.value(argument, field),
                None => self.sink.report(unexpected_argument(node, spec, argument.origin)),
            }
        }
        let optional = partial && (!node.properties.is_empty() || node.block);
        for field in spec.arguments.iter().skip(node.arguments.len()) {
            if field.required && !optional {
                self.sink.report(
                    Diagnostic::error(
                        Code::MissingArgument,
                        format!("`{}` without its {}", spec.name, field.name),
                    )
                    .text(format!("`{}` takes {}", spec.name, value::wanted(field.ty)))
                    .at(node.name.origin, format!("the {} belongs after this", field.name)),
                );
            }
        }
    }

    fn properties(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        partial: bool,
        path: &Path,
    ) {
        let mut seen: BTreeMap<&str, Origin> = BTreeMap::new();
        for (key, value) in &node.properties {
            if let Some(first) = seen.insert(&key.value, key.origin) {
                self.sink.report(
                    Diagnostic::error(Code::DuplicateKey, format!("`{}` twice", key.value))
                        .text("KDL would silently take the last one")
                        .at(key.origin, "again here")
                        .and(first, "first here")
                        .help("remove one of them"),
                );
            }
            match spec.all_properties(word).find(|field| field.name == key.value) {
                Some(field) => self.value(value, field),
                None if self.sink.crowded(key.origin) => {}
                None => self.sink.report(unknown_key(spec, word, &key.value, key.origin, path)),
            }
        }
        for field in spec.all_properties(word) {
            if field.required && !partial && !seen.contains_key(field.name) {
                let name = node_name(spec, word);
                self.sink.report(
                    Diagnostic::error(Code::MissingKey, format!("{name} without `{}`", field.name))
                        .text(format!("`{}` is {}", field.name, value::wanted(field.ty)))
                        .at(node.name.origin, format!("needs `{}=..`", field.name))
                        .help(lower_first(field.doc)),
                );
            }
        }
    }

    /// Exactly one of each group is given.
    fn groups(&mut self, node: &Node, spec: &'static NodeSpec, word: Option<&str>, partial: bool) {
        let fields = spec.arguments.iter().chain(spec.all_properties(word));
        let grouped: Vec<(&str, &str, Option<Origin>)> = fields
            .filter(|field| !field.group.is_empty())
            .map(|field| (field.group, field.name, given(node, spec, field)))
            .chain(spec.all_children(word).filter(|child| !child.group.is_empty()).map(|child| {
                let name = child.spec.name;
                (child.group, name, node.child(name).map(|child| child.name.origin))
            }))
            .collect();
        let groups: BTreeSet<&str> = grouped.iter().map(|(group, ..)| *group).collect();
        for group in groups {
            let members: Vec<_> = grouped.iter().filter(|(other, ..)| *other == group).collect();
            let mut present: Vec<(&str, Origin)> =
                members.iter().filter_map(|(_, name, at)| Some((*name, (*at)?))).collect();
            present.sort_by_key(|(_, at)| at.start);
            if group == OR_BLOCK && node.block {
                let first = node.children.first().map_or(node.head, |child| child.name.origin);
                present.push(("the block", first));
            }
            let mut names: Vec<&str> = members.iter().map(|(_, name, _)| *name).collect();
            if group == OR_BLOCK {
                names.push("block");
            }
            if let [(_, first), (_, second), ..] = present[..] {
                self.sink.report(
                    Diagnostic::error(Code::Conflict, format!("two of {}", list(names, "and")))
                        .text(format!("they exclude each other in `{}`", spec.name))
                        .at(second, "this one excludes the other")
                        .and(first, "given here already")
                        .help("remove one of them"),
                );
            } else if present.is_empty() && !partial {
                self.sink.report(
                    Diagnostic::error(
                        Code::MissingKey,
                        format!("`{}` with none of {}", spec.name, list(names, "and")),
                    )
                    .text("exactly one of them belongs here")
                    .at(node.name.origin, "says nothing yet"),
                );
            }
        }
    }

    fn children(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        partial: bool,
        path: &mut Path,
    ) {
        let any_child = spec.all_children(word).next().is_some();
        if node.block && !any_child {
            self.sink.report(unexpected_block(node, spec, word));
            return;
        }
        let mut seen: BTreeMap<&str, Origin> = BTreeMap::new();
        let mut labels: BTreeMap<(&str, &str), Origin> = BTreeMap::new();
        path.push(spec);
        for child in &node.children {
            let name = child.name.value.as_str();
            let found = spec.all_children(word).find(|known| known.spec.name == name);
            let Some(known) = found else {
                if !self.sink.crowded(child.name.origin) {
                    self.sink.report(unknown_node(spec, word, child, path));
                }
                continue;
            };
            let first = *seen.entry(name).or_insert(child.name.origin);
            let once = matches!(known.times, Times::Once | Times::AtMostOnce);
            if once && first != child.name.origin {
                self.sink.report(
                    Diagnostic::error(Code::DuplicateNode, format!("`{name}` twice"))
                        .text(format!("`{}` has one `{name}`", spec.name))
                        .at(child.name.origin, "again here")
                        .and(first, "first here")
                        .help("remove one of them, or switch it off with `/-`"),
                );
            }
            if known.spec.keyed
                && let Some(label) = child.label()
            {
                let first = *labels.entry((name, label.value)).or_insert(label.origin);
                if first != label.origin {
                    let title = format!("`{name} {}` twice", label.value);
                    self.sink.report(duplicate_name(title, label.origin, first));
                }
            }
            self.node(child, known.spec, partial, path);
        }
        path.pop();
        for child in spec.all_children(word) {
            let needed = matches!(child.times, Times::Once | Times::AtLeastOnce);
            if needed && !partial && !seen.contains_key(child.spec.name) {
                self.sink.report(missing_node(node, spec, word, child));
            }
        }
    }
}

/// Checks a node by itself, wherever in a file it may belong.
pub(super) fn fragment(node: &Node, sink: &mut Sink) {
    let mut specs = Vec::new();
    collect(&node.name.value, &mut specs);
    // Several nodes may share a name; the one that fits best is meant.
    let attempts = specs.into_iter().map(|spec| {
        let mut names = Names::default();
        let mut attempt = Sink::default();
        let mut checker = Checker { names: &mut names, resolve: false, sink: &mut attempt };
        checker.declaration(node, spec);
        attempt.finish().0
    });
    match attempts.min_by_key(Vec::len) {
        Some(found) => found.into_iter().for_each(|diagnostic| sink.report(diagnostic)),
        None => sink.report(
            Diagnostic::error(Code::UnknownNode, format!("unknown node `{}`", node.name.value))
                .at(node.name.origin, "not a node of the language"),
        ),
    }
}

/// Every spec of a name.
fn collect(name: &str, found: &mut Vec<&'static NodeSpec>) {
    fn walk(name: &str, spec: &'static NodeSpec, found: &mut Vec<&'static NodeSpec>) {
        if spec.name == name && !found.iter().any(|other| std::ptr::eq(*other, spec)) {
            found.push(spec);
        }
        let children = spec.children.iter().chain(spec.variants.iter().flat_map(|v| v.children));
        children.for_each(|child| walk(name, child.spec, found));
    }
    walk(name, &IMPORT, found);
    Kind::ALL.into_iter().for_each(|kind| walk(name, kind.spec(), found));
}

impl Type {
    /// Whether a word is one of those that the type lists.
    fn has_word(self, word: Option<&str>) -> bool {
        match self {
            Self::Word(words) => word.is_none_or(|word| words.iter().any(|(w, _)| *w == word)),
            _ => true,
        }
    }
}

/// Where a field is given.
fn given(node: &Node, spec: &NodeSpec, field: &Field) -> Option<Origin> {
    if let Some(i) = spec.arguments.iter().position(|argument| argument.name == field.name) {
        return node.arguments.get(i).map(|argument| argument.origin);
    }
    node.properties.iter().find(|(key, _)| key.value == field.name).map(|(key, _)| key.origin)
}

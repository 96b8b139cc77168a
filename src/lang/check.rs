//! Nodes against the schema: everything that can be said about a node by itself, and
//! whether the names it refers to are declared.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{Code, Diagnostic, Sink};
use super::schema::{Child, Field, IMPORT, Kind, NodeSpec, OR_BLOCK, Times, Type};
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

/// A node as messages name it: with its first argument where that decides its kind.
fn node_name(spec: &NodeSpec, word: Option<&str>) -> String {
    match (spec.variant(word), word) {
        (Some(_), Some(word)) => format!("`{} {word}`", spec.name),
        _ => format!("`{}`", spec.name),
    }
}

fn lower_first(doc: &str) -> String {
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
pub(super) fn duplicate_name(title: String, again: Origin, first: Origin) -> Diagnostic {
    Diagnostic::error(Code::DuplicateName, title)
        .text("a name stands for one thing")
        .at(again, "again here")
        .and(first, "first here")
        .help("rename or remove one of them")
}

fn unexpected_argument(node: &Node, spec: &NodeSpec, at: Origin) -> Diagnostic {
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

fn unexpected_block(node: &Node, spec: &NodeSpec, word: Option<&str>) -> Diagnostic {
    let at = node.children.first().map_or(node.head, |child| child.name.origin);
    Diagnostic::error(Code::UnexpectedBlock, format!("a block in {}", node_name(spec, word)))
        .text(format!("{} has no children", node_name(spec, word)))
        .at(at, "does not belong here")
        .help("write its settings as properties on its line, or close the block before")
}

fn missing_node(node: &Node, spec: &NodeSpec, word: Option<&str>, child: &Child) -> Diagnostic {
    let name = node_name(spec, word);
    Diagnostic::error(Code::MissingNode, format!("{name} without `{}`", child.spec.name))
        .at(node.name.origin, format!("needs a `{}` in its block", child.spec.name))
        .help(lower_first(child.spec.doc))
}

fn unknown_key(
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

fn unknown_node(
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
pub(super) fn find(key: &str, spec: &'static NodeSpec, depth: usize) -> Option<String> {
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

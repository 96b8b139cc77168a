//! A node and everything in it against the schema.

use std::collections::{BTreeMap, BTreeSet};

use super::checker::{Checker, Names, Path, all_children};
use super::messages::{
    lower_first, missing_node, node_name, unexpected_arguments, unexpected_block, unknown_key,
    unknown_node,
};
use super::stray::Stray;
use super::values::property_with;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::nodes::OVERRIDE;
use crate::schema::{Field, NodeSpec, OR_BLOCK, Times, Type};
use crate::search::specs;
use crate::source::Sources;
use crate::span::Origin;
use crate::suggest::list;
use crate::tree::{Node, Scalar};
use crate::value;

impl Checker<'_> {
    /// Checks a declaration and everything in it.
    pub fn declaration(&mut self, node: &Node, spec: &'static NodeSpec) {
        self.node(node, spec, false, &mut Vec::new());
    }

    /// Checks a node. Gives the nodes around it that should have begun on lines of their own.
    fn node(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        partial: bool,
        path: &mut Path,
    ) -> BTreeSet<&'static str> {
        if let Some(unit) = node.unit {
            let title = format!("a unit in front of `{}`", spec.name);
            self.sink.report(
                Diagnostic::error(Code::WrongUnit, title)
                    .text("units belong to values")
                    .at(unit, "not allowed here")
                    .help("put it directly in front of the value, or remove it"),
            );
        }
        if self.in_place_of_a_name(node, spec, path) || self.overrides_in_a_block(node, spec) {
            return BTreeSet::new();
        }
        let word = node.label().map(|label| label.value);
        let mut stray = self.stray(node, spec, word, path);
        self.arguments(node, spec, word, partial, &stray);
        // What an override holds need not be whole.
        let partial = partial || spec.name == OVERRIDE.name;
        // Of a node whose kind is unknown nothing more can be said.
        if spec.variants.is_empty() || spec.arguments[0].ty.has_word(word) {
            self.properties(node, spec, word, partial, path, &mut stray);
            let meant = self.children(node, spec, word, partial, path, &stray);
            self.groups(node, spec, word, partial, &stray, &meant);
        }
        stray.siblings
    }

    fn arguments(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        partial: bool,
        stray: &Stray,
    ) {
        let own = stray.arguments(node);
        if self.label_first(node, spec, &own) {
            return;
        }
        for (i, argument) in own.iter().enumerate() {
            let last = spec.arguments.last().filter(|_| spec.repeats);
            match spec.arguments.get(i).or(last) {
                Some(field) if i == 0 && self.several_words(spec, field, &own) => return,
                Some(field)
                    if !field.unless.is_empty() && node.property(field.unless).is_some() =>
                {
                    self.value(argument, &Field { ty: Type::Name, ..*field }, spec, word);
                }
                // The only argument of a node goes by the name of the node.
                Some(field) if spec.arguments.len() == 1 && field.ty != Type::Name => {
                    let field = Field { name: spec.name, ..*field };
                    self.value(argument, &field, spec, word);
                    // Of what follows a word that is none, nothing can be said.
                    if matches!(field.ty, Type::Word(_)) && value::read(argument, &field).is_err() {
                        return;
                    }
                }
                Some(field) => self.value(argument, field, spec, word),
                None => {
                    self.sink.report(unexpected_arguments(spec, &own, i, self.sources));
                    break;
                }
            }
        }
        let optional = partial && (!node.properties.is_empty() || node.block);
        for field in spec.arguments.iter().skip(own.len()) {
            // It may have been written as a property.
            let keyed = node.properties.iter().any(|(key, _)| key.value == field.name);
            if field.required && !optional && !keyed {
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
        stray: &mut Stray,
    ) {
        let mut seen: BTreeMap<&str, Origin> = BTreeMap::new();
        for (key, value) in &node.properties {
            if !stray.owns(key.origin) {
                continue;
            }
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
                Some(field) => self.value(value, field, spec, word),
                None if self.sink.crowded(key.origin) => {}
                None => {
                    let written = self.sources.excerpt(value.origin);
                    let (mut diagnostic, mut meant) =
                        unknown_key(spec, word, &key.value, key.origin, written, path);
                    // As in `val.loss=lowest`.
                    if let Scalar::Text(text) = &value.scalar
                        && let Some(other) = property_with(spec, word, &key.value)
                        && other == text
                    {
                        diagnostic.help = Some(format!("write `{other}={}`", key.value));
                        meant = Some(other);
                    } else if let Scalar::Text(text) = &value.scalar
                        && let Some(other) = property_with(spec, word, text)
                    {
                        diagnostic.help = Some(format!("write `{other}={text}`"));
                        meant = Some(other);
                    }
                    self.sink.report(diagnostic);
                    stray.meant.extend(meant);
                }
            }
        }
        let there =
            |field: &Field| seen.contains_key(field.name) || stray.meant.contains(field.name);
        let missing: Vec<&Field> = spec
            .all_properties(word)
            .filter(|field| field.required && !partial && !there(field))
            .collect();
        let Some(first) = missing.first() else { return };
        let keys: Vec<String> = missing.iter().map(|field| format!("{}=..", field.name)).collect();
        let title = list(missing.iter().map(|field| field.name), "and");
        let diagnostic = Diagnostic::error(
            Code::MissingKey,
            format!("{} without {title}", node_name(spec, word)),
        )
        .at(node.name.origin, format!("needs `{}`", keys.join(" ")));
        self.sink.report(match missing.len() {
            1 => diagnostic
                .text(format!("`{}` is {}", first.name, value::wanted(first.ty)))
                .help(lower_first(first.doc)),
            _ => {
                let each = missing.iter().map(|f| format!("`{}`: {}", f.name, lower_first(f.doc)));
                diagnostic.help(each.collect::<Vec<_>>().join("; "))
            }
        });
    }

    /// Exactly one of each group is given.
    fn groups(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        partial: bool,
        stray: &Stray,
        meant: &BTreeSet<&'static str>,
    ) {
        let fields = spec.arguments.iter().chain(spec.all_properties(word));
        let grouped: Vec<(&str, &str, Option<Origin>)> = fields
            .filter(|field| !field.group.is_empty())
            .map(|field| (field.group, field.name, given(node, spec, field, stray)))
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
            let misspelt =
                names.iter().any(|name| stray.meant.contains(name) || meant.contains(name));
            if group == OR_BLOCK {
                names.push("block");
            }
            // What belongs in the block was written on the line.
            let inside = group == OR_BLOCK
                && all_children(spec).any(|child| stray.meant.contains(child.spec.name));
            if let [(_, first), (_, second), ..] = present[..] {
                self.sink.report(
                    Diagnostic::error(Code::Conflict, format!("two of {}", list(names, "and")))
                        .text(format!("they exclude each other in `{}`", spec.name))
                        .at(second, "this one excludes the other")
                        .and(first, "given here already")
                        .help("remove one of them"),
                );
            } else if present.is_empty() && !partial && !misspelt && !inside {
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

    /// The nodes in the block. Gives those that are there, written otherwise.
    fn children(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        partial: bool,
        path: &mut Path,
        stray: &Stray,
    ) -> BTreeSet<&'static str> {
        let mut meant = stray.meant.clone();
        let any_child = spec.all_children(word).next().is_some();
        if node.block && !any_child {
            let (diagnostic, found) = unexpected_block(node, spec, word, self.sources);
            self.sink.report(diagnostic);
            meant.extend(found);
            return meant;
        }
        let mut seen: BTreeMap<&str, Origin> = BTreeMap::new();
        let mut labels: BTreeMap<(&str, &str), Origin> = BTreeMap::new();
        path.push(spec);
        for child in &node.children {
            let name = child.name.value.as_str();
            let found = spec.all_children(word).find(|known| known.spec.name == name);
            let Some(known) = found else {
                if !self.sink.crowded(child.name.origin) {
                    let (diagnostic, near) = self
                        .named_in_place(spec, word, child)
                        .unwrap_or_else(|| unknown_node(spec, word, child, path, self.sources));
                    self.sink.report(diagnostic);
                    meant.extend(near);
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
                    self.sink.report(Diagnostic::duplicate_name(title, label.origin, first));
                }
            }
            meant.extend(self.node(child, known.spec, partial, path));
        }
        path.pop();
        for child in spec.all_children(word) {
            let needed = matches!(child.times, Times::Once | Times::AtLeastOnce);
            let there = seen.contains_key(child.spec.name) || meant.contains(child.spec.name);
            if needed && !partial && !there {
                self.sink.report(missing_node(node, spec, word, child));
            }
        }
        meant
    }
}

/// Checks a node by itself, wherever in a file it may belong.
pub(crate) fn fragment(node: &Node, sources: &Sources, sink: &mut Sink) {
    // Several nodes may share a name; the one that fits best is meant.
    let attempts = specs(&node.name.value).into_iter().map(|spec| {
        let mut names = Names::default();
        let mut attempt = Sink::default();
        let mut checker =
            Checker { names: &mut names, elsewhere: None, sources, sink: &mut attempt };
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
fn given(node: &Node, spec: &NodeSpec, field: &Field, stray: &Stray) -> Option<Origin> {
    if let Some(i) = spec.arguments.iter().position(|argument| argument.name == field.name) {
        return stray.arguments(node).get(i).map(|argument| argument.origin);
    }
    let mut own = node.properties.iter().filter(|(key, _)| stray.owns(key.origin));
    own.find(|(key, _)| key.value == field.name).map(|(key, _)| key.origin)
}

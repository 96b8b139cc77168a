//! Entries that stand where they do not belong, and what they would be in their place: told once,
//! with the line as it should be, and left out of everything else that is said of the node.

use std::collections::BTreeSet;

use super::checker::{Checker, Path, all_children};
use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::EXPERIMENT;
use crate::nodes::OVERRIDE;
use crate::schema::{Field, NodeSpec, Type};
use crate::search::overridden;
use crate::span::Origin;
use crate::suggest::list;
use crate::tree::{Node, Scalar, Value};
use crate::value;

/// What of a node is not its own, or not where it should be.
#[derive(Debug, Default)]
pub(super) struct Stray {
    /// Where the node ends although its line goes on.
    end: Option<u32>,
    /// Arguments that are something else.
    arguments: BTreeSet<usize>,
    /// Properties and children that are there, written otherwise.
    pub meant: BTreeSet<&'static str>,
    /// Nodes that should have begun on a line of their own.
    pub siblings: BTreeSet<&'static str>,
}

impl Stray {
    /// Whether an entry belongs to the node.
    pub fn owns(&self, at: Origin) -> bool {
        self.end.is_none_or(|end| at.start < end)
    }

    /// The arguments that are arguments.
    pub fn arguments<'n>(&self, node: &'n Node) -> Vec<&'n Value> {
        let all = node.arguments.iter().enumerate();
        let own = all.filter(|(i, value)| !self.arguments.contains(i) && self.owns(value.origin));
        own.map(|(_, value)| value).collect()
    }
}

impl Checker<'_> {
    /// Finds what stands where it does not belong, and reports it.
    pub(super) fn stray(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        path: &Path,
    ) -> Stray {
        let mut stray = Stray::default();
        let around = path.last().copied();
        let sibling = |name: &str| {
            let mut known = all_children(around?).filter(|known| known.spec.name == name);
            known.next().map(|known| known.spec.name)
        };
        let strange = node.properties.iter().map(|(key, _)| key).find(|key| {
            let known = spec.all_properties(word).any(|field| field.name == key.value);
            let child = spec.all_children(word).any(|child| child.spec.name == key.value);
            !known && !child && sibling(&key.value).is_some()
        });
        stray.end = strange.map(|key| key.origin.start);
        self.keys_as_words(node, spec, word, &sibling, &mut stray);
        if let Some(key) = strange.filter(|key| stray.end == Some(key.origin.start)) {
            self.sink.report(on_one_line(node, &key.value, key.origin, Code::UnknownKey));
        }
        self.values_without_keys(node, spec, word, &mut stray);
        if stray.end.is_some() {
            let texts = node.arguments.iter().filter_map(|value| match &value.scalar {
                Scalar::Text(text) => Some((text.as_str(), value.origin)),
                _ => None,
            });
            let keys = node.properties.iter().map(|(key, _)| (key.value.as_str(), key.origin));
            let beyond: Vec<&'static str> = texts
                .chain(keys)
                .filter(|(_, at)| !stray.owns(*at))
                .filter_map(|(name, _)| sibling(name))
                .collect();
            stray.siblings.extend(beyond);
        }
        stray
    }

    /// Settings in an experiment where the name of their declaration belongs.
    pub(super) fn in_place_of_a_name(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        path: &Path,
    ) -> bool {
        let in_experiment = path.last().is_some_and(|around| std::ptr::eq(*around, &EXPERIMENT));
        let (true, true, [first, ..]) =
            (in_experiment, spec.children.is_empty(), &node.children[..])
        else {
            return false;
        };
        let name = spec.name;
        if OVERRIDE.variant(Some(name)).is_none() {
            return false;
        }
        let head = self.sources.excerpt(first.head).unwrap_or("..");
        let more = if node.children.len() > 1 { "; .." } else { "" };
        let label = node.label();
        if let (Some(label), Some(Field { ty: Type::Ref(kind), .. })) =
            (label, spec.arguments.first())
        {
            self.reference(*kind, label.value.to_owned(), label.origin);
        }
        let named = label.map_or(String::new(), |label| format!("{name} {}; ", label.value));
        let declare = match label {
            Some(_) => String::new(),
            None => format!(
                " for what it inherits, or declare `{name} NAME {{ .. }}` at the top of the file \
                 and write `{name} NAME`"
            ),
        };
        self.sink.report(
            Diagnostic::error(Code::UnexpectedBlock, format!("settings of a `{name}` in place"))
                .text(format!("in an experiment `{name}` has the name of a declared one"))
                .at(first.head, "belongs elsewhere")
                .help(format!("write `{named}override {name} {{ {head}{more} }}`{declare}")),
        );
        true
    }

    /// `override { recipe { .. } }`: what is patched belongs on the line.
    pub(super) fn overrides_in_a_block(&mut self, node: &Node, spec: &'static NodeSpec) -> bool {
        let ([], [first, ..]) = (&node.arguments[..], &node.children[..]) else { return false };
        let name = &first.name.value;
        if spec.name != OVERRIDE.name {
            return false;
        }
        let (what, inside) = match (spec.variant(Some(name)), overridden(name)) {
            (Some(variant), _) => (variant.word, ".."),
            (None, Some(what)) => (what, self.sources.excerpt(first.head).unwrap_or("..")),
            (None, None) => return false,
        };
        self.sink.report(
            Diagnostic::error(Code::MissingArgument, "`override` without its what")
                .text("what is patched stands on its line, what is changed in its block")
                .at(node.name.origin, "patches what?")
                .and(first.name.origin, "is in the block")
                .help(format!("write `override {what} {{ {inside} }}`")),
        );
        true
    }

    /// Whether a value is written without quotes.
    fn bare(&self, value: &Value) -> bool {
        self.sources.excerpt(value.origin).is_none_or(|raw| !raw.starts_with(['"', '#']))
    }

    /// Values that lack their keys: told with the keys that they may be of.
    fn values_without_keys(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        stray: &mut Stray,
    ) {
        let own = stray.arguments(node);
        let Some(extra) = own.get(spec.arguments.len()..).filter(|extra| !extra.is_empty()) else {
            return;
        };
        if spec.repeats {
            return;
        }
        let given = |name: &str| node.property(name).is_some() || stray.meant.contains(name);
        let fits = |field: &Field, value: &Value| value::read(value, field).is_ok();
        let free = || spec.all_properties(word).filter(|field| !given(field.name));
        // A group of which an argument is one has what it needs.
        let settled = |group: &str| {
            let mut arguments = spec.arguments.iter().take(own.len());
            arguments.any(|argument| argument.group == group)
        };
        let needed: Vec<&Field> = free()
            .filter(|field| field.required || !field.group.is_empty() && !settled(field.group))
            .collect();
        let raw = |value: &Value| self.sources.excerpt(value.origin).unwrap_or("..").to_owned();
        let pair =
            |(field, value): (&&'static Field, &&Value)| format!("{}={}", field.name, raw(value));
        let needed_fit: Vec<&Field> =
            needed.iter().copied().filter(|field| fits(field, extra[0])).collect();
        let words: Vec<&Field> = free()
            .filter(|f| {
                matches!(f.ty, Type::Word(_) | Type::Selection(_) | Type::Tuning(_) | Type::Ratio)
            })
            .filter(|field| fits(field, extra[0]))
            .collect();
        let (fields, help): (Vec<&Field>, String) = match (extra.len(), &*needed_fit, &*words) {
            // In the order of the schema, one for each.
            (n, ..)
                if n > 1
                    && n == needed.len()
                    && needed.iter().zip(extra).all(|(f, v)| fits(f, v)) =>
            {
                let pairs: Vec<String> = needed.iter().zip(extra).map(pair).collect();
                (needed, format!("write `{}`", pairs.join(" ")))
            }
            (1, [], [word]) => (vec![word], format!("write `{}={}`", word.name, raw(extra[0]))),
            (1, [_, ..], _) => {
                let each = needed_fit.iter().map(|f| format!("`{}={}`", f.name, raw(extra[0])));
                let each: Vec<String> = each.collect();
                let help = format!("write {}", each.join(" or "));
                (needed_fit, help)
            }
            _ => return,
        };
        let at = Origin { end: extra[extra.len() - 1].origin.end, ..extra[0].origin };
        let first = spec.arguments.len();
        let diagnostic = Diagnostic::error(
            Code::UnexpectedArgument,
            format!("a value without its key in `{}`", spec.name),
        )
        .text("a value has its key in front of it, except for the first ones of some nodes")
        .at(at, "which key?")
        .help(help);
        stray.meant.extend(fields.iter().map(|field| field.name));
        let places = node.arguments.iter().enumerate();
        let extra: Vec<usize> = places
            .filter(|(_, value)| own[first..].iter().any(|extra| std::ptr::eq(*extra, *value)))
            .map(|(i, _)| i)
            .collect();
        stray.arguments.extend(extra);
        self.sink.report(diagnostic);
    }

    /// Arguments that are the names of properties, of children, or of other nodes.
    fn keys_as_words(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        word: Option<&str>,
        sibling: &dyn Fn(&str) -> Option<&'static str>,
        stray: &mut Stray,
    ) {
        let mut pairs: Vec<(usize, String)> = Vec::new();
        let (mut place, mut i) = (0, 0);
        while let Some(value) = node.arguments.get(i).filter(|value| stray.owns(value.origin)) {
            let field =
                spec.arguments.get(place).or(spec.arguments.last().filter(|_| spec.repeats));
            let text = match &value.scalar {
                Scalar::Text(text)
                    if !field.is_some_and(|field| takes(field, text)) && self.bare(value) =>
                {
                    text
                }
                _ => {
                    (place, i) = (place + 1, i + 1);
                    continue;
                }
            };
            let property = spec.all_properties(word).find(|field| field.name == text);
            if let Some(field) = property {
                let next = node.arguments.get(i + 1);
                let written = next.and_then(|next| self.sources.excerpt(next.origin));
                let unwritten = if field.ty == Type::Bool { "#true" } else { ".." };
                pairs.push((i, format!("{text}={}", written.unwrap_or(unwritten))));
                stray.meant.insert(field.name);
                stray.arguments.extend([i, i + 1]);
                i += 2;
            } else if sibling(text).is_some() {
                self.sink.report(on_one_line(node, text, value.origin, Code::UnexpectedArgument));
                stray.end = Some(value.origin.start);
                // As `+` in front of it.
                stray.arguments.extend(spec.arguments.len()..i);
                break;
            } else if let Some(child) = spec
                .all_children(word)
                .find(|child| child.spec.name == text && !is_one_word(node, spec))
            {
                let rest = Origin { end: node.head.end, ..value.origin };
                let rest = self.sources.excerpt(rest).unwrap_or(text).trim_end().to_owned();
                self.sink.report(
                    Diagnostic::error(
                        Code::UnexpectedArgument,
                        format!("`{text}` on the line of `{}`", spec.name),
                    )
                    .text(format!("`{text}` is a node in the block of `{}`", spec.name))
                    .at(value.origin, "belongs in the block")
                    .help(format!("write `{{ {rest} }}`")),
                );
                stray.meant.insert(child.spec.name);
                stray.end = Some(value.origin.start);
                break;
            } else {
                (place, i) = (place + 1, i + 1);
            }
        }
        if let (Some((first, _)), Some((last, _))) = (pairs.first(), pairs.last()) {
            let at =
                Origin { end: node.arguments[*last].origin.end, ..node.arguments[*first].origin };
            let keys =
                list(pairs.iter().map(|(_, pair)| pair.split('=').next().unwrap_or(pair)), "and");
            let (is, s) =
                if pairs.len() == 1 { ("is a property", "") } else { ("are properties", "s") };
            let pairs: Vec<&str> = pairs.iter().map(|(_, pair)| pair.as_str()).collect();
            self.sink.report(
                Diagnostic::error(Code::UnexpectedArgument, format!("{keys} without `=`"))
                    .text(format!("{keys} {is} of `{}`", spec.name))
                    .at(at, format!("key{s} without `=`"))
                    .help(format!("write `{}`", pairs.join(" "))),
            );
        }
    }
}

/// Whether a field may have this text as its value.
fn takes(field: &Field, text: &str) -> bool {
    match field.ty {
        Type::Word(words) | Type::Selection(words) | Type::Tuning(words) => {
            words.iter().any(|(word, _)| *word == text)
        }
        Type::Any
        | Type::Text
        | Type::Name
        | Type::Path
        | Type::Ref(_)
        | Type::Device
        | Type::Threshold
        | Type::Ratio => true,
        Type::Bool
        | Type::Whole(..)
        | Type::Number(_)
        | Type::Fraction
        | Type::Points
        | Type::Share
        | Type::Memory
        | Type::Time(..)
        | Type::Epochs => false,
    }
}

/// A node that goes on where another should begin.
fn on_one_line(node: &Node, next: &str, at: Origin, code: Code) -> Diagnostic {
    let name = &node.name.value;
    let equals = if code == Code::UnknownKey { ", and a space in place of `=`" } else { "" };
    Diagnostic::error(code, format!("`{next}` on the line of `{name}`"))
        .text("each node begins on a new line, or after `;`")
        .at(at, "a node of its own")
        .and(node.name.origin, "whose line goes on")
        .help(format!("put `;` before `{next}`{equals}"))
}

/// Whether the arguments are the parts of one word, as `flip crop` of `flip-crop`.
fn is_one_word(node: &Node, spec: &NodeSpec) -> bool {
    let Some(Type::Word(words)) = spec.arguments.first().map(|field| field.ty) else {
        return false;
    };
    let texts = node.arguments.iter().map_while(|value| match &value.scalar {
        Scalar::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let whole = texts.collect::<Vec<_>>().join("-");
    words.iter().any(|(word, _)| *word == whole)
}

//! Names that are referred to, and what is said of those that nothing declares.

use super::checker::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::MATRIX;
use crate::parts::PARTS;
use crate::schema::{Field, Kind, NodeSpec, Type};
use crate::span::Origin;
use crate::suggest::{did_you_mean, near_name};
use crate::tree::{Node, Scalar, Value};

impl Checker<'_> {
    fn declares(&self, kind: Kind, name: &str) -> bool {
        self.names.declared.contains_key(&(kind, name.to_owned()))
    }

    /// Notes that a name is used, and reports it if nothing declares it.
    pub(super) fn reference(&mut self, kind: Kind, name: String, at: Origin) {
        let unknown = !self.declares(kind, &name) && !self.names.incomplete;
        if self.elsewhere.is_some() && unknown && !self.sink.crowded(at) {
            let help = self.help_for(kind, &name, at);
            self.sink.report(
                Diagnostic::error(
                    Code::UnknownName,
                    format!("there is no {} `{name}`", kind.spec().name),
                )
                .at(at, "not declared")
                .help(help),
            );
        }
        // Whoever names a variant uses the experiment that makes it.
        if let Some((of, _)) = name.split_once('[') {
            self.names.used.insert((kind, of.to_owned()));
        }
        self.names.used.insert((kind, name));
    }

    fn help_for(&self, kind: Kind, name: &str, at: Origin) -> String {
        let declared = || self.names.declared.keys().filter(move |(other, _)| *other == kind);
        let other = Kind::ALL.into_iter().find(|other| self.declares(*other, name));
        if let Some(other) = other {
            let (is, belongs) = (other.with_article(), kind.with_article());
            return format!("`{name}` is {is}; here belongs {belongs}");
        }
        if name.contains([',', ' ']) {
            let rest = match kind {
                Kind::Experiment => "; what another one adds is said by `override`",
                Kind::Dataset
                | Kind::Ensemble
                | Kind::Backbone
                | Kind::Init
                | Kind::Recipe
                | Kind::Loss
                | Kind::Table => "",
            };
            return format!("one name belongs here{rest}");
        }
        let elsewhere = self
            .elsewhere
            .and_then(|files| files.declares(kind, name, self.sources.path(at.file)?));
        if let Some(file) = elsewhere {
            return format!("`{file}` declares it: write `import \"{file}\"`");
        }
        if kind.spec().children.iter().any(|child| child.spec.name == name) {
            let kind = kind.spec().name;
            return match kind {
                "loss" => format!("write `loss {{ {name} }}`"),
                _ => format!(
                    "`{name}` is a node of a `{kind}`: declare `{kind} NAME {{ {name} .. }}` and \
                     write `{kind} NAME`"
                ),
            };
        }
        let others = declared().map(|key| (key.1.as_str(), self.names.used.contains(key)));
        match near_name(name, others) {
            Some(near) => did_you_mean(name, near),
            None => format!(
                "declare it with `{} {name} ..`, or import the file that does",
                kind.spec().name
            ),
        }
    }

    /// Notes the names that the axes of an experiment's matrix give to its parts.
    pub fn axes_of_parts(&mut self, experiment: &Node) {
        let axes = experiment.child(MATRIX.name).map(|matrix| matrix.children.as_slice());
        for axis in axes.unwrap_or_default() {
            let part =
                PARTS.iter().find(|(part, _)| axis.label().is_some_and(|l| l.value == *part));
            let (Some((_, kind)), Some(values)) = (part, axis.arguments.get(1..)) else { continue };
            for value in values {
                if let Scalar::Text(name) = &value.scalar {
                    self.reference(*kind, name.clone(), value.origin);
                }
            }
        }
    }

    /// A name as a node of its own, where a node that takes such names belongs: `{ ffpp }` for
    /// `{ source ffpp }`.
    pub(super) fn named_in_place(
        &mut self,
        spec: &'static NodeSpec,
        word: Option<&str>,
        child: &Node,
    ) -> Option<(Diagnostic, Option<&'static str>)> {
        let name = &child.name.value;
        let takes = |field: &Field| match field.ty {
            Type::Ref(kind) => self.declares(kind, name),
            _ => false,
        };
        let children = || spec.all_children(word).map(|known| known.spec);
        let of_word = |known: &&'static NodeSpec| match known.arguments.first()?.ty {
            Type::Word(words) => words.iter().find(|(word, _)| word == name).map(|_| known.name),
            _ => None,
        };
        if let Some(meant) = children().find_map(|known| of_word(&known)) {
            let diagnostic = Diagnostic::error(Code::UnknownNode, format!("unknown node `{name}`"))
                .text(format!("`{name}` is a word of `{meant}`"))
                .at(child.name.origin, "a word, not a node")
                .help(format!("write `{meant} {name}`"));
            return Some((diagnostic, Some(meant)));
        }
        let meant = children().find(|known| known.arguments.first().is_some_and(takes))?;
        let Type::Ref(kind) = meant.arguments[0].ty else { return None };
        self.names.used.insert((kind, name.clone()));
        let diagnostic = Diagnostic::error(Code::UnknownNode, format!("unknown node `{name}`"))
            .text(format!("`{name}` is the name of {}", kind.with_article()))
            .at(child.name.origin, "a name, not a node")
            .help(format!("write `{} {name}`", meant.name));
        Some((diagnostic, Some(meant.name)))
    }

    /// A label in front of the name that it belongs to.
    pub(super) fn label_first(
        &mut self,
        node: &Node,
        spec: &'static NodeSpec,
        own: &[&Value],
    ) -> bool {
        let [Field { ty: Type::Ref(kind), unless, .. }, Field { ty: Type::Text, .. }] =
            spec.arguments
        else {
            return false;
        };
        if node.property(unless).is_some() {
            return false;
        }
        let [label, name] = own else { return false };
        let (Scalar::Text(first), Scalar::Text(second)) = (&label.scalar, &name.scalar) else {
            return false;
        };
        if self.elsewhere.is_none() || self.declares(*kind, first) || !self.declares(*kind, second)
        {
            return false;
        }
        let raw = |value: &Value| self.sources.excerpt(value.origin).unwrap_or_default().to_owned();
        let (what, right) =
            (kind.spec().name, format!("{} {} {}", spec.name, raw(name), raw(label)));
        self.sink.report(
            Diagnostic::error(Code::UnknownName, format!("there is no {what} `{first}`"))
                .text(format!("the {what} comes first, then its label"))
                .at(label.origin, "the label?")
                .and(name.origin, format!("a declared {what}"))
                .help(format!("write `{right}`")),
        );
        self.names.used.insert((*kind, second.clone()));
        true
    }
}

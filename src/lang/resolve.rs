//! Declarations to a project: names, `extends` and `override`.

use std::collections::{BTreeMap, BTreeSet};

use super::check::find;
use super::check::{Checker, Names};
use super::cursor::Cursor;
use super::diagnostic::{Code, Diagnostic, Sink};
use super::elsewhere::Elsewhere;
use super::model::{Backbone, Dataset, Ensemble, Experiment, Init, Loss, Project, Recipe, Table};
use super::node::{Decode, Placed, Value};
use super::nodes::clusters::Cluster;
use super::nodes::{self, EXTENDS, ExperimentAt, NAME};
use super::overrides::{merge, same};
use super::parts::{PARTS, Parts};
use super::schema::{IMPORT, Kind};
use super::source::Sources;
use super::span::{Origin, Spanned};
use super::suggest::{did_you_mean, list, near};
use super::synonyms;
use super::syntax::{Chunk, TOP_LEVEL};
use super::tree::{Node, Scalar};

/// Longest chain of `extends`.
const EXTENDS_LIMIT: usize = 32;

/// The parts that only a training needs.
const TRAINING: [&str; 3] = ["data", "recipe", "loss"];

/// The top-level nodes of all files.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    /// All of them but imports.
    pub nodes: Vec<Node>,
    /// What they are called.
    pub names: Names,
    /// Names of declarations that could not be read.
    unreadable: BTreeSet<(Kind, String)>,
    index: BTreeMap<(Kind, String), usize>,
}

impl Declarations {
    /// Notes declarations that could not be read: their names are no mistakes.
    pub fn broken(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            match chunk.head.as_slice() {
                [kind, name] if Kind::of(kind).is_some() => {
                    let kind = Kind::of(kind).expect("a kind, as just found");
                    self.unreadable.insert((kind, name.clone()));
                }
                // An import, or something with even its name broken.
                _ => self.names.incomplete = true,
            }
        }
    }

    /// Whether there are declarations that could not be read.
    pub fn unread(&self) -> bool {
        self.names.incomplete || !self.unreadable.is_empty()
    }

    /// Checks an `import` node.
    pub fn check_import(&mut self, node: &Node, sources: &Sources, sink: &mut Sink) {
        let names = &mut self.names;
        Checker { names, elsewhere: None, sources, sink }.declaration(node, &IMPORT);
    }

    /// The kind and name of a declaration, and where it is made.
    pub fn all(&self) -> impl Iterator<Item = (Kind, Spanned<&str>)> {
        self.nodes.iter().filter_map(|node| Some((Kind::of(&node.name.value)?, node.label()?)))
    }

    /// Checks everything, and builds what is right.
    pub fn resolve(
        &mut self,
        sources: &Sources,
        elsewhere: &Elsewhere<'_>,
        sink: &mut Sink,
    ) -> Project {
        self.declare(sink);
        for node in &self.nodes {
            match Kind::of(&node.name.value) {
                Some(kind) => {
                    let (names, elsewhere) = (&mut self.names, Some(elsewhere));
                    let mut checker = Checker { names, elsewhere, sources, sink };
                    checker.declaration(node, kind.spec());
                    if kind == Kind::Experiment {
                        checker.axes_of_parts(node);
                    }
                }
                None if sink.crowded(node.name.origin) => {}
                None => sink.report(unknown_declaration(node)),
            }
        }
        let mut project = Project::default();
        let seeds = self.seeds();
        let mut open = BTreeMap::new();
        for node in &self.nodes {
            let Some(kind) = Kind::of(&node.name.value) else { continue };
            let cursor = Cursor::new(node, kind.spec(), sources);
            let understood = match kind {
                Kind::Dataset => {
                    let dataset = Dataset::decode(cursor, sink);
                    dataset.is_some_and(|dataset| {
                        project.datasets.entry(dataset.name.clone()).or_insert(dataset);
                        true
                    })
                }
                // A second one of the name would repeat what is said of the first.
                Kind::Experiment if !self.is_first(kind, node) => true,
                Kind::Experiment => {
                    let experiment = self.experiment(cursor, sources, sink);
                    experiment.is_some_and(|experiment| {
                        let name = experiment.name.clone();
                        let expanded = self.expanded(cursor, experiment, &seeds, sources, sink);
                        if !expanded.open.is_empty() {
                            open.insert(name, expanded.open);
                        }
                        for experiment in expanded.experiments {
                            let name = experiment.name.clone();
                            project.experiments.entry(name).or_insert(experiment);
                        }
                        true
                    })
                }
                Kind::Table => true,
                // Also what no experiment uses is checked.
                Kind::Ensemble => Ensemble::decode(cursor, sink).is_some(),
                Kind::Backbone => Backbone::decode(cursor, sink).is_some(),
                Kind::Init => Init::decode(cursor, sink).is_some(),
                Kind::Recipe => Recipe::decode(cursor, sink).is_some(),
                Kind::Loss => Loss::decode(cursor, sink).is_some(),
            };
            if !understood {
                sink.nothing_vanishes(node.head, &node.name.value);
            }
        }
        for node in self.nodes.iter().filter(|node| node.name.value == "table") {
            let cursor = Cursor::new(node, Kind::Table.spec(), sources);
            let title = |name: &str| project.datasets.get(name)?.title.clone();
            nodes::unique_labels(cursor, title, sink);
            let mut table = Table::decode(cursor, sink);
            if let Some(table) = &mut table {
                table.entitle(title);
            }
            match &table {
                Some(table) => Self::not_chosen(table, &open, sink),
                None => sink.nothing_vanishes(node.head, &node.name.value),
            }
            project.tables.extend(table);
        }
        project
    }

    fn declare(&mut self, sink: &mut Sink) {
        for (kind, name) in &self.unreadable {
            self.names.declared.insert((*kind, name.clone()), Origin::DEFAULT);
        }
        for (i, node) in self.nodes.iter().enumerate() {
            let Some(label) = node.label() else { continue };
            let Some(kind) = Kind::of(&node.name.value) else {
                // A misspelt declaration is one mistake; that its name is missing is none more.
                if let Some(kind) =
                    near(&node.name.value, TOP_LEVEL.iter().copied()).and_then(Kind::of)
                {
                    let key = (kind, label.value.to_owned());
                    self.names.declared.entry(key).or_insert(Origin::DEFAULT);
                }
                continue;
            };
            let key = (kind, label.value.to_owned());
            match self.names.declared.get(&key) {
                Some(first) if !first.is_default() => {
                    let title = format!("the {} `{}` twice", node.name.value, label.value);
                    sink.report(Diagnostic::duplicate_name(title, label.origin, *first));
                }
                _ => {
                    self.names.declared.insert(key.clone(), label.origin);
                    self.index.insert(key, i);
                }
            }
        }
        let experiments = self.nodes.iter().filter(|node| node.name.value == "experiment");
        let variants = experiments.filter_map(|node| {
            let at = node.label()?.origin;
            Some(self.variant_names(node).into_iter().map(move |name| (name, at)))
        });
        let variants: Vec<(String, Origin)> = variants.flatten().collect();
        for (name, at) in variants {
            self.names.declared.entry((Kind::Experiment, name)).or_insert(at);
        }
    }

    /// Whether a node is the first that declares its name.
    fn is_first(&self, kind: Kind, node: &Node) -> bool {
        node.label().is_none_or(|label| {
            self.get(kind, label.value).is_none_or(|first| first.head == node.head)
        })
    }

    pub(super) fn get(&self, kind: Kind, name: &str) -> Option<&Node> {
        self.index.get(&(kind, name.to_owned())).map(|&i| &self.nodes[i])
    }

    fn experiment(
        &self,
        cursor: Cursor<'_>,
        sources: &Sources,
        sink: &mut Sink,
    ) -> Option<Placed<Experiment>> {
        let name = cursor.read::<String>(&NAME);
        let parts = self.parts(cursor.node, sink)?;
        self.assemble(cursor, &parts, name, sources, sink)
    }

    /// An experiment of some parts, under a name.
    pub(super) fn assemble(
        &self,
        cursor: Cursor<'_>,
        parts: &Parts<'_>,
        name: Option<Spanned<String>>,
        sources: &Sources,
        sink: &mut Sink,
    ) -> Option<Placed<Experiment>> {
        let lacking: Vec<&str> = PARTS
            .iter()
            .map(|(part, _)| *part)
            .filter(|part| !parts.nodes.contains_key(part))
            .collect();
        let init = self.patched(parts, "init", Kind::Init, sink);
        let ready = lacking == TRAINING && init.as_ref().is_some_and(|i| i.child("head").is_some());
        // Of a line that says more than a name, something was said already.
        let more = cursor.node.arguments.len() != 1 || cursor.node.child("extends").is_some();
        if !lacking.is_empty() && !ready && !more {
            let lacking = list(lacking, "and");
            let at = cursor.node.label().map_or(cursor.origin(), |label| label.origin);
            sink.report(
                Diagnostic::error(Code::IncompleteExperiment, "an experiment that lacks a part")
                    .text("an experiment has `data`, `backbone`, `init`, `recipe` and `loss`, its own or inherited by `extends`; without `data`, `recipe` and `loss` it is scored as its file has it, and the `init` needs a `head`")
                    .at(at, format!("lacks {lacking}"))
                    .help("name them in its block, or extend an experiment that has them"),
            );
        }
        let [data, backbone, recipe, loss] = [PARTS[0], PARTS[1], PARTS[3], PARTS[4]]
            .map(|(part, kind)| self.patched(parts, part, kind, sink));
        let data = read::<Ensemble>(data, sources, sink);
        let backbone = read::<Backbone>(backbone, sources, sink);
        let init = read::<Init>(init, sources, sink);
        let recipe = read::<Recipe>(recipe, sources, sink);
        let loss = read::<Loss>(loss, sources, sink);
        let (data, recipe, loss) = match init.as_ref().and_then(|init| init.head.as_ref()) {
            Some(head) if ready => {
                let (data, recipe, loss) = nodes::ready(head);
                (Some(data), Some(recipe), Some(loss))
            }
            _ => (data, recipe, loss),
        };
        let attribution = parts.attribution.and_then(|node| nodes::attribution(node, sources));
        let calibrate = parts.calibrate.and_then(|node| nodes::calibration(node, sources));
        let (name, (extends, extends_at)) = (name?, Value::value(cursor, &EXTENDS)?);
        let mut experiment = Placed::from(Experiment {
            name: name.value,
            extends,
            data: data?,
            backbone: backbone?,
            init: init?,
            recipe: recipe?,
            loss: loss?,
            attribution: attribution.map(|(by, _)| by),
            choice: None,
            variant: None,
            calibrate: calibrate.map(|(method, _)| method),
        });
        experiment.node = cursor.origin();
        experiment.at = ExperimentAt {
            name: name.origin,
            extends: extends_at,
            attribution: attribution.map_or(Origin::DEFAULT, |(_, at)| at),
            choice: Origin::DEFAULT,
            calibrate: calibrate.map_or(Origin::DEFAULT, |(_, at)| at),
        };
        Some(experiment)
    }

    /// What a part refers to, with its overrides.
    pub(super) fn patched(
        &self,
        parts: &Parts<'_>,
        part: &str,
        kind: Kind,
        sink: &mut Sink,
    ) -> Option<Node> {
        let node = *parts.nodes.get(part)?;
        let base = match node.label() {
            Some(label) => self.get(kind, label.value)?,
            // The terms of a loss may stand in the experiment itself.
            None if kind == Kind::Loss => node,
            None => return None,
        };
        let mut merged = base.clone();
        if let Some(without) = node.property("without") {
            self.leave_out(&mut merged, without, sink)?;
        }
        for (_, patch) in parts.overrides.iter().filter(|(what, _)| *what == part) {
            let before = merged.clone();
            merge(&mut merged, patch, kind.spec());
            let known = |child: &Node| {
                kind.spec().all_children(None).any(|known| known.spec.name == child.name.value)
            };
            if same(&before, &merged) && patch.children.iter().all(known) {
                sink.report(
                    Diagnostic::warning(Code::NoEffect, "an override that changes nothing")
                        .text(format!("everything in it is so already in the `{part}`"))
                        .at(patch.head, "has no effect")
                        .help("remove it, or change a value"),
                );
            }
        }
        for (_, patch) in parts.settings.iter().filter(|(what, _)| *what == part) {
            merge(&mut merged, patch, kind.spec());
        }
        Some(merged)
    }

    /// Follows `extends` to its end, then lets each experiment replace and patch what
    /// it inherits.
    pub(super) fn parts(&self, node: &Node, sink: &mut Sink) -> Option<Parts<'_>> {
        let start = node.label()?;
        let mut chain: Vec<&Node> = vec![self.get(Kind::Experiment, start.value)?];
        while let Some(parent) = chain.last().and_then(|node| node.property("extends")) {
            let Scalar::Text(name) = &parent.scalar else { return None };
            let Some(next) = self.get(Kind::Experiment, name) else {
                if self.names.declared.contains_key(&(Kind::Experiment, name.clone())) {
                    Self::extends_variant(name, parent.origin, sink);
                }
                return None;
            };
            if let Some(begin) = chain.iter().position(|other| std::ptr::eq(*other, next)) {
                // Each experiment of the circle would report it; the first one does.
                if begin == 0 && chain.iter().all(|other| other.head >= chain[0].head) {
                    sink.report(extends_cycle(&chain, parent.origin));
                }
                return None;
            }
            if chain.len() >= EXTENDS_LIMIT {
                sink.report(
                    Diagnostic::error(Code::TooDeep, "a chain of `extends` that is too long")
                        .text(format!(
                            "at most {EXTENDS_LIMIT} experiments may extend one another in a row"
                        ))
                        .at(parent.origin, "one too many"),
                );
                return None;
            }
            chain.push(next);
        }
        let mut parts = Parts::default();
        chain.into_iter().rev().for_each(|node| parts.inherit(node));
        Some(parts)
    }
}

/// A part, with everything that an experiment patches in it.
fn read<T: Decode>(node: Option<Node>, sources: &Sources, sink: &mut Sink) -> Option<Placed<T>> {
    T::decode(Cursor::new(&node?, T::SPEC, sources), sink)
}

fn extends_cycle(chain: &[&Node], closing: Origin) -> Diagnostic {
    let names: Vec<String> = chain
        .iter()
        .chain(chain.first())
        .filter_map(|node| node.label())
        .map(|label| format!("`{}`", label.value))
        .collect();
    let diagnostic = Diagnostic::error(Code::ExtendsCycle, "experiments that extend each other")
        .text(names.join(" extends "))
        .at(closing, "closes the circle");
    let diagnostic = match chain.first().and_then(|node| node.property("extends")) {
        Some(first) if first.origin != closing => diagnostic.and(first.origin, "begins here"),
        _ => diagnostic,
    };
    diagnostic.help("let one of them state its parts itself")
}

fn unknown_declaration(node: &Node) -> Diagnostic {
    let name = node.name.value.as_str();
    if name == Cluster::SPEC.name {
        return Diagnostic::error(Code::OtherFile, "a cluster in an experiment file")
            .text("experiments are the same wherever they run; clusters are in a file of the user's own")
            .at(node.name.origin, "belongs in a clusters file")
            .help("move it to ~/.config/proofmark/clusters.kdl, or to a file that `--clusters` names");
    }
    let place = |name: &str| Kind::ALL.into_iter().find_map(|kind| find(name, kind.spec(), 0));
    let help = near(name, TOP_LEVEL.iter().copied())
        .map(|near| did_you_mean(name, near))
        .or_else(|| synonyms::advice(name).map(str::to_owned))
        .or_else(|| place(name))
        .or_else(|| synonyms::here(name).find_map(place));
    Diagnostic::error(Code::UnknownNode, format!("unknown node `{name}`"))
        .text(format!("a file has {}", list(TOP_LEVEL.iter().copied(), "and")))
        .at(node.name.origin, "does not belong at the top of a file")
        .maybe_help(help)
}

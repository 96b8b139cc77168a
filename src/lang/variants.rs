//! A `matrix`, and the seeds of rows, to ordinary experiments.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::Patch;
use super::cursor::Cursor;
use super::diagnostic::{Code, Diagnostic, Sink};
use super::matrix::{Axis, LIMIT, combinations, labels, size, text, written};
use super::model::{Budget, Choice, DeviceChoice, Experiment, Placed, Table, VariantOf};
use super::node::Decode;
use super::nodes::{ATTRIBUTION, CHOOSE, choose, variant_name};
use super::parts::Parts;
use super::resolve::Declarations;
use super::source::Sources;
use super::span::{Origin, Spanned};
use super::tree::{Node, Value};
use super::value;

/// The seeds that rows give an experiment, by the experiment's name.
pub(super) type Seeds<'a> = BTreeMap<&'a str, Vec<&'a Value>>;

/// What a declaration is expanded to.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// The experiments.
    pub experiments: Vec<Placed<Experiment>>,
    /// The variants, where none of them is chosen, so that the declaration itself is no model.
    pub open: Vec<String>,
}

/// Values of axes and seeds, and what they do.
#[derive(Clone, Default)]
struct Settings {
    named: Vec<(String, String)>,
    patches: Vec<Patch>,
}

impl Settings {
    fn with(&self, label: &str, value: &Value, patch: Patch) -> Self {
        let mut settings = self.clone();
        settings.named.push((label.to_owned(), text(value)));
        settings.patches.push(patch);
        settings
    }
}

impl Declarations {
    /// The names of the variants of an experiment as its matrix is written, whether that is right
    /// or not.
    pub(super) fn variant_names(&self, node: &Node) -> Vec<String> {
        let parts = self.parts(node, &mut Sink::default());
        let (Some(matrix), Some(name)) = (parts.and_then(|parts| parts.matrix), node.label())
        else {
            return Vec::new();
        };
        let axes = written(matrix);
        let counts: Vec<usize> = axes.iter().map(|(_, _, values)| values.len()).collect();
        if axes.is_empty() || size(counts.iter().copied()).is_none_or(|size| size > LIMIT) {
            return Vec::new();
        }
        let paths: Vec<&str> = axes.iter().map(|(_, path, _)| path.value).collect();
        let labels = labels(&paths);
        let name_of = |combination: Vec<usize>| {
            let values = axes.iter().zip(combination).map(|((_, _, values), i)| text(&values[i]));
            variant_name(name.value, &labels.iter().cloned().zip(values).collect::<Vec<_>>())
        };
        combinations(&counts).into_iter().map(name_of).collect()
    }

    /// The seeds that rows state, by experiment.
    pub(super) fn seeds(&self) -> Seeds<'_> {
        let mut seeds = Seeds::new();
        let tables = self.nodes.iter().filter(|node| node.name.value == "table");
        for row in tables.flat_map(|table| &table.children).filter(|row| row.name.value == "row") {
            let (Some(name), Some(seed)) = (row.label(), row.child("seed")) else { continue };
            let of: &mut Vec<&Value> = seeds.entry(name.value).or_default();
            for value in &seed.arguments {
                if !of.iter().any(|other| other.scalar == value.scalar) {
                    of.push(value);
                }
            }
        }
        seeds
    }

    /// Rows whose experiment is a matrix of which none is chosen.
    pub(super) fn not_chosen(table: &Table, open: &BTreeMap<String, Vec<String>>, sink: &mut Sink) {
        let named = table.rows.iter().flat_map(|row| {
            let repeats = row.repeats.iter().zip(row.at.repeats.iter().copied());
            std::iter::once((&row.experiment, row.at.experiment)).chain(repeats)
        });
        for (name, at) in named {
            let Some(variants) = open.get(name) else { continue };
            let first =
                variants.first().map(|first| format!(", as \"{first}\"")).unwrap_or_default();
            sink.report(
                Diagnostic::error(
                    Code::NotChosen,
                    format!("`{name}` is {} variants, and none is chosen", variants.len()),
                )
                .text("a row shows one model, or the mean of some that differ in their seed")
                .at(at, "which of them?")
                .help(format!(
                    "write `choose lowest=val.loss` in the experiment, or name a variant{first}"
                )),
            );
        }
    }

    /// An experiment that extends one that a matrix makes.
    pub(super) fn extends_variant(name: &str, at: Origin, sink: &mut Sink) {
        let of = name.split('[').next().unwrap_or(name);
        sink.report(
            Diagnostic::error(Code::Conflict, "an experiment that extends a variant")
                .text(format!("`{name}` is made by the matrix of `{of}`, and is not declared"))
                .at(at, "a variant")
                .help(format!("extend `{of}`, and write `matrix none` and an `override`")),
        );
    }

    /// A declared experiment with its variants, and with those that the seeds of rows make.
    pub(super) fn expanded(
        &self,
        cursor: Cursor<'_>,
        mut declared: Placed<Experiment>,
        seeds: &Seeds<'_>,
        sources: &Sources,
        sink: &mut Sink,
    ) -> Expanded {
        let alone = |declared| Expanded { experiments: vec![declared], open: Vec::new() };
        let Some(parts) = self.parts(cursor.node, &mut Sink::default()) else {
            return alone(declared);
        };
        if parts.matrix.is_none() {
            for node in
                [CHOOSE.name, Budget::SPEC.name].into_iter().filter_map(|n| cursor.node.child(n))
            {
                sink.report(
                    Diagnostic::error(
                        Code::MissingNode,
                        format!("`{}` without a `matrix`", node.name.value),
                    )
                    .text("it is about the variants of a matrix, and the experiment has none")
                    .at(node.name.origin, "of no variants")
                    .help("add a `matrix { axis .. }`, or remove it"),
                );
            }
        }
        let axes = match parts.matrix {
            Some(matrix) => match self.axes(matrix, &parts, &declared.name, sink) {
                Some(axes) => axes,
                None => return alone(declared),
            },
            None => Vec::new(),
        };
        let name = declared.name.clone();
        let budget = parts
            .budget
            .and_then(|node| Budget::decode(Cursor::new(node, Budget::SPEC, sources), sink));
        let build = |settings: &Settings, sink: &mut Sink| {
            let mut parts = parts.clone();
            settings.patches.iter().for_each(|patch| parts.set(patch));
            let own = Spanned::new(variant_name(&name, &settings.named), declared.at.name);
            let mut experiment = self.assemble(cursor, &parts, Some(own), sources, sink)?;
            let (of, settings, budget) = (name.clone(), settings.named.clone(), budget.clone());
            experiment.variant = Some(VariantOf { of, settings, budget });
            Some(experiment)
        };
        let Some(matrix) = parts.matrix else {
            let mut expanded = Expanded::default();
            for setting in self.seeded(&name, &axes, &parts, seeds, sink) {
                expanded.experiments.extend(build(&setting, sink));
            }
            expanded.experiments.insert(0, declared);
            return expanded;
        };
        let settings: Vec<Settings> =
            combinations(&axes.iter().map(|a| a.values.len()).collect::<Vec<_>>())
                .into_iter()
                .map(|combination| {
                    axes.iter().zip(combination).fold(Settings::default(), |settings, (axis, i)| {
                        let value = axis.values[i];
                        settings.with(&axis.label, value, axis.place.patch(value))
                    })
                })
                .collect();
        let variants: Option<Vec<Placed<Experiment>>> =
            settings.iter().map(|settings| build(settings, sink)).collect();
        let Some(variants) = variants else { return alone(declared) };
        without_effect(&axes, &variants, sink);
        let names = |variants: &[Placed<Experiment>]| -> Vec<String> {
            variants.iter().map(|variant| variant.name.clone()).collect()
        };
        let mut expanded = Expanded::default();
        // Seeds of single variants that rows name.
        for (variant, settings) in variants.iter().zip(&settings) {
            for seed in self.seeded(&variant.name, &axes, &parts, seeds, sink) {
                let mut both = settings.clone();
                both.named.extend(seed.named);
                both.patches.extend(seed.patches);
                expanded.experiments.extend(build(&both, sink));
            }
        }
        let Some(by) = parts.choose.and_then(|node| choose(node, sources)) else {
            if parts.choose.is_none() {
                expanded.open = names(&variants);
            }
            expanded.experiments.extend(variants);
            return expanded;
        };
        let choose_at = parts.choose.map_or(matrix.name.origin, |node| node.name.origin);
        comparable(&axes, &variants, choose_at, sink);
        for seed in self.seeded(&name, &axes, &parts, seeds, sink) {
            let mut of_seed = Vec::new();
            for settings in &settings {
                let mut both = settings.clone();
                both.named.extend(seed.named.clone());
                both.patches.extend(seed.patches.clone());
                of_seed.extend(build(&both, sink));
            }
            if let Some(mut chosen) = build(&seed, sink) {
                chosen.choice = Some(Choice { by, variants: names(&of_seed) });
                chosen.at.choice = choose_at;
                expanded.experiments.push(chosen);
            }
            expanded.experiments.extend(of_seed);
        }
        declared.choice = Some(Choice { by, variants: names(&variants) });
        declared.at.choice = choose_at;
        expanded.experiments.push(declared);
        expanded.experiments.extend(variants);
        expanded
    }

    /// What the seeds of rows of an experiment set.
    fn seeded(
        &self,
        name: &str,
        axes: &[Axis<'_>],
        parts: &Parts<'_>,
        seeds: &Seeds<'_>,
        sink: &mut Sink,
    ) -> Vec<Settings> {
        let Some(values) = seeds.get(name) else { return Vec::new() };
        let places = self.places(parts);
        let Some(place) = places.iter().find(|place| place.path == SEED) else {
            if let Some(first) = values.first() {
                sink.report(
                    Diagnostic::error(Code::Conflict, "seeds of a model that is not trained")
                        .text(format!("`{name}` is ready in a file, and has no recipe"))
                        .at(first.origin, "nothing depends on it")
                        .help("remove `seed`"),
                );
            }
            return Vec::new();
        };
        if let (Some(axis), Some(first)) =
            (axes.iter().find(|axis| axis.place.path == SEED), values.first())
        {
            sink.report(
                Diagnostic::error(Code::Conflict, "seeds of an experiment that varies its seed")
                    .text("the seed would be set twice")
                    .at(first.origin, "set here")
                    .and(axis.at, "and by this axis")
                    .help("remove the axis: a row with `seed` shows mean and deviation"),
            );
            return Vec::new();
        }
        let right = values.iter().filter(|value| value::read(value, &place.field).is_ok());
        let setting = |value: &&Value| Settings::default().with("seed", value, place.patch(value));
        right.map(setting).collect()
    }
}

/// The path of the seed of a training.
const SEED: &str = "recipe.seed";

/// Reports axes whose variants are one model whatever their value is.
fn without_effect(axes: &[Axis<'_>], variants: &[Placed<Experiment>], sink: &mut Sink) {
    let alike = |one: &Experiment, other: &Experiment| {
        let plain = |experiment: &Experiment| {
            let mut plain = experiment.clone();
            (plain.name, plain.variant) = (String::new(), None);
            // Where it is computed changes nothing of it.
            plain.recipe.device = DeviceChoice::Auto;
            plain
        };
        plain(one) == plain(other)
    };
    let mut stride = variants.len();
    for axis in axes {
        stride /= axis.values.len();
        let mut others = (1..axis.values.len()).map(|i| &variants[i * stride]);
        if axis.values.len() > 1 && others.all(|other| alike(&variants[0], other)) {
            sink.report(
                Diagnostic::warning(Code::NoEffect, "an axis that changes nothing")
                    .text("its variants are one model")
                    .at(axis.at, "has no effect")
                    .help("remove it"),
            );
        }
    }
}

/// Reports variants whose validation cannot be compared, and seeds among which one would be chosen.
fn comparable(axes: &[Axis<'_>], variants: &[Placed<Experiment>], at: Origin, sink: &mut Sink) {
    let validated = |variant: &Experiment| {
        let splits: BTreeSet<_> = variant.data.validation().collect();
        (splits, variant.attribution)
    };
    let Some(first) = variants.first() else { return };
    if variants.iter().any(|variant| variant.ready().is_some()) {
        sink.report(
            Diagnostic::error(Code::Conflict, "a choice among models that are not trained here")
                .text("what is ready in a file has no validation of this project")
                .at(at, "nothing to choose by")
                .help("give each of them a row"),
        );
        return;
    }
    if variants.iter().any(|variant| validated(variant) != validated(first)) {
        let axis = axes.iter().find(|axis| ["data", ATTRIBUTION.name].contains(&axis.place.part));
        let diagnostic =
            Diagnostic::error(Code::Conflict, "variants whose validation cannot be compared")
                .text("they are validated on other videos, or tell other classes apart")
                .at(at, "chooses between them");
        sink.report(
            match axis {
                Some(axis) => diagnostic.and(axis.at, "they differ in this"),
                None => diagnostic,
            }
            .help("give each of them an experiment and a row"),
        );
    }
    if let Some(axis) = axes.iter().find(|axis| axis.place.path == SEED) {
        sink.report(
            Diagnostic::warning(Code::OddValue, "the best of several seeds")
                .text("another training does not do as well as the luckiest of some")
                .at(axis.at, "chosen between")
                .help(
                    "remove the axis, and write `seed ..` in the row: it shows mean and deviation",
                ),
        );
    }
}

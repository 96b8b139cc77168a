//! `experiment`: one model, of parts that are declared elsewhere.

use serde::ser::SerializeMap;

use super::common::NAME;
use super::losses::TERMS;
use super::matrix::{CHOOSE, MATRIX};
use crate::cursor::Cursor;
use crate::model::{
    Augment, Backbone, Batch, Budget, Choice, DeviceChoice, Ensemble, Head, Init, Keep, Loss,
    Optimizer, Precision, Recipe, Schedule, Sgd, VariantOf,
};
use crate::node::{Decode, Part, Placed, Plain, Words, words};
use crate::schema::{
    Child, Field, Kind, NodeSpec, OR_BLOCK, Type, Variant, any_number, at_most_once,
};
use crate::source::Sources;
use crate::span::Origin;
use crate::tree::Node;

/// One model: to train, or ready in a file. Its parts are resolved: `extends` and `override` are
/// applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Name.
    pub name: String,
    /// The experiment it was derived from.
    pub extends: Option<String>,
    /// What it trains on; no data set if it is ready.
    pub data: Placed<Ensemble>,
    /// The network.
    pub backbone: Placed<Backbone>,
    /// Its first weights.
    pub init: Placed<Init>,
    /// How it is trained.
    pub recipe: Placed<Recipe>,
    /// The objective.
    pub loss: Placed<Loss>,
    /// Classes other than real and fake, if any.
    pub attribution: Option<Attribution>,
    /// Its variants, if its model is one of theirs: its own recipe and loss then train nothing.
    pub choice: Option<Choice>,
    /// What makes it one of several, if it is.
    pub variant: Option<VariantOf>,
    /// How its scores are calibrated on validation, if they are.
    pub calibrate: Option<Calibration>,
}

/// The places of what an experiment states itself.
#[derive(Clone, Debug, Default)]
pub struct ExperimentAt {
    /// Of its name.
    pub name: Origin,
    /// Of the name of the experiment it was derived from.
    pub extends: Origin,
    /// Of what makes its classes.
    pub attribution: Origin,
    /// Of what chooses between its variants.
    pub choice: Origin,
    /// Of how its scores are calibrated.
    pub calibrate: Origin,
}

impl Plain for Experiment {
    type At = ExperimentAt;

    fn entries<M: SerializeMap>(placed: &Placed<Self>, map: &mut M) -> Result<(), M::Error> {
        let Self {
            name,
            extends,
            data,
            backbone,
            init,
            recipe,
            loss,
            attribution,
            choice,
            variant,
            calibrate,
        } = &**placed;
        // That it is a variant, its name says.
        let _ = variant;
        let at = &placed.at;
        map.serialize_entry("name", &name.placed(at.name))?;
        map.serialize_entry("extends", &extends.placed(at.extends))?;
        map.serialize_entry("data", data)?;
        map.serialize_entry("backbone", backbone)?;
        map.serialize_entry("init", init)?;
        map.serialize_entry("recipe", recipe)?;
        map.serialize_entry("loss", loss)?;
        map.serialize_entry("attribution", &attribution.placed(at.attribution))?;
        if let Some(choice) = choice {
            map.serialize_entry("choice", &choice.clone().placed(at.choice))?;
        }
        match calibrate {
            Some(_) => map.serialize_entry("calibrate", &calibrate.placed(at.calibrate)),
            None => Ok(()),
        }
    }
}

impl Experiment {
    /// What its file's classifier gives, if it is scored as the file has it: it then has no data,
    /// no loss, and a recipe that nobody wrote.
    pub fn ready(&self) -> Option<&Head> {
        self.init.head.as_deref().filter(|_| self.data.sources.is_empty())
    }
}

words! {
    /// What the classes of training are (paper section 3.4).
    pub enum Attribution {
        /// real and one class per family of manipulation
        Category = "category",
        /// real and one class per data set
        Dataset = "dataset",
        /// real and one class per manipulation
        Manipulation = "manipulation",
    }
}

words! {
    /// How scores become probabilities that can be taken at their word, fitted on the faces of the
    /// ensemble's validation splits.
    pub enum Calibration {
        /// logits are divided by a number (Guo et al. 2017)
        Temperature = "temperature",
        /// a logistic function of the log odds (Platt 1999)
        Platt = "platt",
        /// a rising function of P(fake) (Zadrozny and Elkan 2002)
        Isotonic = "isotonic",
    }
}

pub(crate) static EXPERIMENT: NodeSpec = NodeSpec::new(
    "experiment",
    "One model: one to train, or, without `data`, `recipe` and `loss`, one that is scored as its file has it (`head` of its `init`). What it does not state itself comes from the experiment it extends.",
)
.arguments(&[NAME])
.properties(&[EXTENDS])
.children(&[
    at_most_once(&DATA),
    at_most_once(&USE_BACKBONE),
    at_most_once(&USE_INIT),
    at_most_once(&USE_RECIPE),
    at_most_once(&USE_LOSS),
    at_most_once(&ATTRIBUTION),
    at_most_once(&CALIBRATE),
    any_number(&OVERRIDE),
    at_most_once(&MATRIX),
    at_most_once(&CHOOSE),
    at_most_once(Budget::SPEC),
]);

pub(crate) const EXTENDS: Field =
    Type::Ref(Kind::Experiment).optional().named("extends", "The experiment it is derived from.");

static DATA: NodeSpec = NodeSpec::value(
    "data",
    "What it trains on.",
    &[Type::Ref(Kind::Ensemble).required().named("ensemble", "The ensemble.")],
)
.properties(&[Type::Ref(Kind::Dataset).optional().named(
    "without",
    "A data set of the ensemble that is left out, as to test on it what the others teach.",
)]);

static USE_BACKBONE: NodeSpec = NodeSpec::value(
    "backbone",
    "The network.",
    &[Type::Ref(Kind::Backbone).required().named("backbone", "The backbone.")],
);

static USE_INIT: NodeSpec = NodeSpec::value(
    "init",
    "Its first weights.",
    &[Type::Ref(Kind::Init).required().named("init", "The init.")],
);

static USE_RECIPE: NodeSpec = NodeSpec::value(
    "recipe",
    "How it is trained.",
    &[Type::Ref(Kind::Recipe).required().named("recipe", "The recipe.")],
);

static USE_LOSS: NodeSpec = NodeSpec::value(
    "loss",
    "The objective: the name of a `loss`, or its terms in a block.",
    &[Type::Ref(Kind::Loss).optional().named("loss", "The loss.").group(OR_BLOCK)],
)
.children(TERMS);

pub(crate) static ATTRIBUTION: NodeSpec = NodeSpec::value(
    "attribution",
    "Classes other than real and fake (paper section 3.4).",
    &[NO_ATTRIBUTION],
)
.properties(&[BY]);

const NO_ATTRIBUTION: Field = Type::Word(&[("none", "real and fake, undoing an inherited one")])
    .optional()
    .named("none", "None.")
    .group("by");
pub(crate) const BY: Field =
    Attribution::WORD.optional().named("by", "What makes a class.").group("by");

/// Reads an `attribution`; nothing for `none`.
pub(crate) fn attribution(node: &Node, sources: &Sources) -> Option<(Attribution, Origin)> {
    let by = Cursor::new(node, &ATTRIBUTION, sources).read::<Attribution>(&BY)?;
    Some((by.value, by.origin))
}

static CALIBRATE: NodeSpec = NodeSpec::value(
    "calibrate",
    "How scores are calibrated on the faces of the ensemble's validation splits; the model stays the same. Tables with a row without it and one with it show before and after.",
    &[METHOD],
);
const METHOD: Field = Type::Word(METHODS).required().named("method", "How.");
const METHODS: &[(&str, &str)] = &[
    Calibration::WORDS[0],
    Calibration::WORDS[1],
    Calibration::WORDS[2],
    ("none", "not at all, undoing an inherited one"),
];

/// Reads a `calibrate`; nothing for `none`.
pub(crate) fn calibration(node: &Node, sources: &Sources) -> Option<(Calibration, Origin)> {
    let method = Cursor::new(node, &CALIBRATE, sources).read::<String>(&METHOD)?;
    Some((Calibration::of(&method.value)?, method.origin))
}

pub(crate) static OVERRIDE: NodeSpec = NodeSpec::value(
    "override",
    "Patches what the experiment refers to, for it and those that extend it only: properties and children of the same name replace, the rest stays.",
    &[Type::Word(&[
        ("data", "the ensemble"),
        ("backbone", "the backbone"),
        ("init", "the init"),
        ("recipe", "the recipe"),
        ("loss", "the loss"),
    ])
    .required()
    .named("what", "What is patched.")],
)
.keyed()
.variants(&PATCHES);

static PATCHES: [Variant; 5] = [
    patch("data", "As in `ensemble`.", Ensemble::SPEC.children),
    patch("backbone", "As in `backbone`.", Backbone::SPEC.children),
    patch("init", "As in `init`.", Init::SPEC.children),
    patch("recipe", "As in `recipe`.", Recipe::SPEC.children),
    patch("loss", "As in `loss`.", Loss::SPEC.children),
];

const fn patch(word: &'static str, doc: &'static str, children: &'static [Child]) -> Variant {
    Variant { word, doc, properties: &[], children }
}

/// What a model that is ready is said to be trained by.
pub(crate) fn ready(head: &Head) -> (Placed<Ensemble>, Placed<Recipe>, Placed<Loss>) {
    let name = || "none".to_owned();
    let data = Ensemble { name: name(), sources: Vec::new(), sample: None, expect: None };
    let recipe = Recipe {
        name: name(),
        epochs: 0,
        batch: Batch { size: 1, micro: None }.into(),
        optimizer: Optimizer::Sgd(Sgd { lr: 0.0, momentum: 0.0, weight_decay: 0.0 }.into()),
        sam: None,
        schedule: Schedule::CONSTANT.into(),
        clip: None,
        ema: None,
        precision: Precision::F32,
        augment: Augment::none().into(),
        mix: None,
        resize: head.resize,
        keep: Keep::Last,
        seed: 0,
        device: DeviceChoice::Auto,
    };
    (data.into(), recipe.into(), Loss { terms: Vec::new() }.into())
}

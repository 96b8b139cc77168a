//! `ensemble`, `backbone`, `recipe`, `loss` and `attribution`.

use crate::cursor::{Cursor, Read, read_words};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits::HIDDEN;
use crate::model::{
    AdamW, Attribution, Augment, AugmentKind, Backbone, BackboneKind, DeviceChoice, EfficientNet,
    Ensemble, Head, Hull, Interpolation, Keep, Loss, LossTerm, Mining, Mix, Optimizer, Pool,
    Precision, PseudoFake, PseudoFakeKind, Recipe, Resize, SampleRule, Schedule, ScheduleKind, Sgd,
    Source, Split, Vit,
};
use crate::span::{Origin, Spanned};
use crate::value::Datum;

read_words!(Pool { "patch-mean" => PatchMean, "cls" => Cls, });
read_words!(Precision { "f32" => F32, "bf16" => Bf16, });
read_words!(ScheduleKind { "cosine" => Cosine, "linear" => Linear, "constant" => Constant, });
read_words!(Interpolation { "bilinear" => Bilinear, "bicubic" => Bicubic, });
read_words!(AugmentKind { "none" => None, "flip-crop" => FlipCrop, "fsfm" => Fsfm, });
read_words!(Resize { "straight" => Straight, "center-crop" => CenterCrop, });
read_words!(Keep { "val.loss" => LowestValLoss, "val.auc" => HighestValAuc, "last" => Last, });
read_words!(Mining {
    "batch-all" => BatchAll,
    "hard-positive-hard-negative" => HardPositiveHardNegative,
    "easy-positive-hard-negative" => EasyPositiveHardNegative,
});
read_words!(PseudoFakeKind { "self-blended" => SelfBlended, });
read_words!(Hull {
    "mixed" => Mixed,
    "face" => Face,
    "full" => Full,
    "components" => Components,
    "extended" => Extended,
    "convex" => Convex,
});
read_words!(Attribution {
    "category" => Category,
    "dataset" => Dataset,
    "manipulation" => Manipulation,
});

impl Read for DeviceChoice {
    fn read(datum: Datum) -> Option<Self> {
        match datum {
            Datum::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Decodes an `ensemble`.
pub(crate) fn ensemble(node: Cursor<'_>, sink: &mut Sink) -> Option<Ensemble> {
    let mut sources: Vec<Option<Source>> =
        node.children("source").map(|node| source(node, "dataset", sink)).collect();
    sources.extend(node.children("pseudo-fake").map(|node| {
        let pseudo_fake = PseudoFake {
            kind: node.get("kind")?,
            hull: node.get("hull")?,
            post_augment: node.get("post-augment")?,
        };
        Some(Source { pseudo_fake: Some(pseudo_fake), ..source(node, "from", sink)? })
    }));
    if sources.is_empty() && node.node.children.iter().all(|child| child.name.value == "sample") {
        sink.report(
            Diagnostic::error(Code::MissingNode, "`ensemble` without `source`")
                .at(node.origin(), "needs a `source` or a `pseudo-fake` in its block"),
        );
    }
    let sample = match node.child("sample") {
        Some(node) => Some(SampleRule {
            real_to_fake: node.get("real-to-fake")?,
            at_least: node.get("at-least")?,
            seed: node.get("seed")?,
        }),
        None => None,
    };
    let sources = sources.into_iter().collect::<Option<Vec<_>>>()?;
    (!sources.is_empty()).then_some(Ensemble { name: node.get("name")?, sources, sample })
}

/// A data set that a field names, with its splits.
fn source(node: Cursor<'_>, field: &str, sink: &mut Sink) -> Option<Source> {
    let source = Source {
        dataset: node.get(field)?,
        train: node.get("train")?,
        val: node.get("val")?,
        pseudo_fake: None,
    };
    if source.val.value == Split::Test {
        sink.report(
            Diagnostic::error(Code::SelectsOnTest, "selection on a test split")
                .text("a checkpoint chosen on the test split makes its reported numbers worthless")
                .at(source.val.origin, "would see the test split")
                .help("select on `val`; carve one out of train if the release has none"),
        );
    } else if source.val.value == source.train.value {
        let stated = if source.val.origin.is_default() { &source.train } else { &source.val };
        sink.report(
            Diagnostic::warning(Code::SelectsOnTrain, "selection on the faces trained on")
                .text("the training loss falls whatever the model learns, so the last epoch wins")
                .at(stated.origin, "trains and selects on one split")
                .help("select on another split"),
        );
    }
    Some(source)
}

/// Decodes a `backbone`.
pub(crate) fn backbone(node: Cursor<'_>, sink: &mut Sink) -> Option<Backbone> {
    let (image, kind) = match (node.child("vit"), node.child("efficientnet")) {
        (Some(vit), _) => {
            let (image, vit) = self::vit(node, vit, sink)?;
            (image, BackboneKind::Vit(vit))
        }
        (None, Some(net)) => {
            pool_of_efficientnet(node, net, sink);
            let factors = EfficientNet {
                width_factor: net.get("width-factor")?,
                depth_factor: net.get("depth-factor")?,
                dropout: net.get("dropout")?,
                momentum: net.get("momentum")?,
            };
            (net.get("image")?, BackboneKind::EfficientNet(factors))
        }
        (None, None) => return None,
    };
    let (name, drop_path) = (node.get("name")?, node.child_value("drop-path")?);
    Some(Backbone { name, image, drop_path, kind })
}

fn pool_of_efficientnet(node: Cursor<'_>, net: Cursor<'_>, sink: &mut Sink) {
    if let Some(pool) = node.child("pool") {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`pool` of an EfficientNet")
                .text("it has no tokens; its embedding is the mean over all places")
                .at(pool.origin(), "has no effect")
                .and(net.origin(), "the network")
                .help("remove `pool`"),
        );
    }
}

fn vit(node: Cursor<'_>, vit: Cursor<'_>, sink: &mut Sink) -> Option<(Spanned<usize>, Vit)> {
    let [patch, width, depth, heads, image] =
        ["patch", "width", "depth", "heads", "image"].map(|name| vit.get::<usize>(name));
    let mlp_ratio = vit.get::<f64>("mlp-ratio");
    if let (Some(heads), Some(width)) = (&heads, &width) {
        divides("heads", heads, "width", width, sink);
    }
    if let (Some(patch), Some(image)) = (&patch, &image) {
        divides("patch", patch, "image", image, sink);
    }
    if let (Some(width), Some(ratio)) = (&width, &mlp_ratio) {
        whole_mlp(width, ratio, sink);
    }
    let vit = Vit {
        patch: patch?,
        width: width?,
        depth: depth?,
        heads: heads?,
        mlp_ratio: mlp_ratio?,
        layer_scale: vit.maybe("layer-scale")?,
        registers: vit.maybe("registers")?,
        pool: node.child_value("pool")?,
    };
    Some((image?, vit))
}

fn whole_mlp(width: &Spanned<usize>, ratio: &Spanned<f64>, sink: &mut Sink) {
    let hidden = width.value as f64 * ratio.value;
    let ends = (*HIDDEN.start() as f64, *HIDDEN.end() as f64);
    if !(ends.0..=ends.1).contains(&hidden) || (hidden - hidden.round()).abs() > 1e-6 {
        sink.report(
            Diagnostic::error(Code::Indivisible, "an MLP of no whole width")
                .text(format!("`width` times `mlp-ratio` is {hidden}"))
                .between((ratio.origin, "the ratio"), (width.origin, "the width"))
                .help("choose a ratio that makes it a whole number up to a million"),
        );
    }
}

fn divides(
    small: &str,
    divisor: &Spanned<usize>,
    large: &str,
    dividend: &Spanned<usize>,
    sink: &mut Sink,
) {
    if !dividend.value.is_multiple_of(divisor.value) {
        let below = dividend.value - dividend.value % divisor.value;
        let below = if below == 0 { divisor.value } else { below };
        sink.report(
            Diagnostic::error(
                Code::Indivisible,
                format!("`{large}` is not a multiple of `{small}`"),
            )
            .text(format!("{} is not divisible by {}", dividend.value, divisor.value))
            .between(
                (dividend.origin, &format!("`{large}`")),
                (divisor.origin, &format!("`{small}`")),
            )
            .help(match nearest_divisor(divisor.value, dividend.value) {
                Some(fits) => format!("`{small}={fits}` or `{large}={below}` would be"),
                None => format!("`{large}={below}` would be"),
            }),
        );
    }
}

/// The divisor of a size that is nearest to a number, if it is more than 1.
fn nearest_divisor(to: usize, of: usize) -> Option<usize> {
    let divisors = (2..=of.min(2 * to)).filter(|divisor| of.is_multiple_of(*divisor));
    divisors.min_by_key(|divisor| divisor.abs_diff(to))
}

/// What a model that is ready is said to be trained by.
pub(crate) fn ready(head: &Head) -> (Ensemble, Recipe, Loss) {
    let name = || Spanned::default_of("none".to_owned());
    let data = Ensemble { name: name(), sources: Vec::new(), sample: None };
    let sgd = Sgd {
        lr: Spanned::default_of(0.0),
        momentum: Spanned::default_of(0.0),
        weight_decay: Spanned::default_of(0.0),
    };
    let recipe = Recipe {
        name: name(),
        epochs: Spanned::default_of(0),
        batch: Spanned::default_of(1),
        micro: None,
        optimizer: Optimizer::Sgd(sgd),
        sam: None,
        schedule: CONSTANT,
        clip: None,
        ema: None,
        precision: Spanned::default_of(Precision::F32),
        augment: NO_AUGMENT,
        mix: None,
        resize: head.resize,
        keep: Spanned::default_of(Keep::Last),
        seed: Spanned::default_of(0),
        device: Spanned::default_of(DeviceChoice::Auto),
    };
    (data, recipe, Loss { terms: Vec::new() })
}

/// The schedule of a recipe without one.
const CONSTANT: Schedule = Schedule {
    kind: Spanned { value: ScheduleKind::Constant, origin: Origin::DEFAULT },
    warmup: Spanned { value: 0.0, origin: Origin::DEFAULT },
    min_lr: Spanned { value: 0.0, origin: Origin::DEFAULT },
    hold: None,
};
/// The augmentation of a recipe without one.
const NO_AUGMENT: Augment = Augment {
    kind: Spanned { value: AugmentKind::None, origin: Origin::DEFAULT },
    interpolation: Spanned { value: Interpolation::Bilinear, origin: Origin::DEFAULT },
};

/// Decodes a `recipe`.
pub(crate) fn recipe(node: Cursor<'_>) -> Option<Recipe> {
    let batch = node.child_value::<usize>("batch")?;
    let micro = node.child("batch")?.maybe("micro")?;
    let schedule = match node.child("schedule") {
        Some(node) => Schedule {
            kind: node.get("shape")?,
            warmup: node.get("warmup")?,
            min_lr: node.get("min-lr")?,
            hold: node.maybe("hold")?,
        },
        None => CONSTANT,
    };
    let keep = match node.child("keep") {
        Some(node) if node.has("lowest") => node.get("lowest")?,
        Some(node) if node.has("highest") => node.get("highest")?,
        Some(node) => node.get("which")?,
        None => Spanned::default_of(Keep::LowestValLoss),
    };
    let augment = match node.child("augment") {
        Some(node) => {
            Augment { kind: node.get("recipe")?, interpolation: node.get("interpolation")? }
        }
        None => NO_AUGMENT,
    };
    let mix = match node.child("mix") {
        Some(node) => {
            let mix = Mix {
                mixup: node.get("mixup")?,
                cutmix: node.get("cutmix")?,
                probability: node.get("probability")?,
                switch: node.get("switch")?,
            };
            Some(Spanned::new(mix, node.origin()))
        }
        None => None,
    };
    Some(Recipe {
        name: node.get("name")?,
        epochs: node.child_value("epochs")?,
        batch,
        micro,
        optimizer: optimizer(node, batch.value)?,
        sam: number_of(node.child("sam"), "rho")?,
        schedule,
        clip: number_of(node.child("clip"), "norm")?,
        ema: number_of(node.child("ema"), "decay")?,
        precision: node.child_value("precision")?,
        augment,
        mix,
        resize: node.child_value("resize")?,
        keep,
        seed: node.child_value("seed")?,
        device: node.child_value("device")?,
    })
}

/// The number of a node that may be absent; nothing if it is there and broken.
fn number_of(node: Option<Cursor<'_>>, field: &str) -> Option<Option<Spanned<f64>>> {
    match node {
        Some(node) => node.get(field).map(Some),
        None => Some(None),
    }
}

fn optimizer(recipe: Cursor<'_>, batch: usize) -> Option<Optimizer> {
    match (recipe.child("adamw"), recipe.child("sgd")) {
        (Some(node), _) => Some(Optimizer::AdamW(AdamW {
            lr: rate(node, batch)?,
            weight_decay: node.get("weight-decay")?,
            layer_decay: node.get("layer-decay")?,
            beta1: node.get("beta1")?,
            beta2: node.get("beta2")?,
            eps: node.get("eps")?,
        })),
        (None, Some(node)) => Some(Optimizer::Sgd(Sgd {
            lr: rate(node, batch)?,
            momentum: node.get("momentum")?,
            weight_decay: node.get("weight-decay")?,
        })),
        (None, None) => None,
    }
}

/// The absolute learning rate.
fn rate(node: Cursor<'_>, batch: usize) -> Option<Spanned<f64>> {
    match node.has("base-lr") {
        true => Some(node.get::<f64>("base-lr")?.map(|base| base * batch as f64 / 256.0)),
        false => node.get("lr"),
    }
}

/// Decodes the terms of a `loss`.
pub(crate) fn loss(node: Cursor<'_>, sink: &mut Sink) -> Option<Loss> {
    let terms: Vec<Option<LossTerm>> = node.all_children().map(term).collect();
    let terms = terms.into_iter().collect::<Option<Vec<_>>>()?;
    if !terms.iter().any(|term| matches!(term, LossTerm::CrossEntropy { .. })) {
        if node.node.block {
            sink.report(
                Diagnostic::error(Code::MissingNode, "`loss` without `cross-entropy`")
                    .text("only cross-entropy trains the classifier; a triplet loss shapes the embeddings alone")
                    .at(node.origin(), "needs a `cross-entropy` in its block"),
            );
        }
        return None;
    }
    Some(Loss { terms })
}

/// The nodes of which a loss is made.
enum Term {
    CrossEntropy,
    Triplet,
}
read_words!(Term { "cross-entropy" => CrossEntropy, "triplet" => Triplet, });

fn term(node: Cursor<'_>) -> Option<LossTerm> {
    Some(match node.kind()? {
        Term::CrossEntropy => LossTerm::CrossEntropy {
            weight: node.get("weight")?,
            smoothing: node.get("smoothing")?,
        },
        Term::Triplet => LossTerm::Triplet {
            mining: node.get("mining")?,
            margin: node.get("margin")?,
            weight: node.get("weight")?,
            normalize: node.get("normalize")?,
        },
    })
}

/// Decodes an `attribution`; nothing for `none`.
pub(crate) fn attribution(node: Cursor<'_>) -> Option<Spanned<Attribution>> {
    if node.has("none") { None } else { node.get("by") }
}

//! `recipe`: how a backbone is trained (paper section 4.3).

use super::common::SEED;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::model::{AdamW, Augment, Batch, DeviceChoice, Mix, Optimizer, Schedule, Sgd};
use crate::node::{Decode, Placed, Words, node, words};
use crate::schema::Preset::{Number, Text, Whole};
use crate::schema::{BELOW_ONE, Field, NodeSpec, POSITIVE, Type, at_most_once, once};
use crate::span::Origin;

node! {
    /// How training runs.
    pub struct Recipe = "recipe" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// Passes over the sample.
            epochs: u32 = Once (arguments "number", Type::Whole(1, 100_000).required(), "The number."),
            /// Faces per step.
            batch: Placed<Batch> [flat] = [once(Batch::SPEC)],
            /// Optimiser.
            optimizer: Optimizer [flat] = [
                at_most_once(AdamW::SPEC).group("optimizer"),
                at_most_once(Sgd::SPEC).group("optimizer")
            ],
            /// Sharpness-aware minimisation around the optimiser (Foret et al. 2021): each step
            /// follows the gradient at the worst place nearby, which takes two passes.
            sam: Option<f64> [since 2] = AtMostOnce (properties "rho", Type::Number(POSITIVE).or(Number(0.05)),
                "How far away that is, in units of all weights together."
            ),
            /// Learning rate over time.
            schedule: Placed<Schedule> = [at_most_once(Schedule::SPEC)],
            /// Scales the gradient of all parameters together down to a norm; never if absent.
            clip: Option<f64> = AtMostOnce (arguments "norm", Type::Number(POSITIVE).required(), "The largest Euclidean norm."
            ),
            /// Keeps an exponential moving average of the weights, which is validated and kept
            /// instead of them.
            ema: Option<f64> = AtMostOnce (arguments "decay", Type::Number(BELOW_ONE).required(),
                "What a step keeps of the average."
            ),
            /// Precision of the backbone's matrix products; weights and losses are always f32.
            precision: Precision = AtMostOnce (arguments "type", Precision::WORD.required().or(Text("f32")), "The type."
            ),
            /// Augmentation of training faces.
            augment: Placed<Augment> = [at_most_once(Augment::SPEC)],
            /// How faces of a batch are mixed, if they are.
            mix: Option<Placed<Mix>> = [at_most_once(Mix::SPEC)],
            /// How faces reach the input size at evaluation.
            resize: Resize = AtMostOnce (arguments "way", Resize::WORD.required().or(Text("straight")), "The way."
            ),
            /// Which checkpoint is kept.
            keep: Keep = [at_most_once(&KEEP)] via keep,
            /// Seed of new layers, shuffling, augmentation and drop path.
            seed: u64 = AtMostOnce (arguments "number", SEED.required().or(Whole(0)), "The seed."),
            /// What it is computed on, unless `--device` or PROOFMARK_DEVICE says otherwise.
            /// Changing it reruns nothing.
            device: DeviceChoice [unkeyed] = AtMostOnce (arguments "name", Type::Device.required().or(Text("auto")),
                "`auto` is the first GPU if there is one that this build can use."
            ),
        }
    }
}

words! {
    /// Precision of the backbone's matrix products. Weights and losses are always f32.
    pub enum Precision {
        /// 32 bits
        F32 = "f32",
        /// on a GPU products of factors with a mantissa of 10 bits, summed in f32; on a CPU it is f32
        Tf32 = "tf32",
        /// bfloat16; on a CPU correct but slow
        Bf16 = "bf16",
    }
}

words! {
    /// How faces reach the input size.
    pub enum Resize {
        /// straight to the input size
        Straight = "straight",
        /// short side to 8/7 of the input size, then the centre
        CenterCrop = "center-crop",
    }
}

words! {
    /// Which checkpoint is kept.
    pub enum Keep {
        /// validation cross-entropy
        LowestValLoss = "val.loss",
        /// validation AUC of faces
        HighestValAuc = "val.auc",
        /// the last epoch's
        Last = "last",
    }
}

static KEEP: NodeSpec = NodeSpec::new(
    "keep",
    "Which checkpoint is kept; `lowest=val.loss` if absent. Selection never sees a test split.",
)
.arguments(&[WHICH])
.properties(&[LOWEST, HIGHEST]);

const WHICH: Field = Type::Word(Keep::LAST).optional().named("which", "The last.").group("choice");
const LOWEST: Field = Type::Selection(Keep::LOWEST)
    .optional()
    .named("lowest", "The lowest of a quantity.")
    .group("choice");
const HIGHEST: Field = Type::Selection(Keep::HIGHEST)
    .optional()
    .named("highest", "The highest of a quantity.")
    .group("choice");

impl Keep {
    // Each is where one of them is written.
    pub(super) const LOWEST: &[(&str, &str)] = Self::WORDS.split_at(1).0;
    pub(super) const HIGHEST: &[(&str, &str)] = Self::WORDS.split_at(1).1.split_at(1).0;
    const LAST: &[(&str, &str)] = Self::WORDS.split_at(2).1;
}

fn keep(recipe: Cursor<'_>, _: &mut Sink) -> Option<(Keep, Origin)> {
    let Some(node) = recipe.among(Recipe::FIELDS.keep).next() else {
        return Some((Keep::LowestValLoss, Origin::DEFAULT));
    };
    let field = [&LOWEST, &HIGHEST].into_iter().find(|field| node.given(field)).unwrap_or(&WHICH);
    node.read(field).map(|keep| (keep.value, keep.origin))
}

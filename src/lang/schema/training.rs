//! The schema of ensembles, models, recipes and experiments.

use super::Preset::{Bool, Number, Text, Whole};
use super::Times::{AnyNumber, AtMostOnce, Once};
use super::data::SPLITS;
use super::{
    BELOW_ONE, Child, FINITE, Field, Kind, NOT_NEGATIVE, NodeSpec, OR_BLOCK, POSITIVE, Range, Type,
    UP_TO_ONE, Variant, up_to, whole,
};
use crate::limits;

const SEED: Type = Type::Whole(0, u64::MAX);
const SIZE: Type = whole(&limits::SIZE);
const IMAGE: Type = whole(&limits::IMAGE);
const FACTOR: Range = up_to(limits::FACTOR);
const NAME: Field =
    Field::new("name", Type::Name, "Name by which everything else refers to it.").required();

pub(crate) static ENSEMBLE: NodeSpec =
    NodeSpec::value("ensemble", "Data sets trained on together (paper section 3.1).", &[NAME])
        .children(ENSEMBLE_CHILDREN);

const ENSEMBLE_CHILDREN: &[Child] = &[
    Child::new(&SOURCE, AnyNumber),
    Child::new(&PSEUDO_FAKE, AnyNumber),
    Child::new(&SAMPLE, AtMostOnce),
];

static SOURCE: NodeSpec = NodeSpec::value(
    "source",
    "One data set of the ensemble; at least one, or a `pseudo-fake`.",
    &[Field::new("dataset", Type::Ref(Kind::Dataset), "The data set.").required()],
)
.properties(&[
    Field::new("train", Type::Word(SPLITS), "Split trained on.").or(Text("train")),
    Field::new("val", Type::Word(SPLITS), "Split that selects the checkpoint; never `test`.")
        .or(Text("val")),
])
.keyed();

static PSEUDO_FAKE: NodeSpec = NodeSpec::value(
    "pseudo-fake",
    "Fakes that are made of a data set's reals while training. Each real is in a batch together with its own fake; all reals with landmarks are used.",
    &[Field::new(
        "kind",
        Type::Word(&[("self-blended", "a face blended into itself (Shiohara and Yamasaki 2022)")]),
        "How they are made.",
    )
    .required()],
)
.properties(&[
    Field::new("from", Type::Ref(Kind::Dataset), "The data set with the reals.").required(),
    Field::new("train", Type::Word(SPLITS), "Split trained on.").or(Text("train")),
    Field::new("val", Type::Word(SPLITS), "Split that selects the checkpoint; never `test`.")
        .or(Text("val")),
    Field::new(
        "hull",
        Type::Word(&[
            ("mixed", "one of `face`, `full`, `components` and `extended`, each as often"),
            ("face", "the hull of all points with a soft edge, with the forehead if there are 81"),
            ("full", "jaw and mouth, nose, brows: three hulls"),
            ("components", "hulls around cheeks, forehead and nose"),
            ("extended", "the same with the brows pushed up"),
            ("convex", "the hull of all points"),
        ]),
        "The part of the face that is blended in.",
    )
    .or(Text("mixed")),
    Field::new(
        "post-augment",
        Type::Bool,
        "Whether colours and JPEG of real and fake are then augmented, both in the same way.",
    )
    .or(Bool(true)),
]);

static SAMPLE: NodeSpec = NodeSpec::new(
    "sample",
    "Balanced sampling of training faces, equal over videos (paper section 4.1); all faces if absent.",
)
.properties(&[
    Field::new("real-to-fake", Type::Ratio, "Aimed ratio of real to fake faces.").or(Text("1:1")),
    Field::new("at-least", SIZE, "Faces taken from every video, if it has them.").or(Whole(1)),
    Field::new("seed", SEED, "Seed.").or(Whole(0)),
]);

pub(crate) static BACKBONE: NodeSpec =
    NodeSpec::value("backbone", "A Vision Transformer or an EfficientNet.", &[NAME])
        .children(BACKBONE_CHILDREN);

const BACKBONE_CHILDREN: &[Child] = &[
    Child::new(&VIT, AtMostOnce).group("kind"),
    Child::new(&EFFICIENTNET, AtMostOnce).group("kind"),
    Child::new(&POOL, AtMostOnce),
    Child::new(&DROP_PATH, AtMostOnce),
];

static VIT: NodeSpec = NodeSpec::new("vit", "A Vision Transformer of these sizes.").properties(&[
    Field::new("patch", SIZE, "Side of a square patch in pixels.").required(),
    Field::new("width", SIZE, "Embedding width D.").required(),
    Field::new("depth", whole(&limits::DEPTH), "Number of blocks.").required(),
    Field::new("heads", SIZE, "Attention heads; divides the width.").required(),
    Field::new("image", IMAGE, "Side of the square input in pixels; a multiple of the patch.")
        .required(),
    Field::new("mlp-ratio", Type::Number(POSITIVE), "Hidden width of the MLP over D.")
        .or(Number(4.0)),
    Field::new("layer-scale", Type::Number(POSITIVE), "Initial LayerScale, if the blocks have it."),
    Field::new(
        "registers",
        whole(&limits::REGISTERS),
        "Register tokens (Darcet et al. 2024), if it has any; they are never pooled.",
    ),
]);

static EFFICIENTNET: NodeSpec = NodeSpec::new(
    "efficientnet",
    "An EfficientNet (Tan and Le 2019), by factors on B0; B4 unless said otherwise. With batch norm a batch passes as a whole: `micro` then keeps the activations of one block at a time.",
)
.properties(&[
    Field::new("image", IMAGE, "Side of the square input in pixels; 380 for B4.").required(),
    Field::new("width-factor", Type::Number(FACTOR), "Factor on the channels of B0.").or(Number(1.4)),
    Field::new("depth-factor", Type::Number(FACTOR), "Factor on the blocks of B0.").or(Number(1.8)),
    Field::new("dropout", Type::Number(BELOW_ONE), "Share of the embedding that is dropped while training.").or(Number(0.4)),
    Field::new("momentum", Type::Number(UP_TO_ONE), "Share of batch norm's running statistics that a step replaces; a short training from scratch needs a larger one.").or(Number(0.01)),
]);

static POOL: NodeSpec = NodeSpec::value(
    "pool",
    "What becomes the embedding of a `vit`, before `fc_norm`.",
    &[Field::new(
        "tokens",
        Type::Word(&[
            ("patch-mean", "mean of all tokens but CLS (paper section 4.3)"),
            ("cls", "the CLS token"),
        ]),
        "The tokens.",
    )
    .required()
    .or(Text("patch-mean"))],
);

static DROP_PATH: NodeSpec = NodeSpec::value(
    "drop-path",
    "Stochastic depth of the last block; linear from 0 at the first.",
    &[Field::new("rate", Type::Number(BELOW_ONE), "The rate.").required().or(Number(0.0))],
);

pub(crate) static INIT: NodeSpec =
    NodeSpec::value("init", "How the backbone's weights begin: `weights` or `random`.", &[NAME])
        .children(INIT_CHILDREN);

const INIT_CHILDREN: &[Child] = &[
    Child::new(&WEIGHTS, AtMostOnce).group("origin"),
    Child::new(&RANDOM, AtMostOnce).group("origin"),
    Child::new(&NORMALIZE, AtMostOnce),
    Child::new(&MISSING, AtMostOnce),
    Child::new(&HEAD, AtMostOnce),
];

static WEIGHTS: NodeSpec = NodeSpec::value(
    "weights",
    "A safetensors file, or one that `torch.save` wrote.",
    &[Field::new("path", Type::Path, "The file, or `hf://OWNER/REPO/PATH` on the hub.").required()],
)
.properties(&[Field::new(
    "key",
    Type::Text,
    "The key in the file, or the beginning of names, under which its tensors are, such as `state_dict`. Found if absent: an average (`state_dict_ema`, `teacher`) before what it is an average of, as timm does.",
)]);

static HEAD: NodeSpec = NodeSpec::value(
    "head",
    "What the outputs of the file's classifier mean, in order: `real`, and a name for each kind of fake. A single one is the logit of `real` or of `fake`. An experiment with it needs no `recipe`: it is scored as it is.",
    &[Field::new("outputs", Type::Text, "An output.").required()],
)
.properties(&[RESIZE_FIELD])
.repeating();

const RESIZE_WAYS: &[(&str, &str)] = &[
    ("straight", "straight to the input size"),
    ("center-crop", "short side to 8/7 of the input size, then the centre"),
];
const RESIZE_FIELD: Field = Field::new(
    "resize",
    Type::Word(RESIZE_WAYS),
    "How faces reach the input size where nothing is trained; a recipe has its own.",
)
.or(Text("straight"));

static RANDOM: NodeSpec = NodeSpec::new("random", "Weights from Proofmark's own generator.")
    .properties(&[
        Field::new(
            "std",
            Type::Number(POSITIVE),
            "Standard deviation of the truncated normal of the matrices; Xavier uniform if absent.",
        ),
        Field::new("seed", SEED, "Seed, besides the recipe's.").or(Whole(0)),
    ]);

static NORMALIZE: NodeSpec = NodeSpec::value(
    "normalize",
    "Mean and standard deviation of the input (RGB in 0 to 1): a preset, or a block. Required with `weights`; `half` if absent with `random`.",
    &[Field::new("preset", Type::Word(&[
        ("vggface2", "of VGGFace2, for FSFM"),
        ("imagenet", "0.485 0.456 0.406 and 0.229 0.224 0.225"),
        ("half", "0.5 for all"),
    ]), "A preset.").group(OR_BLOCK)],
)
.children(&[Child::new(&MEAN, AtMostOnce), Child::new(&STD, AtMostOnce)]);

static MEAN: NodeSpec = NodeSpec::value(
    "mean",
    "Mean per channel.",
    &[
        Field::new("red", Type::Number(FINITE), "Red.").required(),
        Field::new("green", Type::Number(FINITE), "Green.").required(),
        Field::new("blue", Type::Number(FINITE), "Blue.").required(),
    ],
);

static STD: NodeSpec = NodeSpec::value(
    "std",
    "Standard deviation per channel.",
    &[
        Field::new("red", Type::Number(POSITIVE), "Red.").required(),
        Field::new("green", Type::Number(POSITIVE), "Green.").required(),
        Field::new("blue", Type::Number(POSITIVE), "Blue.").required(),
    ],
);

static MISSING: NodeSpec = NodeSpec::value(
    "missing",
    "Patterns (`*` matches anything) of tensors that the file need not have; `head.*` and `fc_norm.*` if absent.",
    &[Field::new("pattern", Type::Text, "A pattern.").required()],
)
.repeating();

pub(crate) static RECIPE: NodeSpec =
    NodeSpec::value("recipe", "How training runs.", &[NAME]).children(RECIPE_CHILDREN);

const RECIPE_CHILDREN: &[Child] = &[
    Child::new(&EPOCHS, Once),
    Child::new(&BATCH, Once),
    Child::new(&ADAMW, AtMostOnce).group("optimizer"),
    Child::new(&SGD, AtMostOnce).group("optimizer"),
    Child::new(&SAM, AtMostOnce),
    Child::new(&SCHEDULE, AtMostOnce),
    Child::new(&CLIP, AtMostOnce),
    Child::new(&EMA, AtMostOnce),
    Child::new(&PRECISION, AtMostOnce),
    Child::new(&AUGMENT, AtMostOnce),
    Child::new(&MIX, AtMostOnce),
    Child::new(&RESIZE, AtMostOnce),
    Child::new(&KEEP, AtMostOnce),
    Child::new(&SEED_NODE, AtMostOnce),
    Child::new(&DEVICE, AtMostOnce),
];

static EPOCHS: NodeSpec = NodeSpec::value(
    "epochs",
    "Passes over the sample.",
    &[Field::new("number", Type::Whole(1, 100_000), "The number.").required()],
);

static BATCH: NodeSpec = NodeSpec::value(
    "batch",
    "Faces per step.",
    &[Field::new("size", SIZE, "The number.").required()],
)
.properties(&[Field::new(
    "micro",
    SIZE,
    "Faces whose activations are in memory at a time; losses still see the whole batch. All if absent.",
)]);

/// The two ways to state a learning rate.
const LR: Field =
    Field::new("lr", Type::Number(POSITIVE), "Peak learning rate, absolute.").group("rate");
const BASE_LR: Field = Field::new(
    "base-lr",
    Type::Number(POSITIVE),
    "Peak learning rate of a batch of 256; times batch / 256.",
)
.group("rate");

static ADAMW: NodeSpec = NodeSpec::new("adamw", "AdamW with layer-wise learning rates.")
    .properties(&[
        LR,
        BASE_LR,
        Field::new(
            "weight-decay",
            Type::Number(NOT_NEGATIVE),
            "Decoupled weight decay of matrices.",
        )
        .or(Number(0.05)),
        Field::new(
            "layer-decay",
            Type::Number(UP_TO_ONE),
            "Factor per layer below the head; 1 for none.",
        )
        .or(Number(1.0)),
        Field::new("beta1", Type::Number(BELOW_ONE), "Decay of the first moment.").or(Number(0.9)),
        Field::new("beta2", Type::Number(BELOW_ONE), "Decay of the second moment.")
            .or(Number(0.999)),
        Field::new("eps", Type::Number(POSITIVE), "Added to the root of the second moment.")
            .or(Number(1e-8)),
    ]);

static SGD: NodeSpec = NodeSpec::new("sgd", "Stochastic gradient descent with momentum.")
    .properties(&[
        LR,
        BASE_LR,
        Field::new("momentum", Type::Number(BELOW_ONE), "What a step keeps of the one before.")
            .or(Number(0.9)),
        Field::new(
            "weight-decay",
            Type::Number(NOT_NEGATIVE),
            "Decay of matrices, added to the gradient.",
        )
        .or(Number(0.0)),
    ]);

static SAM: NodeSpec = NodeSpec::new(
    "sam",
    "Sharpness-aware minimisation around the optimiser (Foret et al. 2021): each step follows the gradient at the worst place nearby, which takes two passes.",
)
.properties(&[
    Field::new("rho", Type::Number(POSITIVE), "How far away that is, in units of all weights together.").or(Number(0.05)),
]);

static SCHEDULE: NodeSpec = NodeSpec::value(
    "schedule",
    "Learning rate over time; constant if absent.",
    &[Field::new(
        "shape",
        Type::Word(&[
            ("cosine", "half a cosine down to `min-lr`"),
            ("linear", "constant until `hold`, then a straight line down to `min-lr`"),
            ("constant", "constant"),
        ]),
        "Shape after the warm-up.",
    )
    .required()],
)
.properties(&[
    Field::new("warmup", Type::Epochs, "Epochs of linear warm-up.").or(Number(0.0)),
    Field::new("min-lr", Type::Number(NOT_NEGATIVE), "Learning rate at the end.").or(Number(0.0)),
    Field::new(
        "hold",
        Type::Epochs,
        "Epoch until which a `linear` one is constant; the end of the warm-up if absent.",
    ),
]);

static CLIP: NodeSpec = NodeSpec::value(
    "clip",
    "Scales the gradient of all parameters together down to a norm; never if absent.",
    &[Field::new("norm", Type::Number(POSITIVE), "The largest Euclidean norm.").required()],
);

static EMA: NodeSpec = NodeSpec::value(
    "ema",
    "Keeps an exponential moving average of the weights, which is validated and kept instead of them.",
    &[Field::new("decay", Type::Number(BELOW_ONE), "What a step keeps of the average.").required()],
);

static PRECISION: NodeSpec = NodeSpec::value(
    "precision",
    "Precision of the backbone's matrix products; weights and losses are always f32.",
    &[Field::new(
        "type",
        Type::Word(&[("f32", "32 bits"), ("bf16", "bfloat16; on a CPU correct but slow")]),
        "The type.",
    )
    .required()
    .or(Text("f32"))],
);

static AUGMENT: NodeSpec = NodeSpec::value(
    "augment",
    "Augmentation of training faces.",
    &[Field::new(
        "recipe",
        Type::Word(&[
            ("fsfm", "FSFM's whole recipe (paper section 4.3)"),
            ("flip-crop", "random resized crop and horizontal flip"),
            ("none", "none"),
        ]),
        "Which; none if absent.",
    )
    .required()],
)
.properties(&[Field::new(
    "interpolation",
    Type::Word(&[
        ("bilinear", "what FSFM's code comes to, whatever it asks for"),
        ("bicubic", "what it asks for"),
    ]),
    "How `fsfm` looks up pixels, in its crop and in its geometric operations.",
)
.or(Text("bilinear"))]);

static MIX: NodeSpec = NodeSpec::new(
    "mix",
    "Mixes each face of a batch, and its class, with another face of the batch (mixup, cutmix); never if absent, as in the paper. Not together with a triplet loss.",
)
.properties(&[
    Field::new(
        "mixup",
        Type::Number(NOT_NEGATIVE),
        "Parameter of the Beta distribution of the weights when two faces are blended; 0 for never.",
    )
    .or(Number(0.0)),
    Field::new(
        "cutmix",
        Type::Number(NOT_NEGATIVE),
        "Parameter of the Beta distribution of the area that is kept when a box is pasted from one face into another; 0 for never.",
    )
    .or(Number(0.0)),
    Field::new("probability", Type::Fraction, "Share of the batches that are mixed.").or(Number(1.0)),
    Field::new("switch", Type::Fraction, "Share of the mixed batches that are cut, if both are on.")
        .or(Number(0.5)),
]);

static RESIZE: NodeSpec = NodeSpec::value(
    "resize",
    "How faces reach the input size at evaluation.",
    &[Field::new("way", Type::Word(RESIZE_WAYS), "The way.").required().or(Text("straight"))],
);

static KEEP: NodeSpec = NodeSpec::value(
    "keep",
    "Which checkpoint is kept; `lowest=val.loss` if absent. Selection never sees a test split.",
    &[Field::new("which", Type::Word(&[("last", "the last epoch's")]), "The last.")
        .group("choice")],
)
.properties(&[
    Field::new(
        "lowest",
        Type::Selection(&[("val.loss", "validation cross-entropy")]),
        "The lowest of a quantity.",
    )
    .group("choice"),
    Field::new(
        "highest",
        Type::Selection(&[("val.auc", "validation AUC of faces")]),
        "The highest of a quantity.",
    )
    .group("choice"),
]);

static SEED_NODE: NodeSpec = NodeSpec::value(
    "seed",
    "Seed of new layers, shuffling, augmentation and drop path.",
    &[Field::new("number", SEED, "The seed.").required().or(Whole(0))],
);

static DEVICE: NodeSpec = NodeSpec::value(
    "device",
    "What it is computed on, unless `--device` or PROOFMARK_DEVICE says otherwise. Changing it reruns nothing.",
    &[Field::new(
        "name",
        Type::Device,
        "`auto` is the first GPU if there is one that this build can use.",
    )
    .required()
    .or(Text("auto"))],
);

pub(crate) static LOSS: NodeSpec = NodeSpec::value(
    "loss",
    "An objective under a name: a weighted sum of terms (paper section 3.3).",
    &[NAME],
)
.children(LOSS_CHILDREN);

const LOSS_CHILDREN: &[Child] =
    &[Child::new(&CROSS_ENTROPY, Once), Child::new(&TRIPLET, AnyNumber)];
const LOSS_CHILDREN_OR_NAME: &[Child] =
    &[Child::new(&CROSS_ENTROPY, AtMostOnce), Child::new(&TRIPLET, AnyNumber)];

static CROSS_ENTROPY: NodeSpec = NodeSpec::new("cross-entropy", "Softmax cross-entropy.")
    .properties(&[
        Field::new("weight", Type::Number(NOT_NEGATIVE), "Weight in the sum.").or(Number(1.0)),
        Field::new("smoothing", Type::Number(BELOW_ONE), "Label smoothing, 0 for none.")
            .or(Number(0.0)),
    ]);

static TRIPLET: NodeSpec = NodeSpec::value(
    "triplet",
    "Triplet loss on the embeddings (paper section 3.3.1).",
    &[Field::new(
        "mining",
        Type::Word(&[
            ("batch-all", "BA: mean over all active triplets"),
            ("hard-positive-hard-negative", "HP-HN: farthest positive, nearest negative"),
            ("easy-positive-hard-negative", "EP-HN: nearest positive, nearest negative"),
        ]),
        "Which triplets of a batch count.",
    )
    .required()],
)
.properties(&[
    Field::new("margin", Type::Number(POSITIVE), "The margin m, in units of Euclidean distance.")
        .required(),
    Field::new("weight", Type::Number(NOT_NEGATIVE), "The weight w.").or(Number(1.0)),
    Field::new("normalize", Type::Bool, "Whether embeddings are first scaled to unit length.")
        .or(Bool(false)),
]);

pub(crate) static EXPERIMENT: NodeSpec = NodeSpec::value(
    "experiment",
    "One model: one to train, or, without `data`, `recipe` and `loss`, one that is scored as its file has it (`head` of its `init`). What it does not state itself comes from the experiment it extends.",
    &[NAME],
)
.properties(&[Field::new(
    "extends",
    Type::Ref(Kind::Experiment),
    "The experiment it is derived from.",
)])
.children(&[
    Child::new(&DATA, AtMostOnce),
    Child::new(&USE_BACKBONE, AtMostOnce),
    Child::new(&USE_INIT, AtMostOnce),
    Child::new(&USE_RECIPE, AtMostOnce),
    Child::new(&USE_LOSS, AtMostOnce),
    Child::new(&ATTRIBUTION, AtMostOnce),
    Child::new(&OVERRIDE, AnyNumber),
]);

static DATA: NodeSpec = NodeSpec::value(
    "data",
    "What it trains on.",
    &[Field::new("ensemble", Type::Ref(Kind::Ensemble), "The ensemble.").required()],
)
.properties(&[Field::new(
    "without",
    Type::Ref(Kind::Dataset),
    "A data set of the ensemble that is left out, as to test on it what the others teach.",
)]);

static USE_BACKBONE: NodeSpec = NodeSpec::value(
    "backbone",
    "The network.",
    &[Field::new("backbone", Type::Ref(Kind::Backbone), "The backbone.").required()],
);

static USE_INIT: NodeSpec = NodeSpec::value(
    "init",
    "Its first weights.",
    &[Field::new("init", Type::Ref(Kind::Init), "The init.").required()],
);

static USE_RECIPE: NodeSpec = NodeSpec::value(
    "recipe",
    "How it is trained.",
    &[Field::new("recipe", Type::Ref(Kind::Recipe), "The recipe.").required()],
);

static USE_LOSS: NodeSpec = NodeSpec::value(
    "loss",
    "The objective: the name of a `loss`, or its terms in a block.",
    &[Field::new("loss", Type::Ref(Kind::Loss), "The loss.").group(OR_BLOCK)],
)
.children(LOSS_CHILDREN_OR_NAME);

static ATTRIBUTION: NodeSpec = NodeSpec::value(
    "attribution",
    "Classes other than real and fake (paper section 3.4).",
    &[Field::new(
        "none",
        Type::Word(&[("none", "real and fake, undoing an inherited one")]),
        "None.",
    )
    .group("by")],
)
.properties(&[Field::new(
    "by",
    Type::Word(&[
        ("category", "real and one class per family of manipulation"),
        ("dataset", "real and one class per data set"),
        ("manipulation", "real and one class per manipulation"),
    ]),
    "What makes a class.",
)
.group("by")]);

pub(crate) static OVERRIDE: NodeSpec = NodeSpec::value(
    "override",
    "Patches what the experiment refers to, for it and those that extend it only: properties and children of the same name replace, the rest stays.",
    &[Field::new("what", Type::Word(&[
        ("data", "the ensemble"),
        ("backbone", "the backbone"),
        ("init", "the init"),
        ("recipe", "the recipe"),
        ("loss", "the loss"),
    ]), "What is patched.").required()],
)
.keyed()
.variants(&[
    Variant { word: "data", doc: "As in `ensemble`.", properties: &[], children: ENSEMBLE_CHILDREN },
    Variant { word: "backbone", doc: "As in `backbone`.", properties: &[], children: BACKBONE_CHILDREN },
    Variant { word: "init", doc: "As in `init`.", properties: &[], children: INIT_CHILDREN },
    Variant { word: "recipe", doc: "As in `recipe`.", properties: &[], children: RECIPE_CHILDREN },
    Variant { word: "loss", doc: "As in `loss`.", properties: &[], children: LOSS_CHILDREN },
]);

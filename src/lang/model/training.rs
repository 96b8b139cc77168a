//! What is trained and from what: ensembles, backbones, first weights, losses, attribution.

use serde::{Deserialize, Serialize};

use super::{DataPath, Resize, Split};
use crate::span::Spanned;

/// Data sets trained on together (paper section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ensemble {
    /// Name.
    pub name: Spanned<String>,
    /// Its data sets, in order.
    pub sources: Vec<Source>,
    /// How faces are sampled (paper section 4.1).
    pub sample: Option<SampleRule>,
}

/// One data set of an ensemble.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// Name of the data set.
    pub dataset: Spanned<String>,
    /// Split trained on.
    pub train: Spanned<Split>,
    /// Split that selects the checkpoint. Never test.
    pub val: Spanned<Split>,
    /// Only its reals are used, and each has a fake that is made of it while training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudo_fake: Option<PseudoFake>,
}

/// Fakes that are made of reals while training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PseudoFake {
    /// How.
    pub kind: Spanned<PseudoFakeKind>,
    /// What is blended in.
    pub hull: Spanned<Hull>,
    /// Whether real and fake are both augmented after that, in the same way.
    pub post_augment: Spanned<bool>,
}

/// Kinds of pseudo-fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PseudoFakeKind {
    /// A face blended into itself (Shiohara and Yamasaki 2022).
    SelfBlended,
}

/// The part of a face that is blended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hull {
    /// One of the four below but the last, each as often.
    Mixed,
    /// The convex hull of all points with a soft edge: with the forehead, if its points are
    /// known.
    Face,
    /// Jaw and mouth, nose, brows: three hulls.
    Full,
    /// Hulls around cheeks, forehead and nose.
    Components,
    /// The same with the brows pushed up.
    Extended,
    /// The convex hull of all points.
    Convex,
}

/// Balanced sampling of faces. All faces are used when an ensemble has none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleRule {
    /// Parts (real, fake) of the aimed ratio, e.g. (1, 1).
    pub real_to_fake: Spanned<(f64, f64)>,
    /// Faces taken from every video, at least, if it has them.
    pub at_least: Spanned<u32>,
    /// Seed.
    pub seed: Spanned<u64>,
}

/// A network without its classifier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backbone {
    /// Name.
    pub name: Spanned<String>,
    /// Side of the square input in pixels.
    pub image: Spanned<usize>,
    /// Stochastic depth of the last block; linear from 0 at the first.
    pub drop_path: Spanned<f64>,
    /// What it is.
    #[serde(flatten)]
    pub kind: BackboneKind,
}

/// Kinds of network.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum BackboneKind {
    /// A Vision Transformer.
    Vit(Vit),
    /// An EfficientNet.
    EfficientNet(EfficientNet),
}

/// A Vision Transformer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vit {
    /// Side of a square patch in pixels; divides the image's.
    pub patch: Spanned<usize>,
    /// Embedding width D.
    pub width: Spanned<usize>,
    /// Number of blocks.
    pub depth: Spanned<usize>,
    /// Attention heads; divides the width.
    pub heads: Spanned<usize>,
    /// Hidden width of the MLP over D.
    pub mlp_ratio: Spanned<f64>,
    /// Initial LayerScale, if the blocks have it.
    pub layer_scale: Option<Spanned<f64>>,
    /// Register tokens, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registers: Option<Spanned<usize>>,
    /// What becomes the embedding.
    pub pool: Spanned<Pool>,
}

/// An EfficientNet (Tan and Le 2019).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EfficientNet {
    /// Factor on the channels of B0.
    pub width_factor: Spanned<f64>,
    /// Factor on the blocks of B0.
    pub depth_factor: Spanned<f64>,
    /// Share of the embedding that is dropped while training.
    pub dropout: Spanned<f64>,
    /// Share of batch norm's running statistics that a step replaces.
    pub momentum: Spanned<f64>,
}

/// What becomes the embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// Mean of all tokens but CLS, then `fc_norm` (paper section 4.3).
    PatchMean,
    /// The CLS token, then `fc_norm`.
    Cls,
}

/// How the backbone's weights begin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Init {
    /// Name.
    pub name: Spanned<String>,
    /// Where the weights come from.
    pub weights: Weights,
    /// Mean and standard deviation of the input, RGB in [0, 1].
    pub normalize: Normalize,
    /// Patterns (`*` matches anything) of tensors that the file need not have.
    pub missing: Vec<Spanned<String>>,
    /// What the file's classifier gives, if that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
}

/// What the classifier of a weights file gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Head {
    /// Its outputs in order: one is `real`, the others are names of fakes. A single one is the
    /// logit of `real` or `fake`.
    pub outputs: Vec<Spanned<String>>,
    /// How faces reach the input size, where nothing is trained.
    pub resize: Spanned<Resize>,
}

impl Head {
    /// Names of the classes, `real` first.
    pub fn classes(&self) -> Vec<String> {
        let names = self.outputs.iter().map(|output| output.value.clone());
        let fakes = names.filter(|name| name != REAL);
        let mut classes: Vec<String> = std::iter::once(REAL.to_owned()).chain(fakes).collect();
        if classes.len() == 1 {
            classes.push("fake".to_owned());
        }
        classes
    }
}

/// What the class of reals is called.
pub const REAL: &str = "real";

/// Where the weights come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Weights {
    /// Drawn from Proofmark's own generator.
    Random {
        /// Standard deviation of the truncated normal of the matrices; Xavier
        /// uniform when absent.
        std: Option<Spanned<f64>>,
        /// Seed, besides the recipe's.
        seed: Spanned<u64>,
    },
    /// A safetensors file or a `.pth`; `hf://OWNER/REPO/PATH` from the hub.
    File {
        /// The location.
        path: Spanned<DataPath>,
        /// Where in the file its tensors are; found if absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<Spanned<String>>,
    },
}

/// Mean and standard deviation of the input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalize {
    /// Per channel, RGB, inputs in [0, 1].
    pub mean: Spanned<[f64; 3]>,
    /// Per channel.
    pub std: Spanned<[f64; 3]>,
}

/// The training objective: a weighted sum (paper section 3.3).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// Its terms.
    pub terms: Vec<LossTerm>,
}

/// One term of the objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "term", rename_all = "kebab-case")]
pub enum LossTerm {
    /// Softmax cross-entropy.
    CrossEntropy {
        /// Weight in the sum.
        weight: Spanned<f64>,
        /// Label smoothing, 0 for none.
        smoothing: Spanned<f64>,
    },
    /// Triplet loss on the embeddings.
    Triplet {
        /// Which triplets.
        mining: Spanned<Mining>,
        /// The margin m, in units of Euclidean distance.
        margin: Spanned<f64>,
        /// The weight w.
        weight: Spanned<f64>,
        /// Whether embeddings are first scaled to unit length.
        normalize: Spanned<bool>,
    },
}

impl LossTerm {
    /// Its weight in the sum.
    pub fn weight(&self) -> f64 {
        match self {
            Self::CrossEntropy { weight, .. } | Self::Triplet { weight, .. } => weight.value,
        }
    }
}

/// Which triplets of a batch count (paper section 3.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mining {
    /// BA: mean over all active triplets.
    BatchAll,
    /// HP-HN: each anchor's farthest positive and nearest negative.
    HardPositiveHardNegative,
    /// EP-HN: each anchor's nearest positive and nearest negative.
    EasyPositiveHardNegative,
}

/// What the classes of training are (paper section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribution {
    /// Real and one class per family of manipulation.
    Category,
    /// Real and one class per data set.
    Dataset,
    /// Real and one class per manipulation.
    Manipulation,
}

impl Ensemble {
    /// Whether anything of a data set is trained on.
    pub fn trains_on(&self, dataset: &str) -> bool {
        self.sources.iter().any(|source| source.dataset.value == dataset)
    }

    /// The data sets and splits that validate.
    pub fn validation(&self) -> impl Iterator<Item = (String, Split)> {
        self.sources.iter().map(|source| (source.dataset.value.clone(), source.val.value))
    }

    /// Its pseudo-fakes, by the data set that they are made of.
    pub fn pseudo_fakes(&self) -> impl Iterator<Item = (&Source, &PseudoFake)> {
        self.sources.iter().filter_map(|source| Some((source, source.pseudo_fake.as_ref()?)))
    }
}

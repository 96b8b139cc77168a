//! Recipes: how a backbone is trained (paper section 4.3).

use serde::{Deserialize, Serialize};

use crate::span::Spanned;

/// How training runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// Name.
    pub name: Spanned<String>,
    /// Passes over the sample.
    pub epochs: Spanned<u32>,
    /// Faces per step.
    pub batch: Spanned<usize>,
    /// Faces whose activations are in memory at a time; all if absent.
    pub micro: Option<Spanned<usize>>,
    /// Optimiser.
    #[serde(flatten)]
    pub optimizer: Optimizer,
    /// Radius of the neighbourhood whose worst gradient is followed (SAM), if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sam: Option<Spanned<f64>>,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Largest norm of the gradient of all parameters together.
    pub clip: Option<Spanned<f64>>,
    /// Decay of the moving average of the weights, if one is kept.
    pub ema: Option<Spanned<f64>>,
    /// Of the backbone's matrix products.
    pub precision: Spanned<Precision>,
    /// Augmentation of training faces.
    pub augment: Augment,
    /// How faces of a batch are mixed, if they are.
    pub mix: Option<Spanned<Mix>>,
    /// How faces reach the input size at evaluation.
    pub resize: Spanned<Resize>,
    /// Which checkpoint is kept.
    pub keep: Spanned<Keep>,
    /// Seed of initialisation of new layers, shuffling, augmentation, drop path.
    pub seed: Spanned<u64>,
    /// What it is computed on; part of no key.
    #[serde(skip)]
    pub device: Spanned<DeviceChoice>,
}

/// What to compute on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceChoice {
    /// The first GPU, if this build can use one, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// The NVIDIA GPU of this number.
    Cuda(usize),
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("cuda:").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        match (text, number.and_then(|number| number.parse().ok())) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            (_, Some(number)) => Ok(Self::Cuda(number)),
            _ => Err("a device is `auto`, `cpu` or `cuda:N`, as in `cuda:0`".to_owned()),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// Optimisers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// AdamW.
    AdamW(AdamW),
    /// Stochastic gradient descent with momentum.
    Sgd(Sgd),
}

impl Optimizer {
    /// Peak learning rate, absolute.
    pub fn lr(&self) -> &Spanned<f64> {
        match self {
            Self::AdamW(adamw) => &adamw.lr,
            Self::Sgd(sgd) => &sgd.lr,
        }
    }
}

/// Stochastic gradient descent with momentum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sgd {
    /// Peak learning rate, absolute. `base-lr` is resolved into it (times batch / 256).
    pub lr: Spanned<f64>,
    /// What a step keeps of the one before.
    pub momentum: Spanned<f64>,
    /// Added to the gradient, times the weight; of matrices.
    pub weight_decay: Spanned<f64>,
}

/// AdamW with layer-wise learning rates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdamW {
    /// Peak learning rate, absolute. `base-lr` is resolved into it (times batch / 256).
    pub lr: Spanned<f64>,
    /// Decoupled weight decay of matrices.
    pub weight_decay: Spanned<f64>,
    /// Factor per layer below the head; 1 for none.
    pub layer_decay: Spanned<f64>,
    /// First moment.
    pub beta1: Spanned<f64>,
    /// Second moment.
    pub beta2: Spanned<f64>,
    /// Added to the root of the second moment.
    pub eps: Spanned<f64>,
}

/// Learning rate over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schedule {
    /// Shape after the warm-up.
    pub kind: Spanned<ScheduleKind>,
    /// Epochs of linear warm-up.
    pub warmup: Spanned<f64>,
    /// Learning rate at the end.
    pub min_lr: Spanned<f64>,
    /// The epoch until which it is constant, for shapes that fall after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Spanned<f64>>,
}

/// Shapes of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Half a cosine down to `min-lr`.
    Cosine,
    /// A straight line down to `min-lr`.
    Linear,
    /// Constant.
    Constant,
}

/// Precision of the backbone's matrix products. Weights and losses are always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// bfloat16.
    Bf16,
}

/// Augmentation of training faces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Augment {
    /// Which.
    pub kind: Spanned<AugmentKind>,
    /// How FSFM's recipe looks pixels up.
    pub interpolation: Spanned<Interpolation>,
}

/// Recipes of augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AugmentKind {
    /// None.
    None,
    /// Random resized crop and horizontal flip.
    FlipCrop,
    /// FSFM's whole recipe.
    Fsfm,
}

/// How pixels between pixels are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Linear.
    Bilinear,
    /// Cubic.
    Bicubic,
}

/// How each face of a batch is mixed with another (mixup, cutmix).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mix {
    /// Parameter of the Beta distribution of a blend's weights; 0 for no blends.
    pub mixup: Spanned<f64>,
    /// Parameter of the Beta distribution of the area kept; 0 for no boxes.
    pub cutmix: Spanned<f64>,
    /// Share of the batches that are mixed.
    pub probability: Spanned<f64>,
    /// Share of the mixed batches that are cut, if both are on.
    pub switch: Spanned<f64>,
}

/// How faces reach the input size at evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Straight to the input size.
    Straight,
    /// Short side to 8/7 of the input size, then the centre.
    CenterCrop,
}

/// Which checkpoint is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Lowest validation cross-entropy (`keep lowest=val.loss`).
    LowestValLoss,
    /// Highest validation AUC of faces (`keep highest=val.auc`).
    HighestValAuc,
    /// The last epoch's (`keep last`).
    Last,
}

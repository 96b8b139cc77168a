//! The typed experiment: what a checked set of files says, with every name
//! resolved and every value carrying the place it was written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::span::{Origin, Spanned};

/// Everything that an experiment file and its imports declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Project {
    /// Data sets by name.
    pub datasets: BTreeMap<String, Dataset>,
    /// Experiments by name, with `extends` and `override` already applied.
    pub experiments: BTreeMap<String, Experiment>,
    /// Tables in order of declaration.
    pub tables: Vec<Table>,
}

/// A data set: where its media lie and what they mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dataset {
    /// Name by which everything else refers to it.
    pub name: Spanned<String>,
    /// Name for readers; the `name` when absent.
    pub title: Option<Spanned<String>>,
    /// How the files lie on disk.
    pub layout: Layout,
    /// Declared manipulations, in order.
    pub manipulations: Vec<Manipulation>,
    /// How videos are divided into train, val and test.
    pub split: SplitRule,
    /// What to do about identities and originals that an official division has in several
    /// splits. It changes no result, only whether there is one, and is in no key.
    pub overlap: Spanned<Overlap>,
    /// Which frames of a video are used.
    pub frames: FrameRule,
    /// How a face is cut from a frame.
    pub faces: FaceRule,
    /// Smallest fraction (0 to 1) of videos with a usable face; below it a column
    /// is an error.
    pub min_coverage: Spanned<f64>,
    /// Published numbers, for comparison only.
    pub expect: Option<Expect>,
}

/// How the files of a data set lie on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Layout {
    /// The synthetic demo, drawn by Proofmark itself.
    Demo(DemoLayout),
    /// Images in class folders, optionally one level of video folders inside.
    Folder(FolderLayout),
    /// One row per image (or frame) in a CSV or Parquet file.
    Table(TableLayout),
    /// One of the publicly released layouts, read as downloaded.
    Released(ReleasedLayout),
    /// A data set prepared by DeepfakeBench: its JSON and its folders of frames.
    Deepfakebench(BenchLayout),
}

/// A path as written: `env:NAME`, or a path relative to the file that states it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataPath {
    /// The text in the file.
    pub written: String,
    /// Folder of the KDL file, against which a relative path is resolved.
    pub base: PathBuf,
}

/// `layout demo`: drawn faces, generated from a seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemoLayout {
    /// Seed of this data set; different sets have different identities.
    pub seed: Spanned<u64>,
    /// Capture conditions: `studio`, `webcam`, `phone`, `broadcast`, `archive`,
    /// `cinema` or `social`.
    pub capture: Spanned<DemoCapture>,
    /// Number of identities.
    pub identities: Spanned<u32>,
    /// Real videos per identity.
    pub videos: Spanned<u32>,
    /// Fake videos per identity, spread over the methods.
    pub fakes: Spanned<u32>,
    /// Frames (faces) per video.
    pub frames: Spanned<u32>,
    /// Methods used, each the name of a demo method. The data set's own
    /// `manipulation` nodes when none are listed here; listing them here hides them
    /// from the manifest, as in material of unknown origin.
    pub hidden_methods: Vec<Spanned<String>>,
}

/// Capture conditions of a demo data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DemoCapture {
    /// Even light, plain background, light compression.
    Studio,
    /// Low resolution, noise, warm light.
    Webcam,
    /// Hard light, motion blur.
    Phone,
    /// Cool light, medium compression.
    Broadcast,
    /// Faded colours, blur.
    Archive,
    /// Dark, high contrast.
    Cinema,
    /// Recompressed, rescaled and filtered: social media.
    Social,
}

/// `layout folder`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderLayout {
    /// The folder that holds the class folders.
    pub root: Spanned<DataPath>,
    /// Whether a class folder holds one folder per video rather than images.
    pub videos: Spanned<bool>,
    /// The class folders.
    pub classes: Vec<FolderClass>,
}

/// One class folder of a `folder` layout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderClass {
    /// Path relative to the root.
    pub folder: Spanned<String>,
    /// Real or fake.
    pub label: Spanned<Label>,
    /// For fakes, the manipulation, if known.
    pub manipulation: Option<Spanned<String>>,
    /// The split all of it belongs to, if the folder decides that.
    pub split: Option<Spanned<Split>>,
}

/// `layout table`: a CSV or Parquet file with one row per image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableLayout {
    /// The file; `.parquet` is Parquet, anything else CSV with a header.
    pub file: Spanned<DataPath>,
    /// Folder against which the image paths are resolved; the file's own when absent.
    pub root: Option<Spanned<DataPath>>,
    /// Column of the image path.
    pub path: Spanned<String>,
    /// Column of the label.
    pub label: Spanned<String>,
    /// Values of the label column that mean real; every other value must be in `fake`.
    pub real: Vec<Spanned<String>>,
    /// Values of the label column that mean fake.
    pub fake: Vec<Spanned<String>>,
    /// Column naming the video an image belongs to; each image is its own when absent.
    pub video: Option<Spanned<String>>,
    /// Column of the manipulation.
    pub manipulation: Option<Spanned<String>>,
    /// Column of the split (`train`, `val`, `test`).
    pub split: Option<Spanned<String>>,
    /// Column of the group (identity, source) that must not straddle splits.
    pub group: Option<Spanned<String>>,
}

/// A publicly released layout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleasedLayout {
    /// Which one.
    pub name: Spanned<Released>,
    /// The folder as downloaded.
    pub root: Spanned<DataPath>,
    /// Open decisions of that data set as `key=value` switches, e.g. `compression=c23`.
    pub switches: BTreeMap<String, Spanned<String>>,
}

/// `layout deepfakebench`: a JSON of labels, splits and frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchLayout {
    /// The folder of the frames.
    pub root: Spanned<DataPath>,
    /// The JSON.
    pub file: Spanned<DataPath>,
    /// Which copy, where the JSON has several.
    pub compression: Option<Spanned<String>>,
    /// Labels that mean real.
    pub real: Vec<Spanned<String>>,
    /// Labels that mean fake; each is a manipulation.
    pub fake: Vec<Spanned<String>>,
}

/// The released layouts that can be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Released {
    /// FaceForensics++.
    Faceforensics,
    /// Celeb-DF v2.
    Celebdf,
    /// DFDC.
    Dfdc,
    /// FakeAVCeleb v1.2.
    Fakeavceleb,
    /// ForgeryNet.
    Forgerynet,
    /// DF40.
    Df40,
    /// WildDeepfake.
    Wilddeepfake,
    /// Deepfake-Eval-2024.
    DeepfakeEval2024,
}

impl Released {
    /// Whether it is released as videos, whose faces are still to be found, and not as faces.
    pub fn is_videos(self) -> bool {
        !matches!(self, Self::Df40 | Self::Wilddeepfake)
    }
}

/// Real or fake. Real is class 0 everywhere inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Pristine: class 0.
    Real,
    /// Manipulated.
    Fake,
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Gradient steps.
    Train,
    /// Selection.
    Val,
    /// Reported numbers.
    Test,
}

impl Split {
    /// The word for it in experiment files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// A manipulation method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manipulation {
    /// Name as the data set spells it.
    pub name: Spanned<String>,
    /// Family, for attribution by category and family averages.
    pub family: Option<Spanned<Family>>,
    /// Name for readers.
    pub title: Option<Spanned<String>>,
}

/// Families of manipulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Another person's face (FS).
    FaceSwap,
    /// The same person, driven (RE).
    Reenactment,
    /// A face that never existed (EFS).
    EntireFace,
    /// Edited attributes (FE).
    Editing,
    /// Not known.
    Unknown,
}

/// How videos are divided into splits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum SplitRule {
    /// As the release, the table's split column or the class folders say.
    Official {
        /// Fraction (0 to 1) of the groups of train that become val, where the release has
        /// no validation split.
        val: Option<Spanned<f64>>,
        /// Seed of that.
        seed: Spanned<u64>,
    },
    /// Everything in one split, as for test-only sets.
    Only {
        /// The split.
        split: Spanned<Split>,
    },
    /// Carved by group with a seed; groups never straddle splits.
    Carve {
        /// Fraction (0 to 1) of groups in train.
        train: Spanned<f64>,
        /// Fraction of groups in val.
        val: Spanned<f64>,
        /// Fraction of groups in test.
        test: Spanned<f64>,
        /// Seed.
        seed: Spanned<u64>,
    },
}

/// Identities and originals in several splits of one data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// An error.
    #[default]
    Refuse,
    /// Counted and told: the release is so.
    Accept,
}

impl SplitRule {
    /// As the release says.
    pub const OFFICIAL: Self =
        Self::Official { val: None, seed: Spanned { value: 0, origin: Origin::DEFAULT } };
}

/// Which frames of a video are used.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum FrameRule {
    /// Every frame there is.
    All,
    /// Frames at 0 s, 1/fps s, 2/fps s, ... by presentation time.
    Fps {
        /// Frames per second.
        fps: Spanned<f64>,
    },
    /// Every n-th frame, from the first.
    Every {
        /// The step.
        every: Spanned<u32>,
    },
    /// A number of frames, evenly spaced over the video.
    Count {
        /// The number.
        count: Spanned<u32>,
    },
}

/// How a face is cut from a frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceRule {
    /// `none`: the image already is a face crop.
    pub detector: Spanned<Detector>,
    /// Its weights; the ones that Proofmark carries when absent.
    pub weights: Option<Spanned<DataPath>>,
    /// Smallest score of a face, 0 to 1.
    pub score: Spanned<f64>,
    /// Overlap (intersection over union) from which two boxes are one face.
    pub nms: Spanned<f64>,
    /// Smallest face: the shorter side of its box in pixels of the frame.
    pub min_face: Spanned<u32>,
    /// Longest side of a frame at detection in pixels; larger frames are shrunk to it. 0 for
    /// any.
    pub long_side: Spanned<u32>,
    /// Which of several faces in a frame.
    pub take: Spanned<Take>,
    /// Fraction by which the box grows (0.3 for 30 %).
    pub margin: Spanned<f64>,
    /// Whether the box becomes a square.
    pub framing: Spanned<Framing>,
    /// How the crop's pixels are interpolated.
    pub filter: Spanned<Interpolation>,
    /// Side of the stored crop in pixels.
    pub size: Spanned<u32>,
}

/// Which of several faces in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// Every one.
    All,
    /// The one with the largest box.
    Largest,
}

/// The shape that is cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// A square of the box's longer side.
    Square,
    /// The box itself, stretched to a square when it is resized.
    Box,
}

/// Face detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// The image is already a face.
    None,
    /// RetinaFace.
    Retinaface,
}

/// Published numbers of a data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expect {
    /// Videos in train.
    pub train: Option<Spanned<u64>>,
    /// Videos in val.
    pub val: Option<Spanned<u64>>,
    /// Videos in test.
    pub test: Option<Spanned<u64>>,
    /// Real videos.
    pub real: Option<Spanned<u64>>,
    /// Fake videos.
    pub fake: Option<Spanned<u64>>,
    /// Manipulations that are face swaps.
    pub face_swaps: Option<Spanned<u64>>,
    /// Manipulations that are reenactments.
    pub reenactments: Option<Spanned<u64>>,
    /// Real faces sampled for training.
    pub real_samples: Option<Spanned<u64>>,
    /// Fake faces sampled for training.
    pub fake_samples: Option<Spanned<u64>>,
    /// Frames of real videos.
    pub real_frames: Option<Spanned<u64>>,
    /// Frames of fake videos.
    pub fake_frames: Option<Spanned<u64>>,
}

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

/// A Vision Transformer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backbone {
    /// Name.
    pub name: Spanned<String>,
    /// Side of a square patch in pixels.
    pub patch: Spanned<usize>,
    /// Embedding width D.
    pub width: Spanned<usize>,
    /// Number of blocks.
    pub depth: Spanned<usize>,
    /// Attention heads; divides the width.
    pub heads: Spanned<usize>,
    /// Side of the square input in pixels; a multiple of the patch.
    pub image: Spanned<usize>,
    /// Hidden width of the MLP over D.
    pub mlp_ratio: Spanned<f64>,
    /// Initial LayerScale, if the blocks have it.
    pub layer_scale: Option<Spanned<f64>>,
    /// What becomes the embedding.
    pub pool: Spanned<Pool>,
    /// Stochastic depth of the last block; linear from 0 at the first.
    pub drop_path: Spanned<f64>,
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
}

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
    /// A safetensors file or a zip `.pth`; `hf://OWNER/REPO/PATH` from the hub.
    File {
        /// The location.
        path: Spanned<DataPath>,
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
    pub adamw: AdamW,
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
}

/// Shapes of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Half a cosine down to `min-lr`.
    Cosine,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// One model to train.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// Name.
    pub name: Spanned<String>,
    /// The experiment it was derived from.
    pub extends: Option<Spanned<String>>,
    /// What it trains on.
    pub data: Ensemble,
    /// The network.
    pub backbone: Backbone,
    /// Its first weights.
    pub init: Init,
    /// How it is trained.
    pub recipe: Recipe,
    /// The objective.
    pub loss: Loss,
    /// Classes other than real and fake, if any.
    pub attribution: Option<Spanned<Attribution>>,
}

/// A results table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Name; the report's file name.
    pub name: Spanned<String>,
    /// Caption.
    pub title: Option<Spanned<String>>,
    /// Rows in order.
    pub rows: Vec<Row>,
    /// Groups of columns.
    pub scenarios: Vec<Scenario>,
    /// Metrics, each a block of the table.
    pub metrics: Vec<MetricSpec>,
    /// How the faces of a video make its score.
    pub video_score: Spanned<VideoScore>,
    /// How intervals and paired tests are computed.
    pub intervals: Intervals,
    /// The row that every other one is compared with.
    pub compare: Option<Comparison>,
    /// Published numbers to put beside ours.
    pub references: Vec<Reference>,
    /// Statements about the numbers.
    pub claims: Vec<Claim>,
    /// How far a number may lie from the committed table's, as a fraction.
    pub tolerance: Spanned<f64>,
}

impl Table {
    /// Whether it chooses thresholds on validation.
    pub fn validates(&self) -> bool {
        let chosen = |parameter| {
            matches!(parameter, Parameter::Threshold(Spanned { value: Threshold::Val, .. }))
        };
        self.metrics.iter().any(|metric| chosen(metric.parameter))
    }
}

impl Ensemble {
    /// The data sets and splits that validate.
    pub fn validation(&self) -> impl Iterator<Item = (String, Split)> {
        self.sources.iter().map(|source| (source.dataset.value.clone(), source.val.value))
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the experiment.
    pub experiment: Spanned<String>,
    /// Name for readers.
    pub label: Spanned<String>,
    /// The same experiment with other seeds.
    pub repeats: Vec<Spanned<String>>,
}

impl Row {
    /// The experiment and its repeats.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.experiment).chain(&self.repeats);
        all.map(|experiment| experiment.value.as_str())
    }
}

/// A group of columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// Name for readers.
    pub name: Spanned<String>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column, or several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "column", rename_all = "kebab-case")]
pub enum Column {
    /// One data set.
    Dataset {
        /// Its name.
        dataset: Spanned<String>,
        /// Name for readers.
        label: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
    },
    /// Each manipulation of one data set, against all its reals.
    PerManipulation {
        /// The data set.
        dataset: Spanned<String>,
        /// Split scored.
        split: Spanned<Split>,
        /// Whether each manipulation is shown, or only the averages.
        show: Spanned<bool>,
        /// Averages over manipulations, never over family means.
        averages: Vec<Average>,
    },
    /// Mean of the scenario's data-set columns.
    Average {
        /// Name for readers.
        label: Spanned<String>,
    },
}

/// A mean over manipulations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Average {
    /// Name for readers.
    pub label: Spanned<String>,
    /// Only those of one family.
    pub family: Option<Spanned<Family>>,
}

/// A metric of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricSpec {
    /// Which one.
    pub metric: Spanned<Metric>,
    /// The number that it needs.
    pub parameter: Parameter,
    /// Whether faces or videos are scored.
    pub level: Spanned<Level>,
}

/// The number that a metric needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// It needs none.
    None,
    /// Score from which a sample is called fake.
    Threshold(Spanned<Threshold>),
    /// The false-positive rate allowed.
    Fpr(Spanned<f64>),
    /// Bins of equal width.
    Bins(Spanned<u32>),
}

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// It is given.
    Fixed(f64),
    /// The one of the highest balanced accuracy on the validation split of each row's
    /// ensemble.
    Val,
}

/// How the faces of a video make its score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoScore {
    /// Their mean (paper section 4.3).
    #[default]
    Mean,
    /// The highest.
    Max,
    /// The mean of the so many highest.
    Top(u32),
}

/// How intervals and paired tests are computed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// Draws of videos.
    pub draws: Spanned<u32>,
    /// Coverage, as a fraction.
    pub level: Spanned<f64>,
    /// Seed of the draws.
    pub seed: Spanned<u64>,
    /// Whether the table declares them.
    pub shown: bool,
}

/// A comparison of all rows with one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Experiment of the row.
    pub against: Spanned<String>,
}

/// Metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Area under the ROC curve, ties averaged.
    Auc,
    /// Mean of sensitivity and specificity at the threshold.
    BalancedAccuracy,
    /// Equal error rate.
    Eer,
    /// Average precision.
    AveragePrecision,
    /// Accuracy at the threshold.
    Accuracy,
    /// True-positive rate at a false-positive rate.
    Tpr,
    /// Brier score.
    Brier,
    /// Expected calibration error.
    Ece,
}

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A video's score, made of those of its faces.
    Video,
    /// Every face.
    Frame,
}

/// Published numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reference {
    /// Name for readers.
    pub name: Spanned<String>,
    /// CSV with columns `metric,row,scenario,column,value`.
    pub file: Spanned<DataPath>,
    /// Whether the values are percentages rather than fractions.
    pub percent: Spanned<bool>,
    /// Where they were published.
    pub cite: Option<Spanned<String>>,
}

/// A statement about the numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// The statement.
    pub text: Spanned<String>,
    /// Experiment of the row that should be higher.
    pub row: Spanned<String>,
    /// Experiment of the row that should be lower.
    pub above: Spanned<String>,
    /// Label of the column.
    pub column: Spanned<String>,
    /// Name of the scenario.
    pub scenario: Spanned<String>,
    /// The metric.
    pub metric: Spanned<Metric>,
    /// By how much, at least, as a fraction.
    pub by: Spanned<f64>,
}

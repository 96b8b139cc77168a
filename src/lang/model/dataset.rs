//! Data sets: splits, frames, faces, and what is published of them.

use serde::{Deserialize, Serialize};

use super::{DataPath, Interpolation, Layout};
use crate::node::words;
use crate::span::{Origin, Spanned};

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
    /// A file with points of its faces; found by a network when absent, if they are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landmarks: Option<Spanned<DataPath>>,
    /// Smallest fraction (0 to 1) of videos with a usable face; below it a column
    /// is an error.
    pub min_coverage: Spanned<f64>,
    /// Published numbers, for comparison only.
    pub expect: Option<Expect>,
}

words! {
    /// Real or fake. Real is class 0 everywhere inside.
    pub enum Label {
        /// pristine
        Real = "real",
        /// manipulated
        Fake = "fake",
    }
}

words! {
    /// A part of a data set.
    pub enum Split {
        /// gradient steps
        Train = "train",
        /// selection
        Val = "val",
        /// reported numbers
        Test = "test",
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

words! {
    /// Families of manipulation.
    pub enum Family {
        /// another person's face (FS)
        FaceSwap = "face-swap",
        /// the same person, driven (RE)
        Reenactment = "reenactment",
        /// a face that never existed (EFS)
        EntireFace = "entire-face",
        /// edited attributes (FE)
        Editing = "editing",
        /// not known
        Unknown = "unknown",
    }
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

    /// Whether the release's own division counts.
    pub fn is_official(&self) -> bool {
        match self {
            Self::Official { .. } => true,
            Self::Only { .. } | Self::Carve { .. } => false,
        }
    }

    /// Where it was written, if it was.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Official { val, .. } => val.as_ref().map_or(Origin::DEFAULT, |val| val.origin),
            Self::Only { split } => split.origin,
            Self::Carve { train, .. } => train.origin,
        }
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// Every one.
    All,
    /// The one with the largest box.
    Largest,
}

/// The shape that is cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

//! Why faces cannot be looked for, and what to do about it.

use std::path::PathBuf;

use proofmark_model::weights::{WeightsError, shortened};

/// Why there is no detector, or no detection.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file of another network.
    #[error(
        "{} is no RetinaFace that Proofmark knows: looked for `body.stage1.0.0.weight` \
         (MobileNetV1 of a quarter of the width) and `body.conv1.weight` (ResNet-50), \
         whatever stands before them, but its tensors are {}",
        path.display(), shortened(names)
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The names in it.
        names: Vec<String>,
    },
    /// A tensor that is not there.
    #[error(
        "{} lacks the tensor `{name}` of RetinaFace; its tensors are {}",
        path.display(), shortened(names)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        name: String,
        /// The names in it.
        names: Vec<String>,
    },
    /// A tensor of another shape.
    #[error(
        "{}: tensor `{name}` has shape {found:?}, but RetinaFace needs {needed:?}; known are \
         MobileNetV1 of a quarter of the width with 64 channels in the pyramid and ResNet-50 \
         with 256",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape of the network.
        needed: Vec<usize>,
    },
    /// A batch norm that makes no numbers.
    #[error(
        "{}: batch norm `{norm}` gives NaN or infinite weights; is its variance negative?",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The batch norm.
        norm: String,
    },
    /// Outputs that are no numbers.
    #[error(
        "the face detector of {} gives NaN or infinite outputs: its weights are numbers, but too \
         large together",
        path.display()
    )]
    Output {
        /// What its weights are from.
        path: PathBuf,
    },
    /// A frame that is not what it says.
    #[error(
        "a frame of {width}x{height} pixels needs width x height x 3 bytes, at least 3, but has \
         {bytes}"
    )]
    Frame {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Its bytes.
        bytes: usize,
    },
    /// A failure inside candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

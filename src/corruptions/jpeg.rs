//! `jpeg`: compression.

use super::definition::{CorruptionKind, Definition, Strength, Values};
use proofmark_picture::jpeg;

/// Through JPEG with 4:2:0 and the standard's tables, as Pillow and OpenCV write it.
pub const JPEG: CorruptionKind = CorruptionKind(&Definition {
    word: "jpeg",
    doc: "compressed as JPEG, 4:2:0",
    at: "At these qualities.",
    strength: Strength { name: "quality", doc: "JPEG quality.", values: Values::Whole(1, 100) },
    method: "JPEG in 4:2:0",
    axis: "JPEG quality",
    label: ["JPEG", ""],
    version: 2,
    apply: |image, quality, _| jpeg(image, quality as u32),
});

//! `social`: what a picture goes through that is shared on two platforms.

use super::definition::{CorruptionKind, Definition, Strength, Values};
use super::resize::{shrunk, to_side};
use proofmark_picture::jpeg;

/// Twice made smaller by this factor, so that half of the side is left.
const SMALLER: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Made smaller and compressed, and the result made smaller and compressed again, as platforms do with what
/// is uploaded; then as large as before. The second time blocks of JPEG lie elsewhere, as they do when a
/// picture goes from one platform to another. Sizes and JPEG are Pillow's.
pub const SOCIAL: CorruptionKind = CorruptionKind(&Definition {
    word: "social",
    doc: "shared twice, each time made smaller to √½ of its side and compressed as JPEG, 4:2:0; then as large as before",
    at: "At these qualities.",
    strength: Strength {
        name: "quality",
        doc: "JPEG quality of each upload.",
        values: Values::Whole(1, 100),
    },
    method: "social by making smaller to √½ of the side and JPEG in 4:2:0, twice",
    axis: "JPEG quality of two uploads",
    label: ["social", ""],
    version: 1,
    apply: |image, quality, _| {
        let uploaded = |image| jpeg(&shrunk(&image, SMALLER), quality as u32);
        to_side(&uploaded(uploaded(image.clone())), image.width)
    },
});

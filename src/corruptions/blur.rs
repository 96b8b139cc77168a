//! `blur`: a Gaussian.

use super::definition::{CorruptionKind, Definition, Strength, Values};
use proofmark_picture::blur::{Border, blur};

/// Blurred by a Gaussian that ends at four standard deviations, as SciPy's `gaussian_filter` does it. A
/// narrower one than 0.1 changes nothing, and a wider one than 100 leaves nothing of a face.
pub const BLUR: CorruptionKind = CorruptionKind(&Definition {
    word: "blur",
    doc: "Gaussian blur",
    at: "Of these widths.",
    strength: Strength {
        name: "sigma",
        doc: "Standard deviation in pixels of the stored face.",
        values: Values::From(0.1, 100.0),
    },
    method: "blur by its standard deviation in pixels",
    axis: "blur, pixels",
    label: ["blur", ""],
    version: 3,
    apply: |image, sigma, _| {
        let radius = (4.0 * sigma + 0.5) as usize;
        blur(image, 2 * radius + 1, sigma, Border::Repeated)
    },
});

//! `resize`: smaller, and as large as before again.

use super::definition::{CorruptionKind, Definition, Strength, Values};
use proofmark_picture::Pixels;
use proofmark_picture::resize::{Filter, Window, resize};

/// Resized to a share of the side and back, both bicubic as Pillow does it.
pub const RESIZE: CorruptionKind = CorruptionKind(&Definition {
    word: "resize",
    doc: "made smaller and as large as before again, bicubic",
    at: "To these sizes.",
    strength: Strength { name: "side", doc: "Fraction of the face's side.", values: Values::Share },
    method: "size by shrinking and enlarging",
    axis: "size, % of the side",
    label: ["size", " %"],
    version: 2,
    apply: |image, share, _| to_side(&shrunk(image, share), image.width),
});

/// A square image at this share of its side, of at least a pixel.
pub(super) fn shrunk(image: &Pixels, share: f64) -> Pixels {
    to_side(image, ((image.width as f64 * share).round() as usize).max(1))
}

/// A square image at a side of so many pixels.
pub(super) fn to_side(image: &Pixels, side: usize) -> Pixels {
    let from = image.width as u32;
    let whole = Window::whole(from, from);
    Pixels::square(resize(&image.rgb, from, whole, side as u32, Filter::Bicubic), side)
}

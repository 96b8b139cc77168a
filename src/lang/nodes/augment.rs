//! `augment` and `mix`: what is done to training faces.

use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::node::{Placed, Words, node, words};
use crate::schema::Preset::{Number, Text};
use crate::schema::{NOT_NEGATIVE, Type};

node! {
    /// Augmentation of training faces.
    pub struct Augment = "augment" {
        arguments {
            /// Which; none if absent.
            kind as "recipe": AugmentKind = AugmentKind::WORD.required(),
        }
        properties {
            /// How `fsfm` looks up pixels, in its crop and in its geometric operations.
            interpolation: Interpolation = Type::Word(LOOKUPS).or(Text("bilinear")),
        }
    }
    unwritten = none;
}

words! {
    /// Recipes of augmentation.
    pub enum AugmentKind {
        /// FSFM's whole recipe (paper section 4.3)
        Fsfm = "fsfm",
        /// random resized crop and horizontal flip
        FlipCrop = "flip-crop",
        /// none
        None = "none",
    }
}

words! {
    /// How pixels between pixels are looked up.
    pub enum Interpolation {
        /// cubic
        Bicubic = "bicubic",
        /// linear
        Bilinear = "bilinear",
    }
}

/// The same words, as they are told apart in FSFM's code.
const LOOKUPS: &[(&str, &str)] = &[
    (Interpolation::Bilinear.word(), "what FSFM's code comes to, whatever it asks for"),
    (Interpolation::Bicubic.word(), "what it asks for"),
];

impl Augment {
    /// The one of a recipe without.
    pub const NONE: Self = Self { kind: AugmentKind::None, interpolation: Interpolation::Bilinear };
}

fn none(_: Cursor<'_>, _: &mut Sink) -> Option<Placed<Augment>> {
    Some(Augment::NONE.into())
}

node! {
    /// Mixes each face of a batch, and its class, with another face of the batch (mixup, cutmix);
    /// never if absent, as in the paper. Not together with a triplet loss.
    pub struct Mix = "mix" {
        properties {
            /// Parameter of the Beta distribution of the weights when two faces are blended; 0
            /// for never.
            mixup: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
            /// Parameter of the Beta distribution of the area that is kept when a box is pasted
            /// from one face into another; 0 for never.
            cutmix: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
            /// Share of the batches that are mixed.
            probability: f64 = Type::Fraction.or(Number(1.0)),
            /// Share of the mixed batches that are cut, if both are on.
            switch: f64 = Type::Fraction.or(Number(0.5)),
        }
    }
}

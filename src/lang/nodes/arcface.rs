//! `arcface`: cross-entropy of angles with a margin.

use super::terms::{Term, weighted};
use crate::node::{Placed, node};
use crate::schema::Preset::Number;
use crate::schema::{NOT_NEGATIVE, POSITIVE, Range, Type};
use crate::span::Origin;

/// Degrees of a margin: more than a right angle asks for what no embedding can do.
const ANGLE: Range = Range { low: 0.0, high: 90.0, low_in: true, high_in: true };

node! {
    /// ArcFace (Deng et al. 2019): cross-entropy of the cosines between embeddings and the rows of
    /// the classifier's weight, that of a face's own class at an angle that is larger by a margin. It
    /// shapes the embeddings beside `cross-entropy`, which trains the classifier that scores.
    pub struct ArcFace = "arcface" {
        properties {
            /// The margin in degrees.
            margin: f64 = Type::Number(ANGLE).or(Number(28.6)),
            /// Factor on the cosines.
            scale: f64 = Type::Number(POSITIVE).or(Number(64.0)),
            /// The weight w.
            weight: f64 = Type::Number(NOT_NEGATIVE).or(Number(1.0)),
        }
    }
}

weighted!(ArcFace);

impl Term for Placed<ArcFace> {
    fn trains_classifier(&self) -> bool {
        false
    }

    fn needs_one_class(&self) -> Option<Origin> {
        Some(self.node)
    }
}

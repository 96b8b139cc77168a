//! `separability`: how far a table's embeddings of classes lie apart.

use super::common::SEED;
use crate::node::{Words, node, words};
use crate::schema::Preset::{Text, Whole};
use crate::schema::{POSITIVE, Type};

node! {
    /// Measures for each row, on each data set that the table scores, how far the embeddings of
    /// classes lie apart: easy, semi-hard and hard triplets (paper section 3.3.1), silhouette, nearest
    /// neighbours, and pictures on the page. Embeddings of these faces become part of the plan.
    pub struct Separability = "separability" {
        properties {
            /// What the classes are.
            classes: SeparabilityClasses = SeparabilityClasses::WORD.or(Text("label")),
            /// Most faces of a data set that are measured; of more, so many are drawn by chance.
            sample: u32 = Type::Whole(10, 20_000).or(Whole(2000)),
            /// Most of them that pictures show; 0 for no pictures.
            points: u32 = Type::Whole(0, 1000).or(Whole(500)),
            /// Seed of the draw.
            seed: u64 = SEED.or(Whole(0)),
            /// The margin that tells easy triplets from semi-hard ones, for all rows; without it that of
            /// each row's first triplet term.
            margin: Option<f64> [unkeyed] = Type::Number(POSITIVE).optional(),
            /// Whether embeddings are first scaled to unit length, for all rows; without it as each
            /// row's first triplet term says.
            normalize: Option<bool> [unkeyed] = Type::Bool.optional(),
        }
    }
}

words! {
    /// What the classes of embeddings are.
    pub enum SeparabilityClasses {
        /// real and fake
        Label = "label",
        /// real, and each manipulation of fakes
        Manipulation = "manipulation",
    }
}

//! Terms of an objective: what they have in common, cross-entropy and the triplet loss.

use crate::node::{Placed, Words, node, words};
use crate::schema::Preset::{Bool, Number};
use crate::schema::{BELOW_ONE, NOT_NEGATIVE, POSITIVE, Type};
use crate::span::Origin;

/// A node with a `weight`; `weighted!` says it of one.
pub trait Weighted {
    /// Its weight in the sum.
    fn weight(&self) -> f64;
    /// Where that is written.
    fn weight_at(&self) -> Origin;
    /// Where the term is written.
    fn node(&self) -> Origin;
    /// The node that states it.
    fn word(&self) -> &'static str;
}

macro_rules! weighted {
    ($($Node:ident),+) => {
        $(impl $crate::nodes::terms::Weighted for $crate::node::Placed<$Node> {
            fn weight(&self) -> f64 {
                self.weight
            }

            fn weight_at(&self) -> $crate::span::Origin {
                self.at.weight
            }

            fn node(&self) -> $crate::span::Origin {
                self.node
            }

            fn word(&self) -> &'static str {
                <$Node as $crate::node::Decode>::SPEC.name
            }
        })+
    };
}
pub(super) use weighted;

weighted!(CrossEntropy, Triplet);

/// What terms of an objective have in common.
pub trait Term: Weighted {
    /// What journals and reports call it.
    fn name(&self) -> &'static str {
        self.word()
    }
    /// Whether it trains the classifier.
    fn trains_classifier(&self) -> bool;
    /// What makes it need faces of one class each, if it does.
    fn needs_one_class(&self) -> Option<Origin>;
    /// The triplet loss that it is, if it is one.
    fn triplet(&self) -> Option<&Placed<Triplet>> {
        None
    }
}

node! {
    /// Softmax cross-entropy.
    pub struct CrossEntropy = "cross-entropy" {
        properties {
            /// Weight in the sum.
            weight: f64 = Type::Number(NOT_NEGATIVE).or(Number(1.0)),
            /// Label smoothing, 0 for none.
            smoothing: f64 = Type::Number(BELOW_ONE).or(Number(0.0)),
        }
    }
}

node! {
    /// Triplet loss on the embeddings (paper section 3.3.1).
    pub struct Triplet = "triplet" {
        arguments {
            /// Which triplets of a batch count.
            mining: Mining = Mining::WORD.required(),
        }
        properties {
            /// The margin m, in units of Euclidean distance.
            margin: f64 = Type::Number(POSITIVE).required(),
            /// The weight w.
            weight: f64 = Type::Number(NOT_NEGATIVE).or(Number(1.0)),
            /// Whether embeddings are first scaled to unit length.
            normalize: bool = Type::Bool.or(Bool(false)),
        }
    }
}

impl Term for Placed<CrossEntropy> {
    fn trains_classifier(&self) -> bool {
        true
    }

    fn needs_one_class(&self) -> Option<Origin> {
        None
    }
}

impl Term for Placed<Triplet> {
    fn name(&self) -> &'static str {
        self.mining.word()
    }

    fn trains_classifier(&self) -> bool {
        false
    }

    fn needs_one_class(&self) -> Option<Origin> {
        Some(self.at.mining)
    }

    fn triplet(&self) -> Option<&Placed<Triplet>> {
        Some(self)
    }
}

words! {
    /// Which triplets of a batch count (paper section 3.3.1).
    pub enum Mining {
        /// BA: mean over all active triplets
        BatchAll = "batch-all",
        /// HP-HN: farthest positive, nearest negative
        HardPositiveHardNegative = "hard-positive-hard-negative",
        /// EP-HN: nearest positive, nearest negative
        EasyPositiveHardNegative = "easy-positive-hard-negative",
    }
}

//! `loss`: the training objective, a weighted sum of terms (paper section 3.3).

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Decode, Placed, Words, choice, node, words};
use crate::schema::Preset::{Bool, Number};
use crate::schema::{BELOW_ONE, Field, NOT_NEGATIVE, POSITIVE, Type, any_number, once};
use crate::span::Origin;

node! {
    /// An objective under a name: a weighted sum of terms (paper section 3.3).
    pub struct Loss = "loss" {
        also_arguments [NAME]
        children {
            /// Its terms.
            terms: Vec<LossTerm> = [once(CrossEntropy::SPEC), any_number(Triplet::SPEC)],
        }
    }
    check = trains_the_classifier;
}

// The terms of a loss may stand in an experiment, without a name.
const NAME: Field =
    Type::Name.required().named("name", "Name by which everything else refers to it.");

choice! {
    /// One term of the objective.
    #[serde(tag = "term", rename_all = "kebab-case")]
    pub enum LossTerm {
        /// Softmax cross-entropy.
        CrossEntropy(CrossEntropy),
        /// Triplet loss on the embeddings.
        Triplet(Triplet),
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

impl LossTerm {
    /// Its weight in the sum.
    pub fn weight(&self) -> f64 {
        match self {
            Self::CrossEntropy(term) => term.weight,
            Self::Triplet(term) => term.weight,
        }
    }

    /// Where that is written.
    pub fn weight_at(&self) -> Origin {
        match self {
            Self::CrossEntropy(term) => term.at.weight,
            Self::Triplet(term) => term.at.weight,
        }
    }

    /// The node that states it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::CrossEntropy(_) => CrossEntropy::SPEC.name,
            Self::Triplet(_) => Triplet::SPEC.name,
        }
    }
}

fn trains_the_classifier(
    node: Cursor<'_>,
    read: Option<Placed<Loss>>,
    sink: &mut Sink,
) -> Option<Placed<Loss>> {
    let loss = read?;
    if loss.terms.iter().any(|term| matches!(term, LossTerm::CrossEntropy(_))) {
        return Some(loss);
    }
    if node.node.block {
        sink.report(
            Diagnostic::error(Code::MissingNode, "`loss` without `cross-entropy`")
                .text("only cross-entropy trains the classifier; a triplet loss shapes the embeddings alone")
                .at(node.origin(), "needs a `cross-entropy` in its block"),
        );
    }
    None
}

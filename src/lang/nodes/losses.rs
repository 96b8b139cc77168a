//! `loss`: the training objective, a weighted sum of terms (paper section 3.3).

use super::arcface::ArcFace;
use super::common::NAME;
use super::terms::{CrossEntropy, Term, Triplet};
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Decode, Placed, choice, node};
use crate::schema::{Child, any_number, at_most_once, once};

node! {
    /// An objective under a name: a weighted sum of terms (paper section 3.3).
    pub struct Loss = "loss" {
        // Its terms may stand in an experiment, without a name.
        also_arguments [NAME]
        children {
            /// Its terms.
            terms: Vec<LossTerm> =
                [once(CrossEntropy::SPEC), any_number(Triplet::SPEC), at_most_once(ArcFace::SPEC)],
        }
    }
    check = trains_the_classifier;
}

/// The terms as an experiment may state them, where they may change those of another.
pub(super) const TERMS: &[Child] =
    &[at_most_once(CrossEntropy::SPEC), any_number(Triplet::SPEC), at_most_once(ArcFace::SPEC)];

choice! {
    /// One term of the objective.
    #[serde(tag = "term", rename_all = "kebab-case")]
    pub enum LossTerm as term: Term {
        /// Softmax cross-entropy.
        CrossEntropy(CrossEntropy),
        /// Triplet loss on the embeddings.
        Triplet(Triplet),
        /// Cross-entropy of angles.
        ArcFace(ArcFace),
    }
}

fn trains_the_classifier(
    node: Cursor<'_>,
    read: Option<Placed<Loss>>,
    sink: &mut Sink,
) -> Option<Placed<Loss>> {
    let loss = read?;
    if loss.terms.iter().any(|term| term.term().trains_classifier()) {
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

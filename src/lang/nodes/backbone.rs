//! `backbone`: a network without its classifier.

use serde::ser::SerializeMap;

use super::network::{About, Network};
use super::*;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Decode, Placed, Words, choice, node, words};
use crate::schema::Preset::{Number, Text};
use crate::schema::{BELOW_ONE, Child, Type, at_most_once};
use crate::span::Origin;

node! {
    /// A network without its classifier.
    pub struct Backbone = "backbone" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// The network.
            kind: BackboneKind [flat] = (BackboneKind::NODES),
            /// What becomes the embedding of a `vit`, before `fc_norm`.
            pool: Pool [when has_tokens] = AtMostOnce (arguments "tokens", Pool::WORD.required().or(Text("patch-mean")), "The tokens."
            ),
            /// Stochastic depth of the last block; linear from 0 at the first.
            drop_path: f64 [when has_stochastic_depth] = AtMostOnce (arguments "rate", Type::Number(BELOW_ONE).required().or(Number(0.0)), "The rate."
            ),
        }
    }
    check = without_effect;
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $Network:ident,)+) => {
        choice! {
            /// Kinds of network.
            #[serde(untagged)]
            pub enum BackboneKind {
                $($(#[doc = $doc])+ $Network($Network),)+
            }
        }

        impl BackboneKind {
            /// Their nodes, of which a backbone has one.
            const NODES: &[Child] = &[$(at_most_once($Network::SPEC).group("kind")),+];

            /// What is known of the network.
            pub fn about(&self) -> &'static About {
                match self {
                    $(Self::$Network(_) => &$Network::ABOUT,)+
                }
            }

            /// Where it is written.
            fn node(&self) -> Origin {
                match self {
                    $(Self::$Network(network) => network.node,)+
                }
            }

            /// Side of the square input in pixels, and where that is written, if it is.
            fn image(&self) -> (usize, Origin) {
                match self {
                    $(Self::$Network(network) => (network.image, network.at.image),)+
                }
            }

            /// A key has the sizes of a network among what all networks have.
            fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Self::$Network(network) => network.entries(map),)+
                }
            }
        }
    };
}
super::networks!(kinds);

words! {
    /// What becomes the embedding of a Vision Transformer.
    pub enum Pool {
        /// mean of all tokens but CLS (paper section 4.3)
        PatchMean = "patch-mean",
        /// the CLS token
        Cls = "cls",
    }
}

impl Backbone {
    /// Side of the square input in pixels.
    pub fn image(&self) -> usize {
        self.kind.image().0
    }

    /// Where that is written, or the network whose default it is.
    pub fn image_at(&self) -> Origin {
        let (_, at) = self.kind.image();
        if at.is_default() { self.kind.node() } else { at }
    }
}

fn has_tokens(backbone: &Placed<Backbone>) -> bool {
    backbone.kind.about().has_tokens
}

fn has_stochastic_depth(backbone: &Placed<Backbone>) -> bool {
    backbone.kind.about().has_stochastic_depth
}

/// Tells of what stands beside a network to which it says nothing.
fn without_effect(
    _: Cursor<'_>,
    read: Option<Placed<Backbone>>,
    sink: &mut Sink,
) -> Option<Placed<Backbone>> {
    let backbone = read?;
    let about = backbone.kind.about();
    let parts = [
        (
            about.has_tokens,
            "pool",
            backbone.at.pool,
            "it has no tokens; its embedding is the mean over all places",
        ),
        (
            about.has_stochastic_depth,
            "drop-path",
            backbone.at.drop_path,
            "it has no stochastic depth: all of its blocks are always there",
        ),
    ];
    for (has_effect, word, at, text) in parts {
        if !has_effect && !at.is_default() {
            sink.report(
                Diagnostic::warning(Code::NoEffect, format!("`{word}` of {}", about.name))
                    .text(text)
                    .at(at, "has no effect")
                    .and(backbone.kind.node(), "the network")
                    .help(format!("remove `{word}`")),
            );
        }
    }
    Some(backbone)
}

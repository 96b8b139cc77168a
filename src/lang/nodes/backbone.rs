//! `backbone`: a network without its classifier.

use serde::ser::SerializeMap;

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{EfficientNet, Vit};
use crate::node::{Placed, Words, choice, node, words};
use crate::schema::Preset::{Number, Text};
use crate::schema::{BELOW_ONE, Type, at_most_once};
use crate::span::Origin;

node! {
    /// A Vision Transformer or an EfficientNet.
    pub struct Backbone = "backbone" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// The network.
            kind: BackboneKind [flat] = [
                at_most_once(Vit::SPEC).group("kind"),
                at_most_once(EfficientNet::SPEC).group("kind")
            ],
            /// What becomes the embedding of a `vit`, before `fc_norm`.
            pool: Pool [when has_tokens] = AtMostOnce (arguments "tokens", Pool::WORD.required().or(Text("patch-mean")), "The tokens."
            ),
            /// Stochastic depth of the last block; linear from 0 at the first.
            drop_path: f64 = AtMostOnce (arguments "rate", Type::Number(BELOW_ONE).required().or(Number(0.0)), "The rate."
            ),
        }
    }
    check = pools;
}

choice! {
    /// Kinds of network.
    #[serde(untagged)]
    pub enum BackboneKind {
        /// A Vision Transformer.
        Vit(Vit),
        /// An EfficientNet.
        EfficientNet(EfficientNet),
    }
}

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
        match &self.kind {
            BackboneKind::Vit(vit) => vit.image,
            BackboneKind::EfficientNet(net) => net.image,
        }
    }

    /// Where that is written.
    pub fn image_at(&self) -> Origin {
        match &self.kind {
            BackboneKind::Vit(vit) => vit.at.image,
            BackboneKind::EfficientNet(net) => net.at.image,
        }
    }
}

impl BackboneKind {
    /// A key has the sizes of a network among what all networks have.
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Vit(vit) => vit.entries(map),
            Self::EfficientNet(net) => net.entries(map),
        }
    }
}

fn has_tokens(backbone: &Placed<Backbone>) -> bool {
    match backbone.kind {
        BackboneKind::Vit(_) => true,
        BackboneKind::EfficientNet(_) => false,
    }
}

fn pools(
    _: Cursor<'_>,
    read: Option<Placed<Backbone>>,
    sink: &mut Sink,
) -> Option<Placed<Backbone>> {
    let backbone = read?;
    if let BackboneKind::EfficientNet(net) = &backbone.kind
        && !backbone.at.pool.is_default()
    {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "`pool` of an EfficientNet")
                .text("it has no tokens; its embedding is the mean over all places")
                .at(backbone.at.pool, "has no effect")
                .and(net.node, "the network")
                .help("remove `pool`"),
        );
    }
    Some(backbone)
}

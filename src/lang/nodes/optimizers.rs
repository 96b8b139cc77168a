//! `adamw` and `sgd`: optimisers.

use serde::ser::SerializeMap;

use super::batch::Batch;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::node::{Decode, choice, node};
use crate::schema::Preset::Number;
use crate::schema::{BELOW_ONE, Field, NOT_NEGATIVE, POSITIVE, Type, UP_TO_ONE, once};
use crate::span::Origin;

choice! {
    /// Optimisers.
    #[serde(rename_all = "lowercase")]
    pub enum Optimizer {
        /// AdamW.
        AdamW(AdamW),
        /// Stochastic gradient descent with momentum.
        Sgd(Sgd),
    }
}

node! {
    /// AdamW with layer-wise learning rates.
    pub struct AdamW = "adamw" {
        also_properties [LR, BASE_LR]
        properties {
            /// Decoupled weight decay of matrices.
            weight_decay: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.05)),
            /// Factor per layer below the head; 1 for none.
            layer_decay: f64 = Type::Number(UP_TO_ONE).or(Number(1.0)),
            /// Decay of the first moment.
            beta1: f64 = Type::Number(BELOW_ONE).or(Number(0.9)),
            /// Decay of the second moment.
            beta2: f64 = Type::Number(BELOW_ONE).or(Number(0.999)),
            /// Added to the root of the second moment.
            eps: f64 = Type::Number(POSITIVE).or(Number(1e-8)),
        }
        made {
            /// Peak learning rate, absolute. `base-lr` is resolved into it (times batch / 256).
            lr: f64 = rate,
        }
    }
}

node! {
    /// Stochastic gradient descent with momentum.
    pub struct Sgd = "sgd" {
        also_properties [LR, BASE_LR]
        properties {
            /// What a step keeps of the one before.
            momentum: f64 = Type::Number(BELOW_ONE).or(Number(0.9)),
            /// Decay of matrices, added to the gradient.
            weight_decay: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
        }
        made {
            /// Peak learning rate, absolute. `base-lr` is resolved into it (times batch / 256).
            lr: f64 = rate,
        }
    }
}

const LR: Field =
    Type::Number(POSITIVE).optional().named("lr", "Peak learning rate, absolute.").group("rate");
const BASE_LR: Field = Type::Number(POSITIVE)
    .optional()
    .named("base-lr", "Peak learning rate of a batch of 256; times batch / 256.")
    .group("rate");

impl Optimizer {
    /// Peak learning rate, absolute.
    pub fn lr(&self) -> f64 {
        match self {
            Self::AdamW(adamw) => adamw.lr,
            Self::Sgd(sgd) => sgd.lr,
        }
    }

    /// Where that is written.
    pub fn lr_at(&self) -> Origin {
        match self {
            Self::AdamW(adamw) => adamw.at.lr,
            Self::Sgd(sgd) => sgd.at.lr,
        }
    }

    /// A key has the optimiser by its name.
    pub(super) fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::AdamW(adamw) => map.serialize_entry(AdamW::SPEC.name, adamw),
            Self::Sgd(sgd) => map.serialize_entry(Sgd::SPEC.name, sgd),
        }
    }
}

/// The absolute learning rate, in a recipe with a batch.
fn rate(node: Cursor<'_>, _: &mut Sink) -> Option<(f64, Origin)> {
    if !node.given(&BASE_LR) {
        return node.read::<f64>(&LR).map(|lr| (lr.value, lr.origin));
    }
    let base = node.read::<f64>(&BASE_LR)?;
    let batch = node.beside(&[once(Batch::SPEC)])?;
    let size = batch.read::<usize>(&Batch::FIELDS.size)?.value;
    Some((base.value * size as f64 / 256.0, base.origin))
}

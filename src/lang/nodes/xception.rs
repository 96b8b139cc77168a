//! `xception`: Xception (Chollet 2017).

use std::ops::RangeInclusive;

use super::network::{About, Network};
use crate::limits;
use crate::node::node;
use crate::schema::Preset::{Number, Whole};
use crate::schema::{BELOW_ONE, Type, UP_TO_ONE, whole};

node! {
    /// Xception (Chollet 2017), as timm's `legacy_xception`: its weights expect `normalize half`.
    /// With batch norm a batch passes as a whole: on a CPU `micro` then keeps the activations of one
    /// block at a time; on a GPU all are kept.
    pub struct Xception = "xception" {
        properties {
            /// Side of the square input in pixels.
            image: usize = whole(&Xception::SIDES).or(Whole(299)),
            /// Share of the embedding that is dropped while training.
            dropout: f64 = Type::Number(BELOW_ONE).or(Number(0.0)),
            /// Share of batch norm's running statistics that a step replaces.
            momentum: f64 = Type::Number(UP_TO_ONE).or(Number(0.1)),
        }
    }
}

impl Xception {
    /// Sides of its input: a smaller one is used up by the first two convolutions.
    pub const SIDES: RangeInclusive<u64> = 7..=*limits::IMAGE.end();
}

impl Network for Xception {
    const ABOUT: About = About {
        name: "an Xception",
        has_tokens: false,
        has_stochastic_depth: false,
        supports_bf16: false,
    };
}

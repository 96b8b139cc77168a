//! `efficientnet`: an EfficientNet (Tan and Le 2019).

use super::common::SIDE;
use super::network::{About, Network};
use crate::limits;
use crate::node::node;
use crate::schema::Preset::Number;
use crate::schema::{BELOW_ONE, Range, Type, UP_TO_ONE, up_to};

const FACTOR: Range = up_to(limits::FACTOR);

node! {
    /// An EfficientNet (Tan and Le 2019), by factors on B0; B4 unless said otherwise. With batch
    /// norm a batch passes as a whole: on a CPU `micro` then keeps the activations of one block at a
    /// time; on a GPU all are kept.
    pub struct EfficientNet = "efficientnet" {
        properties {
            /// Side of the square input in pixels; 380 for B4.
            image: usize = SIDE.required(),
            /// Factor on the channels of B0.
            width_factor: f64 = Type::Number(FACTOR).or(Number(1.4)),
            /// Factor on the blocks of B0.
            depth_factor: f64 = Type::Number(FACTOR).or(Number(1.8)),
            /// Share of the embedding that is dropped while training.
            dropout: f64 = Type::Number(BELOW_ONE).or(Number(0.4)),
            /// Share of batch norm's running statistics that a step replaces; a short training
            /// from scratch needs a larger one.
            momentum: f64 = Type::Number(UP_TO_ONE).or(Number(0.01)),
        }
    }
}

impl Network for EfficientNet {
    const ABOUT: About = About {
        name: "an EfficientNet",
        has_tokens: false,
        has_stochastic_depth: true,
        supports_bf16: false,
    };
}

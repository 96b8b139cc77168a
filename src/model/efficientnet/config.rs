//! Size and shape of an EfficientNet, and its parameters.

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{Backbone, EfficientNet};

/// Stages of B0: side of the window, stride of the first block, expansion, channels, blocks.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
];
/// Channels of B0's first and last convolution.
const ENDS: (usize, usize) = (32, 1280);

/// Size and shape of an EfficientNet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EfficientNetConfig {
    /// Factor on B0's channels; 1.4 for B4.
    pub width: f64,
    /// Factor on B0's blocks; 1.8 for B4.
    pub depth: f64,
    /// Side of the input in pixels.
    pub image: usize,
    /// Share of the embedding's values that are dropped while training.
    pub dropout: f64,
    /// Share of batch norm's running statistics that a step replaces.
    pub momentum: f64,
    /// Drop-path rate that the last block's follows; linear from 0 at the first.
    pub drop_path: f64,
    /// Number of classes C.
    pub classes: usize,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// `blocks.STAGE.PLACE`.
    pub name: String,
    /// Stage, from 0.
    pub stage: usize,
    /// Side of the window of its convolution by channel.
    pub kernel: usize,
    /// Of that convolution.
    pub stride: usize,
    /// Channels that come in, are convolved, and go out.
    pub inputs: usize,
    /// Channels within.
    pub hidden: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Channels between squeeze and excitation.
    pub reduced: usize,
    /// Drop-path rate.
    pub drop_rate: f64,
}

impl Block {
    /// Whether channels are expanded first.
    pub fn expands(&self) -> bool {
        self.hidden != self.inputs
    }

    /// Whether the input is added to what goes out.
    pub fn joins(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

impl EfficientNetConfig {
    /// The uppermost layer.
    pub(super) const TOP_LAYER: usize = STAGES.len() + 1;

    /// The declared network with `classes` outputs.
    pub fn new(net: &EfficientNet, backbone: &Backbone, classes: usize) -> Self {
        Self {
            width: net.width_factor,
            depth: net.depth_factor,
            image: net.image,
            dropout: net.dropout,
            momentum: net.momentum,
            drop_path: backbone.drop_path,
            classes,
        }
    }

    /// A number of channels times the width, to a multiple of eight.
    fn channels(&self, base: usize) -> usize {
        let exact = base as f64 * self.width;
        let rounded = ((exact + 4.0) as usize / 8 * 8).max(8);
        if (rounded as f64) < 0.9 * exact { rounded + 8 } else { rounded }
    }

    /// Channels after the first convolution.
    pub fn stem(&self) -> usize {
        self.channels(ENDS.0)
    }

    /// Width D of the embedding.
    pub fn features(&self) -> usize {
        self.channels(ENDS.1)
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let repeats = |base: usize| (base as f64 * self.depth).ceil() as usize;
        let total: usize = STAGES.iter().map(|stage| repeats(stage.4)).sum();
        let mut inputs = self.stem();
        let mut blocks = Vec::new();
        for (stage, (kernel, stride, expansion, base, count)) in STAGES.into_iter().enumerate() {
            let outputs = self.channels(base);
            for place in 0..repeats(count) {
                blocks.push(Block {
                    name: format!("blocks.{stage}.{place}"),
                    stage,
                    kernel,
                    stride: if place == 0 { stride } else { 1 },
                    inputs,
                    hidden: inputs * expansion,
                    outputs,
                    reduced: inputs / 4,
                    drop_rate: self.drop_path * blocks.len() as f64 / total as f64,
                });
                inputs = outputs;
            }
        }
        blocks
    }
}

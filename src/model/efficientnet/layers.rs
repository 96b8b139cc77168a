//! What an EfficientNet computes: the first convolution, the blocks, what is on top.

use candle_core::Result;

use super::config::{Block, EfficientNetConfig};
use crate::convolution::{Activation, Branch, Operations, Segmented, Window};

/// The network below the classifier, each block a segment.
#[derive(Debug)]
pub struct Layers {
    config: EfficientNetConfig,
    blocks: Vec<Block>,
}

impl Layers {
    /// Those of a network.
    pub fn new(config: EfficientNetConfig) -> Self {
        let blocks = config.blocks();
        Self { config, blocks }
    }

    fn block<O: Operations>(
        &self,
        block: &Block,
        number: usize,
        input: &O::Map,
        with: &mut O,
    ) -> Result<O::Map> {
        let name = |part: &str| format!("{}.{part}", block.name);
        let (x, middle, last, end) = if block.expands() {
            let x = with.pointwise(input, &name("conv_pw.weight"))?;
            (with.norm(&x, &name("bn1"), Activation::Silu)?, "bn2", "conv_pwl", "bn3")
        } else {
            (input.clone(), "bn1", "conv_pw", "bn2")
        };
        let window = Window::same(block.kernel, block.stride);
        let x = with.depthwise(&x, &name("conv_dw.weight"), window)?;
        let x = with.norm(&x, &name(middle), Activation::Silu)?;
        let x = with.excite(&x, [&name("se.conv_reduce"), &name("se.conv_expand")])?;
        let x = with.pointwise(&x, &name(&format!("{last}.weight")))?;
        let x = with.norm(&x, &name(end), Activation::Identity)?;
        if !block.joins() {
            return Ok(x);
        }
        with.join(input, &x, Some(Branch { number, rate: block.drop_rate }))
    }

    fn top<O: Operations>(&self, x: &O::Map, with: &mut O) -> Result<O::Map> {
        let x = with.pointwise(x, "conv_head.weight")?;
        let x = with.norm(&x, "bn2", Activation::Silu)?;
        let x = with.mean(&x)?; // (B, D)
        with.dropout(&x, self.config.dropout)
    }
}

impl Segmented for Layers {
    fn side(&self) -> usize {
        self.config.image
    }

    fn first(&self) -> Window {
        Window::same(3, 2)
    }

    fn count(&self) -> usize {
        self.blocks.len() + 2
    }

    fn segment<O: Operations>(&self, segment: usize, x: &O::Map, with: &mut O) -> Result<O::Map> {
        let Some(above) = segment.checked_sub(1) else {
            let x = with.pointwise(x, "conv_stem.weight")?;
            return with.norm(&x, "bn1", Activation::Silu);
        };
        match self.blocks.get(above) {
            Some(block) => self.block(block, above, x, with),
            None => self.top(x, with),
        }
    }

    /// As in TensorFlow.
    fn eps(&self) -> f64 {
        1e-3
    }

    fn momentum(&self) -> f64 {
        self.config.momentum
    }
}

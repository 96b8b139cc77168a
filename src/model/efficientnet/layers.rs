//! What an EfficientNet computes: the first convolution, the blocks, what is on top.

use candle_core::{Device, Result, Tensor};

use super::config::{Block, EfficientNetConfig};
use crate::convolution::{
    Pass, Segmented, Window, depthwise, gate, mean_of_image, patches, pointwise, silu,
};

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

    fn block(
        &self,
        block: &Block,
        place: usize,
        input: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor> {
        let name = |part: &str| format!("{}.{part}", block.name);
        let params = pass.params();
        let weight = |part: &str| params.get(&name(&format!("{part}.weight")));
        let (x, middle, last, end) = if block.expands() {
            let x = pointwise(input, weight("conv_pw"))?;
            (silu(&pass.norm(&name("bn1"), &x)?)?, "bn2", "conv_pwl", "bn3")
        } else {
            (input.clone(), "bn1", "conv_pw", "bn2")
        };
        let window = Window::same(block.kernel, block.stride);
        let x = depthwise(&x, weight("conv_dw"), window)?;
        let x = silu(&pass.norm(&name(middle), &x)?)?;
        // Squeeze and excitation: a factor for each channel of an image.
        let affine = |part: &str, x: &Tensor| {
            let bias = params.get(&name(&format!("{part}.bias")));
            pointwise(x, weight(part))?.broadcast_add(bias)
        };
        let (batch, _, _, channels) = x.dims4()?;
        let squeezed = mean_of_image(&x)?.reshape((batch, 1, 1, channels))?;
        let excited = affine("se.conv_expand", &silu(&affine("se.conv_reduce", &squeezed)?)?)?;
        let x = pointwise(&gate(&x, &excited)?, weight(last))?;
        let x = pass.norm(&name(end), &x)?;
        if !block.joins() {
            return Ok(x);
        }
        match pass.drop.and_then(|drop| drop.scales(block.drop_rate, place, batch)) {
            Some(scales) => {
                let scales = Tensor::from_vec(scales, (batch, 1, 1, 1), x.device())?;
                input + x.broadcast_mul(&scales)?
            }
            None => input + x,
        }
    }

    fn top(&self, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let x = pointwise(x, pass.params().get("conv_head.weight"))?;
        let x = mean_of_image(&silu(&pass.norm("bn2", &x)?)?)?; // (B, D)
        pass.dropout(self.config.dropout, x)
    }
}

impl Segmented for Layers {
    fn count(&self) -> usize {
        self.blocks.len() + 2
    }

    /// The windows of the first convolution (B, S/2, S/2, 27).
    fn input(&self, images: &[f32]) -> Result<Tensor> {
        patches(images, self.config.image, Window::same(3, 2), &Device::Cpu)
    }

    fn segment(&self, segment: usize, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let Some(above) = segment.checked_sub(1) else {
            let x = pointwise(x, pass.params().get("conv_stem.weight"))?;
            return silu(&pass.norm("bn1", &x)?);
        };
        match self.blocks.get(above) {
            Some(block) => self.block(block, above, x, pass),
            None => self.top(x, pass),
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

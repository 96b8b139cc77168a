//! Sizes of what passes through the network, on the CPU and on a GPU.

use super::config::VitConfig;

/// Sizes of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images B.
    pub images: usize,
    /// Tokens N of an image.
    pub tokens: usize,
    /// Width D of a token.
    pub width: usize,
    /// Hidden width H of the MLP.
    pub hidden: usize,
    /// Attention heads.
    pub heads: usize,
    /// Patches of an image.
    pub patches: usize,
    /// Numbers of a patch.
    pub inputs: usize,
}

impl Sizes {
    /// Those of a number of images.
    pub fn new(config: &VitConfig, images: usize) -> Self {
        Self {
            images,
            tokens: config.tokens(),
            width: config.width,
            hidden: config.hidden,
            heads: config.heads,
            patches: config.grid() * config.grid(),
            inputs: 3 * config.patch * config.patch,
        }
    }

    /// Rows R = B N of an activation.
    pub fn rows(&self) -> usize {
        self.images * self.tokens
    }

    /// Numbers of an activation (R, D).
    pub fn values(&self) -> usize {
        self.rows() * self.width
    }

    /// Width of a head.
    pub fn head(&self) -> usize {
        self.width / self.heads
    }
}

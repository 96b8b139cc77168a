//! Size and shape of a Vision Transformer.

use serde::{Deserialize, Serialize};

use proofmark_lang::model::{Backbone, Pool, Vit};

/// Added to the variance in every layer normalisation.
pub(super) const EPS: f64 = 1e-6;

/// Size and shape of a Vision Transformer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VitConfig {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Width D of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Side of the input in pixels.
    pub image: usize,
    /// Hidden width of the MLP.
    pub hidden: usize,
    /// Initial LayerScale, if blocks have it.
    pub layer_scale: Option<f32>,
    /// Register tokens R between the class token and the patches (Darcet et al. 2024).
    #[serde(default, skip_serializing_if = "none")]
    pub registers: usize,
    /// What becomes the embedding.
    pub pool: Pool,
    /// Drop-path rate of the last block.
    pub drop_path: f64,
    /// Number of classes C.
    pub classes: usize,
}

/// Whether there are none of something: it is then left out of what is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn none(number: &usize) -> bool {
    *number == 0
}

impl VitConfig {
    /// The declared network with `classes` outputs.
    pub fn new(vit: &Vit, backbone: &Backbone, classes: usize) -> Self {
        Self {
            patch: vit.patch,
            width: vit.width,
            depth: vit.depth,
            heads: vit.heads,
            image: vit.image,
            hidden: (vit.width as f64 * vit.mlp_ratio).round() as usize,
            layer_scale: vit.layer_scale.map(|scale| scale as f32),
            registers: vit.registers.unwrap_or(0),
            pool: backbone.pool,
            drop_path: backbone.drop_path,
            classes,
        }
    }

    /// Patches per side.
    pub fn grid(&self) -> usize {
        self.image / self.patch
    }

    /// Tokens before those of the patches: the class token and the registers.
    pub fn front(&self) -> usize {
        1 + self.registers
    }

    /// Tokens N of an image.
    pub fn tokens(&self) -> usize {
        self.front() + self.grid() * self.grid()
    }

    /// Drop-path rate of a block: linear from 0 at the first to the declared one at the
    /// last (recipe 2.1).
    pub fn drop_rate(&self, block: usize) -> f64 {
        match self.depth {
            1 => self.drop_path,
            depth => self.drop_path * block as f64 / (depth - 1) as f64,
        }
    }
}

//! The Vision Transformer of the paper (section 4.3), in timm's parameter names.

use candle_core::{DType, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::bounds::check_ends;
use super::exact::matmul;
use super::ops::{layer_norm, linear, softmax};
use super::params::{Begin, ParamSpec, Params};
use proofmark_base::foreign::within;
use proofmark_base::math::exp;
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::limits::{DEPTH, HIDDEN, REGISTERS, SIZE};
use proofmark_lang::model::{Pool, Vit};

/// Added to the variance in every layer normalisation.
pub(crate) const EPS: f64 = 1e-6;

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

/// The place in the random streams of one training step's drop path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropPath {
    /// Seed of the recipe.
    pub seed: u64,
    /// Epoch from 0.
    pub epoch: u32,
    /// Step within the epoch.
    pub step: u64,
    /// Place of the first image of a pass in the step's batch.
    pub offset: usize,
}

impl DropPath {
    /// The place `images` further into the batch.
    pub fn at(self, images: usize) -> Self {
        Self { offset: self.offset + images, ..self }
    }

    /// For each of `count` images what its branch is multiplied by: 0, or 1 / (1 - rate)
    /// with probability 1 - rate (Huang et al. 2016). None for a rate of 0.
    pub fn scales(self, rate: f64, branch: usize, count: usize) -> Option<Vec<f32>> {
        if rate == 0.0 {
            return None;
        }
        let sample = self.step << 8 | branch as u64;
        let mut rng = Rng::new(self.seed, Stream::DropPath, self.epoch, sample);
        let kept = (1.0 / (1.0 - rate)) as f32;
        let draws = (0..self.offset + count).map(|_| if rng.chance(rate) { 0.0 } else { kept });
        Some(draws.skip(self.offset).collect())
    }
}

impl VitConfig {
    /// The declared network with `classes` outputs.
    pub fn new(vit: &Vit, pool: Pool, drop_path: f64, classes: usize) -> Self {
        Self {
            patch: vit.patch,
            width: vit.width,
            depth: vit.depth,
            heads: vit.heads,
            image: vit.image,
            hidden: (vit.width as f64 * vit.mlp_ratio).round() as usize,
            layer_scale: vit.layer_scale.map(|scale| scale as f32),
            registers: vit.registers.unwrap_or(0),
            pool,
            drop_path,
            classes,
        }
    }

    /// Whether it can be. The error says what is wrong.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        within("patch", self.patch, &SIZE)?;
        within("width", self.width, &SIZE)?;
        within("depth", self.depth, &DEPTH)?;
        within("number of heads", self.heads, &SIZE)?;
        within("hidden width", self.hidden, &HIDDEN)?;
        if self.registers > 0 {
            within("number of registers", self.registers, &REGISTERS)?;
        }
        check_ends(self.image, self.classes, self.drop_path)?;
        for (large, of, small, by) in [
            ("image", self.image, "patches", self.patch),
            ("width", self.width, "heads", self.heads),
        ] {
            if !of.is_multiple_of(by) {
                return Err(format!("its {small}, {by}, do not divide its {large}, {of}"));
            }
        }
        match self.layer_scale.is_none_or(f32::is_finite) {
            true => Ok(()),
            false => Err("its layer scale is no number".to_owned()),
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

    /// Every parameter, in order. ViT-B/16 with two classes has 85,800,194 scalars.
    pub fn parameters(&self) -> Vec<ParamSpec> {
        let d = self.width;
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        add("cls_token".into(), &[1, 1, d], Begin::Token);
        if self.registers > 0 {
            add("reg_token".into(), &[1, self.registers, d], Begin::Token);
        }
        add("pos_embed".into(), &[1, self.grid() * self.grid() + 1, d], Begin::Token);
        add("patch_embed.proj.weight".into(), &[d, 3, self.patch, self.patch], Begin::Matrix);
        add("patch_embed.proj.bias".into(), &[d], Begin::Constant(0.0));
        for i in 0..self.depth {
            let mut block = |name: &str, shape: &[usize], begin| {
                add(format!("blocks.{i}.{name}"), shape, begin);
            };
            block("norm1.weight", &[d], Begin::Constant(1.0));
            block("norm1.bias", &[d], Begin::Constant(0.0));
            block("attn.qkv.weight", &[3 * d, d], Begin::Matrix);
            block("attn.qkv.bias", &[3 * d], Begin::Constant(0.0));
            block("attn.proj.weight", &[d, d], Begin::Matrix);
            block("attn.proj.bias", &[d], Begin::Constant(0.0));
            if let Some(scale) = self.layer_scale {
                block("ls1.gamma", &[d], Begin::Constant(scale));
            }
            block("norm2.weight", &[d], Begin::Constant(1.0));
            block("norm2.bias", &[d], Begin::Constant(0.0));
            block("mlp.fc1.weight", &[self.hidden, d], Begin::Matrix);
            block("mlp.fc1.bias", &[self.hidden], Begin::Constant(0.0));
            block("mlp.fc2.weight", &[d, self.hidden], Begin::Matrix);
            block("mlp.fc2.bias", &[d], Begin::Constant(0.0));
            if let Some(scale) = self.layer_scale {
                block("ls2.gamma", &[d], Begin::Constant(scale));
            }
        }
        add("fc_norm.weight".into(), &[d], Begin::Constant(1.0));
        add("fc_norm.bias".into(), &[d], Begin::Constant(0.0));
        add("head.weight".into(), &[self.classes, d], Begin::Head);
        add("head.bias".into(), &[self.classes], Begin::Constant(0.0));
        specs
    }

    /// Layer of a parameter for layer-wise rates: tokens and patches 0, block k at
    /// k + 1, everything after at `depth + 1` (recipe 2.7).
    pub fn layer_of(&self, name: &str) -> usize {
        if let Some(rest) = name.strip_prefix("blocks.") {
            let index = rest.split('.').next().and_then(|i| i.parse::<usize>().ok());
            return index.map_or(self.depth + 1, |i| i + 1);
        }
        match name {
            "cls_token" | "reg_token" | "pos_embed" => 0,
            _ if name.starts_with("patch_embed.") => 0,
            _ => self.depth + 1,
        }
    }

    /// Drop-path rate of a block: linear from 0 at the first to the declared one at the
    /// last (recipe 2.1).
    pub fn drop_rate(&self, block: usize) -> f64 {
        match self.depth {
            1 => self.drop_path,
            depth => self.drop_path * block as f64 / (depth - 1) as f64,
        }
    }

    /// Multiplications and additions of one image's forward pass.
    pub fn flops(&self) -> f64 {
        let (d, n) = (self.width as f64, self.tokens() as f64);
        let patches = 2.0 * (n - self.front() as f64) * d * (3 * self.patch * self.patch) as f64;
        let block = 2.0 * n * d * (4.0 * d + 2.0 * self.hidden as f64) + 4.0 * n * n * d;
        patches + self.depth as f64 * block + 2.0 * d * self.classes as f64
    }

    /// Numbers that the trunk keeps of one image: what each block does (`trunk/block.rs`), and the
    /// buffers of one pass.
    pub fn activations(&self) -> usize {
        let (d, n) = (self.width, self.tokens());
        n * ((self.depth + 1) * (8 * d + self.hidden)) + n * (6 * d + 2 * self.hidden)
    }
}

/// Embeddings (B, D) of normalised images (B, 3, S, S), after `fc_norm`, in f32: composed
/// of candle's differentiable operations. Matrix products and residuals are computed
/// in `dtype`, normalisation and softmax in f32. `drop` is given while training.
pub fn embed(
    config: &VitConfig,
    params: &Params,
    images: &Tensor,
    drop: Option<DropPath>,
    dtype: DType,
) -> Result<Tensor> {
    let batch = images.dim(0)?;
    let mut x = tokens(config, params, images, dtype)?; // (B, N, D)
    for i in 0..config.depth {
        let p = |name: &str| params.get(&format!("blocks.{i}.{name}"));
        let affine = |name: &str, y: &Tensor| {
            linear(y, p(&format!("{name}.weight")), p(&format!("{name}.bias")))
        };
        let join = |x: Tensor, branch: usize, gamma: &str, y: Tensor| {
            let y = match config.layer_scale {
                Some(_) => y.broadcast_mul(&p(gamma).to_dtype(dtype)?)?,
                None => y,
            };
            let place = drop.and_then(|d| d.scales(config.drop_rate(i), 2 * i + branch, batch));
            match place {
                Some(scales) => {
                    let scales = Tensor::from_vec(scales, (batch, 1, 1), y.device())?;
                    x + y.broadcast_mul(&scales.to_dtype(dtype)?)?
                }
                None => x + y,
            }
        };
        let y = layer_norm(&x, p("norm1.weight"), p("norm1.bias"), EPS)?;
        let y = affine("attn.proj", &attention(config, &affine("attn.qkv", &y)?)?)?;
        x = join(x, 0, "ls1.gamma", y)?;
        let y = layer_norm(&x, p("norm2.weight"), p("norm2.bias"), EPS)?;
        let y = affine("mlp.fc2", &affine("mlp.fc1", &y)?.gelu_erf()?)?;
        x = join(x, 1, "ls2.gamma", y)?;
    }
    let x = x.to_dtype(DType::F32)?;
    let pooled = match config.pool {
        Pool::PatchMean => x.narrow(1, config.front(), x.dim(1)? - config.front())?.mean(1)?,
        Pool::Cls => x.narrow(1, 0, 1)?.contiguous()?.reshape((batch, config.width))?,
    };
    layer_norm(&pooled, params.get("fc_norm.weight"), params.get("fc_norm.bias"), EPS)
}

/// Logits (B, C) of embeddings (B, D), differentiable in both and in the head.
pub fn logits(params: &Params, embedding: &Tensor) -> Result<Tensor> {
    linear(embedding, params.get("head.weight"), params.get("head.bias"))
}

/// Patches as tokens, CLS in front, positions added, registers between: (B, 3, S, S) to
/// (B, N, D).
fn tokens(config: &VitConfig, params: &Params, images: &Tensor, dtype: DType) -> Result<Tensor> {
    let (batch, _, _, _) = images.dims4()?;
    let (grid, patch, width) = (config.grid(), config.patch, config.width);
    let pixels = 3 * patch * patch;
    // A convolution whose stride is its kernel is a matrix product over patches.
    let patches = images
        .reshape((batch, 3, grid, patch, grid, patch))?
        .permute((0, 2, 4, 1, 3, 5))?
        .contiguous()?
        .reshape((batch, grid * grid, pixels))?
        .to_dtype(dtype)?;
    let weight = params.get("patch_embed.proj.weight").reshape((width, pixels))?;
    let tokens = linear(&patches, &weight, params.get("patch_embed.proj.bias"))?;
    let cls = params.get("cls_token").to_dtype(dtype)?.broadcast_as((batch, 1, width))?;
    let positions = params.get("pos_embed").to_dtype(dtype)?;
    let tokens = Tensor::cat(&[&cls, &tokens], 1)?.broadcast_add(&positions)?;
    if config.registers == 0 {
        return Ok(tokens);
    }
    let registers = params.get("reg_token").to_dtype(dtype)?;
    let registers = registers.broadcast_as((batch, config.registers, width))?.contiguous()?;
    let patches = tokens.narrow(1, 1, grid * grid)?;
    Tensor::cat(&[&tokens.narrow(1, 0, 1)?, &registers, &patches], 1)
}

/// Multi-head self-attention on packed q, k and v: (B, N, 3D) to (B, N, D).
fn attention(config: &VitConfig, qkv: &Tensor) -> Result<Tensor> {
    let (batch, tokens, _) = qkv.dims3()?;
    let head = config.width / config.heads;
    let qkv = qkv
        .reshape((batch, tokens, 3, config.heads, head))?
        .permute((2, 0, 3, 1, 4))?
        .contiguous()?; // (3, B, H, N, D/H)
    let part = |i: usize| qkv.narrow(0, i, 1)?.squeeze(0);
    let q = (part(0)? * (1.0 / (head as f64).sqrt()))?;
    let weights = softmax(&matmul(&q, &part(1)?.t()?)?)?; // (B, H, N, N)
    let mixed = matmul(&weights, &part(2)?)?; // (B, H, N, D/H)
    mixed.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, config.width))
}

/// Logits (B, C) to class probabilities (B, C); class 0 is real.
pub fn probabilities(logits: &Tensor) -> Result<Vec<Vec<f32>>> {
    let of_row = |row: Vec<f32>| {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = row.iter().map(|v| exp(f64::from(*v) - f64::from(top)));
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| (power / sum) as f32).collect()
    };
    Ok(logits.to_vec2::<f32>()?.into_iter().map(of_row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_path_keeps_the_mean_and_is_drawn_for_each_branch() {
        let place = DropPath { seed: 1, epoch: 2, step: 3, offset: 0 };
        let scales = place.scales(0.25, 0, 400).unwrap();
        let kept = scales.iter().filter(|v| **v > 0.0).count();
        assert!((270..330).contains(&kept), "{kept}");
        assert!(scales.iter().all(|v| *v == 0.0 || *v == 1.0 / 0.75));
        assert_eq!(scales, place.scales(0.25, 0, 400).unwrap());
        assert_ne!(scales, place.scales(0.25, 1, 400).unwrap());
        assert_eq!(place.scales(0.0, 0, 400), None);
    }

    #[test]
    fn parts_of_a_batch_are_dropped_as_the_whole() {
        let place = DropPath { seed: 1, epoch: 2, step: 3, offset: 0 };
        let whole = place.scales(0.5, 4, 12).unwrap();
        let parts = [0, 5, 10].map(|at| place.at(at).scales(0.5, 4, 5.min(12 - at)).unwrap());
        assert_eq!(parts.concat(), whole);
    }
}

//! The Vision Transformer of the paper (section 4.3), in timm's parameter names.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::ops::{gelu, layer_norm, linear, softmax};
use super::params::{Begin, ParamSpec, Params};
use crate::lang::model::{Backbone, Pool};
use crate::rng::{Rng, Stream};

/// Added to the variance in every layer normalisation.
const EPS: f64 = 1e-6;

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
    /// What becomes the embedding.
    pub pool: Pool,
    /// Drop-path rate of the last block.
    pub drop_path: f64,
    /// Number of classes C.
    pub classes: usize,
}

/// Forward results.
#[derive(Debug)]
pub struct Output {
    /// What the triplet losses see: after `fc_norm`, (B, D).
    pub embedding: Tensor,
    /// (B, C).
    pub logits: Tensor,
}

/// The place in the random streams of one training step's drop path.
#[derive(Clone, Copy, Debug)]
pub struct DropPath {
    /// Seed of the recipe.
    pub seed: u64,
    /// Epoch from 0.
    pub epoch: u32,
    /// Step within the epoch.
    pub step: u64,
}

impl VitConfig {
    /// The declared backbone with `classes` outputs.
    pub fn new(backbone: &Backbone, classes: usize) -> Self {
        Self {
            patch: backbone.patch.value,
            width: backbone.width.value,
            depth: backbone.depth.value,
            heads: backbone.heads.value,
            image: backbone.image.value,
            hidden: (backbone.width.value as f64 * backbone.mlp_ratio.value).round() as usize,
            layer_scale: backbone.layer_scale.map(|s| s.value as f32),
            pool: backbone.pool.value,
            drop_path: backbone.drop_path.value,
            classes,
        }
    }

    /// Patches per side.
    pub fn grid(&self) -> usize {
        self.image / self.patch
    }

    /// Every parameter, in order. ViT-B/16 with two classes has 85,800,194 scalars.
    pub fn parameters(&self) -> Vec<ParamSpec> {
        let d = self.width;
        let mut specs = Vec::new();
        let mut add = |name: String, shape: &[usize], begin| {
            specs.push(ParamSpec { name, shape: shape.to_vec(), begin });
        };
        add("cls_token".into(), &[1, 1, d], Begin::Token);
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
            "cls_token" | "pos_embed" => 0,
            _ if name.starts_with("patch_embed.") => 0,
            _ => self.depth + 1,
        }
    }

    /// Multiplications and additions of one image's forward pass.
    pub fn flops(&self) -> f64 {
        let (d, n) = (self.width as f64, (self.grid() * self.grid() + 1) as f64);
        let patches = 2.0 * (n - 1.0) * d * (3 * self.patch * self.patch) as f64;
        let block = 2.0 * n * d * (4.0 * d + 2.0 * self.hidden as f64) + 4.0 * n * n * d;
        patches + self.depth as f64 * block + 2.0 * d * self.classes as f64
    }
}

/// Embedding and logits of normalised images (B, 3, S, S). `drop` is given while
/// training.
pub fn forward(
    config: &VitConfig,
    params: &Params,
    images: &Tensor,
    drop: Option<DropPath>,
) -> Result<Output> {
    let batch = images.dim(0)?;
    let mut x = embed(config, params, images)?; // (B, N, D)
    for i in 0..config.depth {
        let p = |name: &str| params.get(&format!("blocks.{i}.{name}"));
        let rate = match config.depth {
            1 => config.drop_path,
            depth => config.drop_path * i as f64 / (depth - 1) as f64,
        };
        let keep = |branch: usize, y: Tensor| match drop {
            Some(place) => drop_path(&y, rate, place, 2 * i + branch),
            None => Ok(y),
        };
        let scaled = |name: &str, y: Tensor| match config.layer_scale {
            Some(_) => y.broadcast_mul(p(name)),
            None => Ok(y),
        };
        let y = layer_norm(&x, p("norm1.weight"), p("norm1.bias"), EPS)?;
        let y = scaled("ls1.gamma", attention(config, &y, &p)?)?;
        x = (x + keep(0, y)?)?;
        let y = layer_norm(&x, p("norm2.weight"), p("norm2.bias"), EPS)?;
        let y = gelu(&linear(&y, p("mlp.fc1.weight"), p("mlp.fc1.bias"))?)?;
        let y = scaled("ls2.gamma", linear(&y, p("mlp.fc2.weight"), p("mlp.fc2.bias"))?)?;
        x = (x + keep(1, y)?)?;
    }
    let pooled = match config.pool {
        Pool::PatchMean => x.narrow(1, 1, x.dim(1)? - 1)?.mean(1)?,
        Pool::Cls => x.narrow(1, 0, 1)?.contiguous()?.reshape((batch, config.width))?,
    };
    let embedding =
        layer_norm(&pooled, params.get("fc_norm.weight"), params.get("fc_norm.bias"), EPS)?;
    let logits = linear(&embedding, params.get("head.weight"), params.get("head.bias"))?;
    Ok(Output { embedding, logits })
}

/// Patches as tokens, CLS in front, positions added: (B, 3, S, S) to (B, N, D).
fn embed(config: &VitConfig, params: &Params, images: &Tensor) -> Result<Tensor> {
    let (batch, _, _, _) = images.dims4()?;
    let (grid, patch, width) = (config.grid(), config.patch, config.width);
    let pixels = 3 * patch * patch;
    // A convolution whose stride is its kernel is a matrix product over patches.
    let patches = images
        .reshape((batch, 3, grid, patch, grid, patch))?
        .permute((0, 2, 4, 1, 3, 5))?
        .contiguous()?
        .reshape((batch, grid * grid, pixels))?;
    let weight = params.get("patch_embed.proj.weight").reshape((width, pixels))?;
    let tokens = linear(&patches, &weight, params.get("patch_embed.proj.bias"))?;
    let cls = params.get("cls_token").broadcast_as((batch, 1, width))?;
    Tensor::cat(&[&cls, &tokens], 1)?.broadcast_add(params.get("pos_embed"))
}

/// Multi-head self-attention: (B, N, D) to (B, N, D).
fn attention<'a>(
    config: &VitConfig,
    x: &Tensor,
    p: &impl Fn(&str) -> &'a Tensor,
) -> Result<Tensor> {
    let (batch, tokens, width) = x.dims3()?;
    let head = width / config.heads;
    let qkv = linear(x, p("attn.qkv.weight"), p("attn.qkv.bias"))?
        .reshape((batch, tokens, 3, config.heads, head))?
        .permute((2, 0, 3, 1, 4))?
        .contiguous()?; // (3, B, H, N, D/H)
    let part = |i: usize| qkv.narrow(0, i, 1)?.squeeze(0);
    let q = (part(0)? * (head as f64).powf(-0.5))?;
    let weights = softmax(&q.matmul(&part(1)?.t()?)?)?; // (B, H, N, N)
    let mixed = weights.matmul(&part(2)?)?; // (B, H, N, D/H)
    let mixed = mixed.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, width))?;
    linear(&mixed, p("attn.proj.weight"), p("attn.proj.bias"))
}

/// Drops the branch of some samples and scales the others by 1 / (1 - rate).
fn drop_path(x: &Tensor, rate: f64, place: DropPath, branch: usize) -> Result<Tensor> {
    if rate == 0.0 {
        return Ok(x.clone());
    }
    let batch = x.dim(0)?;
    let sample = place.step << 8 | branch as u64;
    let mut rng = Rng::new(place.seed, Stream::DropPath, place.epoch, sample);
    let scale = (1.0 / (1.0 - rate)) as f32;
    let mask: Vec<f32> = (0..batch).map(|_| if rng.chance(rate) { 0.0 } else { scale }).collect();
    x.broadcast_mul(&Tensor::from_vec(mask, (batch, 1, 1), x.device())?)
}

/// Logits (B, C) to class probabilities (B, C); class 0 is real.
pub fn probabilities(logits: &Tensor) -> Result<Vec<Vec<f32>>> {
    softmax(&logits.contiguous()?)?.to_vec2::<f32>()
}

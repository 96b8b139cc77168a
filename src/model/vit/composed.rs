//! The Vision Transformer of the paper (section 4.3) composed of candle's differentiable operations:
//! the reference of the hand-written kernels, and what computes in bf16 on the CPU.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::config::{EPS, VitConfig};
use crate::backbone::Trunk;
use crate::drop_path::DropPath;
use crate::exact::matmul;
use crate::gradients::Gradients;
use crate::images::Images;
use crate::ops::{layer_norm, linear, softmax};
use crate::params::Params;
use proofmark_lang::model::Pool;

/// The network. Holds the graph of the last pass that kept it.
#[derive(Debug)]
pub struct Composed {
    config: VitConfig,
    dtype: DType,
    kept: Option<Tensor>,
}

impl Composed {
    /// A network whose matrix products and residuals are in `dtype`.
    pub fn new(config: VitConfig, dtype: DType) -> Self {
        Self { config, dtype, kept: None }
    }

    fn graph(&self, params: &Params, images: &[f32], drop: Option<DropPath>) -> Result<Tensor> {
        let side = self.config.image;
        let shape = (images.len() / (3 * side * side), 3, side, side);
        let images = Tensor::from_slice(images, shape, &Device::Cpu)?;
        embed(&self.config, params, &images, drop, self.dtype)
    }
}

impl Trunk for Composed {
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        Ok(self.graph(params, &images.planes()?, drop)?.detach())
    }

    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let embedding = self.graph(params, &images.planes()?, drop)?;
        Ok(self.kept.insert(embedding).detach())
    }

    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        let Some(embedding) = self.kept.take() else {
            bail!("no forward pass was kept for this backward pass")
        };
        // The inner product has the given gradient with respect to embeddings.
        grads.add_all(params, &(embedding * dembedding)?.sum_all()?.backward()?)
    }
}

/// Embeddings (B, D) of normalised images (B, 3, S, S), after `fc_norm`, in f32, with a graph. Matrix
/// products and residuals are computed in `dtype`, normalisation and softmax in f32.
fn embed(
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

//! The whole way from images to embeddings and back, block by block, in buffers that
//! live as long as the training does.

use candle_core::{Device, Result, Tensor, bail};

use super::block::{Block, Kept, Scratch, apply, fit, outer};
use super::rows::{Moments, column_sums, norm, norm_backward};
use crate::backbone::Trunk;
use crate::drop_path::DropPath;
use crate::gradients::Gradients;
use crate::images::Images;
use crate::params::{HostValues, Params};
use crate::vit::config::{EPS, VitConfig};
use crate::vit::sizes::Sizes;
use proofmark_lang::model::Pool;

/// Images of one pass that keeps nothing: enough to fill the products, few enough for
/// the activations to stay near the caches.
const CHUNK: usize = 8;

/// The network on the CPU in f32.
#[derive(Debug)]
pub struct Fused {
    config: VitConfig,
    /// One for each block after a pass that keeps, else the first alone.
    kept: Vec<Kept>,
    scratch: Scratch,
    /// Patches of the images (B G G, 3 P P).
    patches: Vec<f32>,
    /// Their projections, without the bias, or the gradient of them (B G G, D).
    projected: Vec<f32>,
    /// What the last block gives (R, D).
    last: Vec<f32>,
    /// Pooled tokens (B, D).
    pooled: Vec<f32>,
    moments: Vec<Moments>,
    /// Gradient of the residual stream (R, D).
    dx: Vec<f32>,
    /// Images and drop path of the pass whose activations are kept.
    pass: Option<(usize, Option<DropPath>)>,
}

impl Fused {
    /// A network without buffers yet.
    pub fn new(config: VitConfig) -> Self {
        Self {
            config,
            kept: Vec::new(),
            scratch: Scratch::default(),
            patches: Vec::new(),
            projected: Vec::new(),
            last: Vec::new(),
            pooled: Vec::new(),
            moments: Vec::new(),
            dx: Vec::new(),
            pass: None,
        }
    }

    /// Embeddings of images as a tensor.
    fn rows(&self, values: Vec<f32>) -> Result<Tensor> {
        let shape = (values.len() / self.config.width, self.config.width);
        Tensor::from_vec(values, shape, &Device::Cpu)
    }

    fn forward(
        &mut self,
        values: &HostValues<'_>,
        images: &[f32],
        drop: Option<DropPath>,
        keep: bool,
    ) -> Result<Vec<f32>> {
        let side = self.config.image;
        let batch = images.len() / (3 * side * side);
        if batch == 0 || !images.len().is_multiple_of(3 * side * side) {
            bail!("{} values are not images of 3 x {side} x {side}", images.len());
        }
        let sizes = Sizes::new(&self.config, batch);
        let depth = self.config.depth;
        let layer_scale = self.config.layer_scale.is_some();
        self.pass = None;
        self.kept.resize_with(if keep { depth } else { 1 }, Kept::default);
        for kept in &mut self.kept {
            kept.fit(&sizes, layer_scale);
        }
        fit(&mut self.last, sizes.rows() * sizes.width);
        self.tokens(values, images, &sizes);
        for index in 0..depth {
            let scales = self.scales(drop, index, batch);
            let scales = scales.each_ref().map(|s| s.as_deref());
            let block = Block::new(sizes, &self.config, values, index, scales);
            if !keep {
                block.forward(&mut self.kept[0], &mut self.scratch, &mut self.last);
                if index + 1 < depth {
                    std::mem::swap(&mut self.kept[0].x, &mut self.last);
                }
            } else if let [kept, next, ..] = &mut self.kept[index..] {
                block.forward(kept, &mut self.scratch, &mut next.x);
            } else {
                block.forward(&mut self.kept[index], &mut self.scratch, &mut self.last);
            }
        }
        self.pool(&sizes);
        let mut embedding = vec![0f32; batch * sizes.width];
        fit(&mut self.moments, batch);
        let affine = (values.get("fc_norm.weight"), values.get("fc_norm.bias"));
        norm(&self.pooled, affine, EPS as f32, &mut embedding, &mut self.moments);
        self.pass = keep.then_some((batch, drop));
        Ok(embedding)
    }

    /// Drop-path scales of both branches of a block.
    fn scales(&self, drop: Option<DropPath>, index: usize, batch: usize) -> [Option<Vec<f32>>; 2] {
        let rate = self.config.drop_rate(index);
        [0, 1].map(|branch| drop.and_then(|drop| drop.scales(rate, 2 * index + branch, batch)))
    }

    /// Fills the first block's input: projected patches as tokens, CLS in front, positions
    /// added, registers between.
    fn tokens(&mut self, values: &HostValues<'_>, images: &[f32], sizes: &Sizes) {
        let Sizes { width, tokens, patches, inputs, .. } = *sizes;
        fit(&mut self.patches, sizes.images * patches * inputs);
        fit(&mut self.projected, sizes.images * patches * width);
        self.gather(images);
        apply(&self.patches, values.get("patch_embed.proj.weight"), inputs, &mut self.projected);
        let bias = values.get("patch_embed.proj.bias");
        let (cls, positions) = (values.get("cls_token"), values.get("pos_embed"));
        let registers = (self.config.registers > 0).then(|| values.get("reg_token"));
        let images = self.kept[0].x.chunks_exact_mut(tokens * width);
        for (x, projected) in images.zip(self.projected.chunks_exact(patches * width)) {
            let (first, rest) = x.split_at_mut(width);
            for ((x, cls), position) in first.iter_mut().zip(cls).zip(positions) {
                *x = cls + position;
            }
            let (between, rest) = rest.split_at_mut(self.config.registers * width);
            if let Some(registers) = registers {
                between.copy_from_slice(registers);
            }
            let rows = rest.chunks_exact_mut(width).zip(projected.chunks_exact(width));
            for ((x, projected), positions) in rows.zip(positions[width..].chunks_exact(width)) {
                let added = bias.iter().zip(positions);
                for ((x, projected), (bias, position)) in x.iter_mut().zip(projected).zip(added) {
                    *x = projected + bias + position;
                }
            }
        }
    }

    /// Copies every patch into a row, channel by channel.
    fn gather(&mut self, images: &[f32]) {
        let (side, patch, grid) = (self.config.image, self.config.patch, self.config.grid());
        let inputs = 3 * patch * patch;
        for (row, out) in self.patches.chunks_exact_mut(inputs).enumerate() {
            let (image, place) = (row / (grid * grid), row % (grid * grid));
            let (top, left) = (place / grid * patch, place % grid * patch);
            for (line, out) in out.chunks_exact_mut(patch).enumerate() {
                let (channel, y) = (line / patch, top + line % patch);
                let from = ((image * 3 + channel) * side + y) * side + left;
                out.copy_from_slice(&images[from..from + patch]);
            }
        }
    }

    fn pool(&mut self, sizes: &Sizes) {
        let width = sizes.width;
        fit(&mut self.pooled, sizes.images * width);
        let images = self.last.chunks_exact(sizes.tokens * width);
        for (pooled, x) in self.pooled.chunks_exact_mut(width).zip(images) {
            match self.config.pool {
                Pool::Cls => pooled.copy_from_slice(&x[..width]),
                Pool::PatchMean => {
                    pooled.fill(0.0);
                    let front = self.config.front();
                    for row in x[front * width..].chunks_exact(width) {
                        pooled.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
                    }
                    let scale = 1.0 / (sizes.tokens - front) as f32;
                    pooled.iter_mut().for_each(|v| *v *= scale);
                }
            }
        }
    }

    /// Fills `dx` with the gradient of the last block's result.
    fn unpool(&mut self, dpooled: &[f32], sizes: &Sizes) {
        let width = sizes.width;
        fit(&mut self.dx, sizes.values());
        let images = self.dx.chunks_exact_mut(sizes.tokens * width);
        for (dx, dpooled) in images.zip(dpooled.chunks_exact(width)) {
            match self.config.pool {
                Pool::Cls => {
                    let (cls, others) = dx.split_at_mut(width);
                    cls.copy_from_slice(dpooled);
                    others.fill(0.0);
                }
                Pool::PatchMean => {
                    let front = self.config.front();
                    let (others, patches) = dx.split_at_mut(front * width);
                    others.fill(0.0);
                    let scale = 1.0 / (sizes.tokens - front) as f32;
                    for row in patches.chunks_exact_mut(width) {
                        row.iter_mut().zip(dpooled).for_each(|(dx, d)| *dx = d * scale);
                    }
                }
            }
        }
    }

    fn tokens_backward(&mut self, sizes: &Sizes, grads: &mut Gradients<'_>) {
        let (width, image) = (sizes.width, sizes.tokens * sizes.width);
        let front = self.config.front() * width;
        // An image is a row here: tokens and positions are shared by images.
        let shared = column_sums(&self.dx, image);
        let (cls, patches) = (&shared[..width], &shared[front..]);
        grads.add("cls_token", cls);
        if self.config.registers > 0 {
            grads.add("reg_token", &shared[width..front]);
        }
        grads.add("pos_embed", &[cls, patches].concat());
        let images = self.projected.chunks_exact_mut(image - front);
        for (projected, dx) in images.zip(self.dx.chunks_exact(image)) {
            projected.copy_from_slice(&dx[front..]);
        }
        grads.add("patch_embed.proj.bias", &column_sums(&self.projected, width));
        let rows = sizes.images * sizes.patches;
        outer(&self.projected, &self.patches, rows, grads, "patch_embed.proj.weight");
    }
}

impl Trunk for Fused {
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let (values, images) = (params.host()?, images.planes()?);
        let pixels = 3 * self.config.image * self.config.image;
        let mut embedding = Vec::with_capacity(images.len() / pixels * self.config.width);
        for (i, images) in images.chunks(CHUNK * pixels).enumerate() {
            let drop = drop.map(|drop| drop.at(i * CHUNK));
            embedding.extend(self.forward(&values, images, drop, false)?);
        }
        self.rows(embedding)
    }

    /// In one pass, whatever the number of images.
    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let embedding = self.forward(&params.host()?, &images.planes()?, drop, true)?;
        self.rows(embedding)
    }

    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        let Some((batch, drop)) = self.pass else {
            bail!("no forward pass was kept for this backward pass")
        };
        let dembedding = dembedding.flatten_all()?.to_vec1::<f32>()?;
        if dembedding.len() != batch * self.config.width {
            bail!("a gradient of {} values for {batch} embeddings", dembedding.len());
        }
        let values = params.host()?;
        let sizes = Sizes::new(&self.config, batch);
        let width = sizes.width;
        let mut dpooled = vec![0f32; batch * width];
        let gamma = values.get("fc_norm.weight");
        let (dgamma, dbeta) =
            norm_backward(&dembedding, &self.pooled, &self.moments, gamma, &mut dpooled);
        grads.add("fc_norm.weight", &dgamma);
        grads.add("fc_norm.bias", &dbeta);
        self.unpool(&dpooled, &sizes);
        for index in (0..self.config.depth).rev() {
            let scales = self.scales(drop, index, batch);
            let scales = scales.each_ref().map(|s| s.as_deref());
            let block = Block::new(sizes, &self.config, &values, index, scales);
            block.backward(&self.kept[index], &mut self.scratch, &mut self.dx, grads);
        }
        self.tokens_backward(&sizes, grads);
        Ok(())
    }
}

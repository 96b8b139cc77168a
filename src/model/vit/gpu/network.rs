//! The whole way from images to embeddings on a GPU and back, in buffers that live as long as the network does.

use std::ops::Range;
use std::sync::Arc;

use super::block::Block;
use super::buffers::{Kept, Scratch, Weights};
use crate::drop_path::DropPath;
use crate::gpu_trunk::GpuNetwork;
use crate::images::{Images, Room};
use crate::linear::{Linear, factors};
use crate::resident::{Resident, Sums};
use crate::vit::config::{EPS, VitConfig};
use crate::vit::sizes::Sizes;
use proofmark_gpu::error::{GpuError, Result};
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::columns::{add_up, column_sums};
use proofmark_gpu::kernels::rows::{Norm, norm_chunks};
use proofmark_gpu::kernels::steps::cast;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::Buffer;
use proofmark_gpu::product::Factors;
use proofmark_lang::model::{Pool, Precision};

/// A network on a GPU.
#[derive(Debug)]
pub struct OnGpu {
    gpu: Arc<dyn Gpu>,
    config: VitConfig,
    /// What products read.
    kind: Kind,
    /// How they multiply it, if it is f32.
    multiplies: Factors,
    /// The parameters as products read them, and the version that they are of; nothing if products are in f32.
    factors: Option<(Buffer, u64)>,
    /// One for each block after a pass that keeps, else the first alone.
    kept: Vec<Kept>,
    scratch: Scratch,
    /// Images that are not on the GPU yet.
    images: Room,
    /// Patches of the images (B G G, 3 P P).
    patches: Buffer,
    /// Their projections, without the bias, or the gradient of them (B G G, D).
    projected: Buffer,
    /// What the last block gives (R, D).
    last: Buffer,
    /// Pooled tokens, their moments, embeddings, and gradients of both (B, D).
    pooled: Buffer,
    moments: Buffer,
    embedding: Buffer,
    dembedding: Buffer,
    dpooled: Buffer,
    /// Gradient of the residual stream (R, D), and its sum over images (N, D).
    dx: Buffer,
    shared: Buffer,
    /// Drop-path scales of all branches (2 depth, B).
    scales: Buffer,
    /// Images of the pass whose activations are kept, and whether it had drop path.
    pass: Option<(usize, bool)>,
}

impl OnGpu {
    /// A network without buffers yet, whose products are in the declared precision.
    pub fn new(gpu: &Arc<dyn Gpu>, config: VitConfig, precision: Precision) -> Self {
        let kind = match precision {
            Precision::F32 | Precision::Tf32 => Kind::F32,
            Precision::Bf16 => Kind::Bf16,
        };
        let wide = || Buffer::empty(gpu, Kind::F32);
        let typed = || Buffer::empty(gpu, kind);
        Self {
            factors: None,
            kept: Vec::new(),
            scratch: Scratch::new(gpu, kind),
            images: Room::new(gpu),
            patches: typed(),
            projected: typed(),
            last: wide(),
            pooled: wide(),
            moments: wide(),
            embedding: wide(),
            dembedding: wide(),
            dpooled: wide(),
            dx: wide(),
            shared: wide(),
            scales: wide(),
            pass: None,
            gpu: Arc::clone(gpu),
            config,
            kind,
            multiplies: factors(precision),
        }
    }

    /// The norm of pooled tokens.
    fn last_norm<'a>(&'a self, values: &'a Resident, images: usize) -> Norm<'a> {
        let affine = ["fc_norm.weight", "fc_norm.bias"].map(|name| values.get(name));
        Norm { affine, eps: EPS as f32, moments: self.moments.first(2 * images) }
    }

    /// The tokens that become the embedding.
    fn pooling(&self) -> Range<usize> {
        match self.config.pool {
            Pool::Cls => 0..1,
            Pool::PatchMean => self.config.front()..self.config.tokens(),
        }
    }

    fn fit(&mut self, sizes: &Sizes, keep: bool) -> Result<()> {
        while self.kept.len() < if keep { self.config.depth } else { 1 } {
            self.kept.push(Kept::new(&self.gpu, self.kind));
        }
        let used = if keep { self.config.depth } else { 1 };
        for kept in &mut self.kept[..used] {
            kept.fit(sizes, self.config.layer_scale.is_some())?;
        }
        self.scratch.fit(sizes)?;
        let patches = sizes.images * sizes.patches;
        self.patches.fit(patches * sizes.inputs)?;
        self.projected.fit(patches * sizes.width)?;
        self.last.fit(sizes.values())?;
        self.pooled.fit(sizes.images * sizes.width)?;
        self.moments.fit(2 * sizes.images)?;
        self.embedding.fit(sizes.images * sizes.width)?;
        self.scales.fit(2 * self.config.depth * sizes.images)
    }

    fn fit_backward(&mut self, sizes: &Sizes) -> Result<()> {
        self.scratch.fit_backward(sizes)?;
        self.dembedding.fit(sizes.images * sizes.width)?;
        self.dpooled.fit(sizes.images * sizes.width)?;
        self.dx.fit(sizes.values())?;
        self.shared.fit(sizes.tokens * sizes.width)
    }

    /// Makes what products read from the values, where that is something else and they have changed.
    fn refresh(&mut self, values: &Resident) -> Result<()> {
        if self.kind == Kind::F32 {
            return Ok(());
        }
        let version = values.version();
        let len = values.places().len();
        let buffer = match self.factors.take() {
            Some((buffer, of)) if of == version => buffer,
            other => {
                let buffer = match other {
                    Some((buffer, _)) => buffer,
                    None => Buffer::new(&self.gpu, self.kind, len)?,
                };
                cast(&*self.gpu, values.values(), buffer.first(len))?;
                buffer
            }
        };
        self.factors = Some((buffer, version));
        Ok(())
    }

    fn weights<'a>(&'a self, values: &'a Resident) -> Weights<'a> {
        let factors = self.factors.as_ref().map_or(values.values(), |(buffer, _)| buffer.all());
        Weights::new(values, factors)
    }

    fn linear(&self) -> Linear<'_> {
        Linear { gpu: &*self.gpu, factors: self.multiplies }
    }

    fn block<'a>(
        &'a self,
        index: usize,
        sizes: Sizes,
        weights: Weights<'a>,
        dropped: bool,
    ) -> Block<'a> {
        let of_branch = |branch: usize| {
            let drops = dropped && self.config.drop_rate(index) > 0.0;
            let first = (2 * index + branch) * sizes.images;
            drops.then(|| self.scales.all().part(first..first + sizes.images))
        };
        Block {
            linear: self.linear(),
            sizes,
            index,
            weights,
            layer_scale: self.config.layer_scale.is_some(),
            scales: [of_branch(0), of_branch(1)],
        }
    }

    /// Draws the drop path of all branches. Whether there is any.
    fn drop(&self, drop: Option<DropPath>, images: usize) -> Result<bool> {
        let Some(drop) = drop else { return Ok(false) };
        let branches = 0..2 * self.config.depth;
        let scales: Vec<f32> = branches
            .flat_map(|branch| {
                let rate = self.config.drop_rate(branch / 2);
                drop.scales(rate, branch, images).unwrap_or_else(|| vec![1.0; images])
            })
            .collect();
        self.scales.first(scales.len()).set(&*self.gpu, &scales)?;
        Ok(true)
    }

    /// Fills the first block's input, from the patches.
    fn tokens(&self, weights: Weights<'_>, sizes: &Sizes) -> Result<()> {
        let gpu = &*self.gpu;
        let rows = sizes.images * sizes.patches;
        let gathered = self.patches.first(rows * sizes.inputs);
        let projected = self.projected.first(rows * sizes.width);
        self.linear().apply(
            gathered,
            weights.matrix("patch_embed.proj.weight"),
            projected,
            rows,
        )?;
        let parameters =
            ["patch_embed.proj.bias", "cls_token", "pos_embed"].map(|n| weights.get(n));
        let registers = (self.config.registers > 0).then(|| weights.get("reg_token"));
        let x = self.kept[0].x.first(sizes.values());
        sizes.of_tokens().begin(gpu, projected, parameters, registers, x)
    }

    fn tokens_backward(&self, sizes: &Sizes, sums: &Sums<'_>) -> Result<()> {
        let gpu = &*self.gpu;
        let (width, image) = (sizes.width, sizes.tokens * sizes.width);
        let front = self.config.front() * width;
        let dx = self.dx.first(sizes.values());
        let partial = self.scratch.partial[0].all();
        // An image is a row here: tokens and positions are shared by images.
        let shared = self.shared.first(image);
        column_sums(gpu, dx, partial, image)?;
        add_up(gpu, partial, chunks(sizes.images), shared, false)?;
        let positions = sums.of("pos_embed");
        let mut parts = vec![
            (0..width, sums.of("cls_token")),
            (0..width, positions.part(0..width)),
            (front..image, positions.part(width..positions.len)),
        ];
        if self.config.registers > 0 {
            parts.push((width..front, sums.of("reg_token")));
        }
        for (range, to) in parts {
            add_up(gpu, shared.part(range), 1, to, sums.add)?;
        }
        let rows = sizes.images * sizes.patches;
        let projected = self.projected.first(rows * width);
        sizes.of_tokens().of_patches(gpu, dx, projected)?;
        column_sums(gpu, projected, partial, width)?;
        add_up(gpu, partial, chunks(rows), sums.of("patch_embed.proj.bias"), sums.add)?;
        let gathered = self.patches.first(rows * sizes.inputs);
        self.linear().outer(projected, gathered, sums.of("patch_embed.proj.weight"), rows, sums.add)
    }
}

impl GpuNetwork for OnGpu {
    fn width(&self) -> usize {
        self.config.width
    }

    fn forward(
        &mut self,
        values: &Resident,
        images: &Images<'_>,
        drop: Option<DropPath>,
        keep: bool,
    ) -> Result<Vec<f32>> {
        let (side, patch) = (self.config.image, self.config.patch);
        let sizes = Sizes::new(&self.config, Room::count(images, side)?);
        self.pass = None;
        self.fit(&sizes, keep)?;
        self.refresh(values)?;
        let dropped = self.drop(drop, sizes.images)?;
        let gathered = self.patches.first(sizes.images * sizes.patches * sizes.inputs);
        self.images.patches(images, side, patch, gathered)?;
        let weights = self.weights(values);
        self.tokens(weights, &sizes)?;
        let mut x = self.kept[0].x.first(sizes.values());
        let block = |index| self.block(index, sizes, weights, dropped);
        block(0).begin(x, &self.kept[0], &self.scratch)?;
        for index in 0..self.config.depth {
            // A pass that keeps nothing goes to and fro between two buffers.
            let (kept, kept_above, next) = match keep {
                true => {
                    let above = self.kept.get(index + 1);
                    (&self.kept[index], above, above.map(|above| &above.x))
                }
                false => {
                    let only = &self.kept[0];
                    (only, Some(only), (index % 2 == 1).then_some(&only.x))
                }
            };
            let out = next.unwrap_or(&self.last).first(sizes.values());
            let above = (index + 1 < self.config.depth).then(|| block(index + 1));
            block(index).forward(x, kept, &self.scratch, out, above.as_ref().zip(kept_above))?;
            x = out;
        }
        let gpu = &*self.gpu;
        let of_embeddings = sizes.images * sizes.width;
        let pooled = self.pooled.first(of_embeddings);
        sizes.of_tokens().pool(gpu, x, pooled, self.pooling())?;
        let embedding = self.embedding.first(of_embeddings);
        self.last_norm(values, sizes.images).forward(gpu, pooled, embedding)?;
        let embedding = embedding.get(gpu)?;
        self.pass = keep.then_some((sizes.images, dropped));
        Ok(embedding)
    }

    fn backward_to(
        &mut self,
        values: &Resident,
        dembedding: &[f32],
        gradient: &Buffer,
        add: bool,
    ) -> Result<()> {
        let Some((images, dropped)) = self.pass else {
            return Err(GpuError::new("go back", "no forward pass was kept for it"));
        };
        let sizes = Sizes::new(&self.config, images);
        if dembedding.len() != images * sizes.width {
            let why = format!("{} values are no gradient of {images} embeddings", dembedding.len());
            return Err(GpuError::new("go back", why));
        }
        self.fit_backward(&sizes)?;
        let places = Arc::clone(values.places());
        let sums = Sums::new(&places, gradient.all(), add);
        let weights = self.weights(values);
        let gpu = &*self.gpu;
        let of_embeddings = images * sizes.width;
        let [pooled, given, dpooled] =
            [&self.pooled, &self.dembedding, &self.dpooled].map(|b| b.first(of_embeddings));
        given.set(gpu, dembedding)?;
        dpooled.set(gpu, &vec![0.0; of_embeddings])?;
        let partial = [self.scratch.partial[0].all(), self.scratch.partial[1].all()];
        self.last_norm(values, images).backward(gpu, given, pooled, dpooled, partial)?;
        for (partial, name) in partial.into_iter().zip(["fc_norm.weight", "fc_norm.bias"]) {
            add_up(gpu, partial, norm_chunks(images), sums.of(name), add)?;
        }
        let dx = self.dx.first(sizes.values());
        sizes.of_tokens().unpool(gpu, dpooled, dx, self.pooling())?;
        let block = |index| (self.block(index, sizes, weights, dropped), &self.kept[index]);
        let (last, kept) = block(self.config.depth - 1);
        last.begin_backward(kept, &self.scratch, dx, sums)?;
        for index in (0..self.config.depth).rev() {
            let below = index.checked_sub(1).map(block);
            let below = below.as_ref().map(|(below, kept)| (below, *kept));
            let (block, kept) = block(index);
            block.backward(kept, &self.scratch, dx, sums, below)?;
        }
        self.tokens_backward(&sizes, &sums)
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

//! What the passes of a network keep on the GPU: sizes, parameters, activations, and room to work in.

use std::sync::Arc;

use crate::resident::{Places, Resident};
use crate::vit::sizes::Sizes;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::attention::Scores;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::ends::Tokens;
use proofmark_gpu::kernels::flash::Flash;
use proofmark_gpu::kernels::rows::norm_chunks;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

impl Sizes {
    /// How tokens lie.
    pub fn of_tokens(&self) -> Tokens {
        let registers = self.tokens - 1 - self.patches;
        Tokens { images: self.images, patches: self.patches, registers, width: self.width }
    }

    /// How scores lie in memory: rows begin where products find them aligned.
    pub fn scores(&self) -> Scores {
        Scores {
            images: self.images,
            heads: self.heads,
            tokens: self.tokens,
            stride: self.tokens.next_multiple_of(8),
            head: self.head(),
        }
    }
}

/// The parameters of a pass: their values, and what products read instead.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    places: &'a Places,
    values: Slice<'a>,
    factors: Slice<'a>,
}

impl<'a> Weights<'a> {
    /// `factors` are the values in the kind of products.
    pub fn new(resident: &'a Resident, factors: Slice<'a>) -> Self {
        Self { places: resident.places(), values: resident.values(), factors }
    }

    /// A parameter's values in f32.
    pub fn get(&self, name: &str) -> Slice<'a> {
        self.values.part(self.places.of(name))
    }

    /// A matrix as products read it.
    pub fn matrix(&self, name: &str) -> Slice<'a> {
        self.factors.part(self.places.of(name))
    }
}

/// What the forward pass of a block leaves for its backward pass.
#[derive(Debug)]
pub struct Kept {
    /// Input (R, D), in f32.
    pub x: Buffer,
    /// Moments of the first norm (R, 2).
    pub moments1: Buffer,
    /// (R, 3D).
    pub qkv: Buffer,
    /// Logarithms of the softmax sums (B, heads, N).
    pub logs: Buffer,
    /// What the heads give, before the projection (R, D).
    pub mixed: Buffer,
    /// The attention branch before LayerScale (R, D), if the block has it.
    pub branch1: Buffer,
    /// Between the two branches (R, D), in f32.
    pub mid: Buffer,
    /// Moments of the second norm (R, 2).
    pub moments2: Buffer,
    /// Before GELU (R, H).
    pub z: Buffer,
    /// The MLP branch before LayerScale (R, D), if the block has it.
    pub branch2: Buffer,
}

impl Kept {
    /// Without room yet.
    pub fn new(gpu: &Arc<dyn Gpu>, kind: Kind) -> Self {
        let wide = || Buffer::empty(gpu, Kind::F32);
        let typed = || Buffer::empty(gpu, kind);
        Self {
            x: wide(),
            moments1: wide(),
            qkv: typed(),
            logs: wide(),
            mixed: typed(),
            branch1: typed(),
            mid: wide(),
            moments2: wide(),
            z: typed(),
            branch2: typed(),
        }
    }

    /// Makes room for a pass.
    pub fn fit(&mut self, sizes: &Sizes, layer_scale: bool) -> Result<()> {
        let (rows, values) = (sizes.rows(), sizes.values());
        for buffer in [&mut self.x, &mut self.mixed, &mut self.mid] {
            buffer.fit(values)?;
        }
        for buffer in [&mut self.branch1, &mut self.branch2] {
            buffer.fit(if layer_scale { values } else { 0 })?;
        }
        for buffer in [&mut self.moments1, &mut self.moments2] {
            buffer.fit(2 * rows)?;
        }
        self.qkv.fit(3 * values)?;
        self.logs.fit(rows * sizes.heads)?;
        self.z.fit(rows * sizes.hidden)
    }
}

/// Room that all blocks share.
#[derive(Debug)]
pub struct Scratch {
    /// After a layer normalisation (R, D).
    pub normed: Buffer,
    /// After GELU (R, H).
    pub wide: Buffer,
    /// A branch (R, D).
    pub branch: Buffer,
    /// Scores of attention, and gradients of probabilities, in f32.
    pub scores: Buffer,
    /// See [`Scratch::scores`].
    pub dprobabilities: Buffer,
    /// Probabilities, and gradients of scores.
    pub probabilities: Buffer,
    /// See [`Scratch::probabilities`].
    pub dscores: Buffer,
    /// Mean gradients of scores (B, heads, N), where scores are in no memory.
    pub means: Buffer,
    /// Gradients of z (R, H), of qkv (R, 3D), of a branch and of its input (R, D).
    pub dz: Buffer,
    /// See [`Scratch::dz`].
    pub dqkv: Buffer,
    /// See [`Scratch::dz`].
    pub dbranch: Buffer,
    /// See [`Scratch::dz`].
    pub dinput: Buffer,
    /// Partial sums over rows.
    pub partial: [Buffer; 4],
}

impl Scratch {
    /// Without room yet.
    pub fn new(gpu: &Arc<dyn Gpu>, kind: Kind) -> Self {
        let wide = || Buffer::empty(gpu, Kind::F32);
        let typed = || Buffer::empty(gpu, kind);
        Self {
            normed: typed(),
            wide: typed(),
            branch: typed(),
            scores: wide(),
            dprobabilities: wide(),
            probabilities: typed(),
            dscores: typed(),
            means: wide(),
            dz: typed(),
            dqkv: typed(),
            dbranch: typed(),
            dinput: typed(),
            partial: [wide(), wide(), wide(), wide()],
        }
    }

    /// Numbers of scores that pass memory.
    fn scores_of(&self, sizes: &Sizes) -> usize {
        let none = Flash::can(self.normed.all().kind, sizes.head());
        if none { 0 } else { sizes.scores().len() }
    }

    /// Makes room for a forward pass.
    pub fn fit(&mut self, sizes: &Sizes) -> Result<()> {
        let scores = self.scores_of(sizes);
        self.normed.fit(sizes.values())?;
        self.wide.fit(sizes.rows() * sizes.hidden)?;
        self.branch.fit(sizes.values())?;
        self.scores.fit(scores)?;
        self.probabilities.fit(scores)
    }

    /// Makes room for a backward pass, besides that of the forward pass.
    pub fn fit_backward(&mut self, sizes: &Sizes) -> Result<()> {
        let scores = self.scores_of(sizes);
        self.means.fit(sizes.rows() * sizes.heads)?;
        self.dprobabilities.fit(scores)?;
        self.dscores.fit(scores)?;
        self.dz.fit(sizes.rows() * sizes.hidden)?;
        self.dqkv.fit(3 * sizes.values())?;
        self.dbranch.fit(sizes.values())?;
        self.dinput.fit(sizes.values())?;
        // The widest of all sums: of an MLP's hidden layer, of qkv, of norms, and of tokens over images.
        let (rows, width) = (sizes.rows(), sizes.width);
        let widest = sizes.hidden.max(3 * width);
        let of_rows = (chunks(rows) * widest).max(norm_chunks(rows) * width);
        let of_images = chunks(sizes.images) * sizes.tokens * width;
        self.partial.iter_mut().try_for_each(|partial| partial.fit(of_rows.max(of_images)))
    }
}

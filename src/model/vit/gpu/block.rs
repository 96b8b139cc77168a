//! One Transformer block on a GPU: pre-norm attention and MLP, each joined to the residual stream, with its
//! backward pass (Dosovitskiy et al. 2021, equations 2 and 3).

use super::attention::Attention;
use super::buffers::{Kept, Scratch, Sums, Weights};
use super::linear::Linear;
use crate::vit::config::EPS;
use crate::vit::sizes::Sizes;
use proofmark_gpu::error::Result;
use proofmark_gpu::kernels::attention::add_bias;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::columns::{Join, add_up, column_sums, gelu, gelu_backward};
use proofmark_gpu::kernels::rows::{norm, norm_again, norm_backward, norm_chunks};
use proofmark_gpu::memory::{Buffer, Slice};

/// A block's place in the network, its parameters and its drop path.
#[derive(Debug)]
pub struct Block<'a> {
    /// Where it runs, and how it multiplies.
    pub linear: Linear<'a>,
    /// Sizes of a pass.
    pub sizes: Sizes,
    /// Its number.
    pub index: usize,
    /// The network's parameters.
    pub weights: Weights<'a>,
    /// Whether it has LayerScale.
    pub layer_scale: bool,
    /// Drop-path scales of the images, for each branch.
    pub scales: [Option<Slice<'a>>; 2],
}

impl<'a> Block<'a> {
    fn name(&self, name: &str) -> String {
        format!("blocks.{}.{name}", self.index)
    }

    fn get(&self, name: &str) -> Slice<'a> {
        self.weights.get(&self.name(name))
    }

    /// Gamma and beta of a norm.
    fn affine(&self, norm: &str) -> [Slice<'a>; 2] {
        ["weight", "bias"].map(|part| self.get(&format!("{norm}.{part}")))
    }

    fn matrix(&self, name: &str) -> Slice<'a> {
        self.weights.matrix(&self.name(&format!("{name}.weight")))
    }

    fn join(&self, branch: usize) -> Join<'a> {
        let [layer, gamma] = [["attn.proj", "ls1.gamma"], ["mlp.fc2", "ls2.gamma"]][branch];
        Join {
            bias: self.get(&format!("{layer}.bias")),
            gamma: self.layer_scale.then(|| self.get(gamma)),
            scales: self.scales[branch],
            tokens: self.sizes.tokens,
        }
    }

    /// Where a branch (R, D) goes: it is kept for the gradient of LayerScale.
    fn branch<'b>(&self, kept: &'b Buffer, scratch: &'b Scratch) -> Slice<'b> {
        let buffer = if self.layer_scale { kept } else { &scratch.branch };
        buffer.first(self.sizes.values())
    }

    /// x (R, D) to `out` (R, D), both in f32.
    pub fn forward(
        &self,
        x: Slice<'_>,
        kept: &Kept,
        scratch: &Scratch,
        out: Slice<'_>,
    ) -> Result<()> {
        let (linear, gpu, sizes) = (self.linear, self.linear.gpu, &self.sizes);
        let (rows, values) = (sizes.rows(), sizes.values());
        let mid = kept.mid.first(values);
        let (qkv, mixed) = (kept.qkv.first(3 * values), kept.mixed.first(values));
        let (normed, wide) =
            (scratch.normed.first(values), scratch.wide.first(rows * sizes.hidden));
        let z = kept.z.first(rows * sizes.hidden);

        norm(gpu, x, self.affine("norm1"), EPS as f32, normed, kept.moments1.first(2 * rows))?;
        linear.apply(normed, self.matrix("attn.qkv"), qkv, rows)?;
        add_bias(gpu, qkv, self.get("attn.qkv.bias"))?;
        let logs = kept.logs.first(rows * sizes.heads);
        Attention::new(*sizes, linear.factors).forward(gpu, qkv, [mixed, logs], scratch)?;
        let y = self.branch(&kept.branch1, scratch);
        linear.apply(mixed, self.matrix("attn.proj"), y, rows)?;
        self.join(0).forward(gpu, x, y, mid)?;

        norm(gpu, mid, self.affine("norm2"), EPS as f32, normed, kept.moments2.first(2 * rows))?;
        linear.apply(normed, self.matrix("mlp.fc1"), z, rows)?;
        gelu(gpu, z, self.get("mlp.fc1.bias"), wide)?;
        let y = self.branch(&kept.branch2, scratch);
        linear.apply(wide, self.matrix("mlp.fc2"), y, rows)?;
        self.join(1).forward(gpu, mid, y, out)
    }

    /// Turns the gradient of the result in `dx` (R, D) into that of the input, and those of the parameters
    /// into `sums`.
    pub fn backward(
        &self,
        kept: &Kept,
        scratch: &Scratch,
        dx: Slice<'_>,
        sums: Sums<'_>,
    ) -> Result<()> {
        let (linear, gpu, sizes) = (self.linear, self.linear.gpu, &self.sizes);
        let (rows, values, hidden) = (sizes.rows(), sizes.values(), sizes.hidden);
        let [x, mid] = [&kept.x, &kept.mid].map(|buffer| buffer.first(values));
        let (normed, wide) = (scratch.normed.first(values), scratch.wide.first(rows * hidden));
        let (dz, dqkv) = (scratch.dz.first(rows * hidden), scratch.dqkv.first(3 * values));
        let (dbranch, dinput) = (scratch.dbranch.first(values), scratch.dinput.first(values));
        let partial = [scratch.partial[0].all(), scratch.partial[1].all()];
        let of = |name: &str| sums.of(&self.name(name));
        let column = |partial, chunks, name: &str| add_up(gpu, partial, chunks, of(name), sums.add);

        // The MLP branch.
        self.branch_backward(1, dx, first(&kept.branch2, values), dbranch, sums, scratch)?;
        linear.apply_transposed(dbranch, self.matrix("mlp.fc2"), dz, rows)?;
        gelu_backward(gpu, kept.z.first(rows * hidden), dz, wide, partial[0], hidden)?;
        column(partial[0], chunks(rows), "mlp.fc1.bias")?;
        linear.outer(dbranch, wide, of("mlp.fc2.weight"), rows, sums.add)?;
        let moments = kept.moments2.first(2 * rows);
        norm_again(gpu, mid, self.affine("norm2"), moments, normed)?;
        linear.outer(dz, normed, of("mlp.fc1.weight"), rows, sums.add)?;
        linear.apply_transposed(dz, self.matrix("mlp.fc1"), dinput, rows)?;
        norm_backward(gpu, dinput, mid, moments, self.affine("norm2")[0], dx, partial)?;
        column(partial[0], norm_chunks(rows), "norm2.weight")?;
        column(partial[1], norm_chunks(rows), "norm2.bias")?;

        // The attention branch.
        self.branch_backward(0, dx, first(&kept.branch1, values), dbranch, sums, scratch)?;
        let mixed = kept.mixed.first(values);
        linear.outer(dbranch, mixed, of("attn.proj.weight"), rows, sums.add)?;
        linear.apply_transposed(dbranch, self.matrix("attn.proj"), dinput, rows)?;
        let (qkv, logs) = (kept.qkv.first(3 * values), kept.logs.first(rows * sizes.heads));
        Attention::new(*sizes, linear.factors).backward(
            gpu,
            qkv,
            [mixed, logs, dinput],
            dqkv,
            scratch,
        )?;
        column_sums(gpu, dqkv, partial[0], 3 * sizes.width)?;
        column(partial[0], chunks(rows), "attn.qkv.bias")?;
        let moments = kept.moments1.first(2 * rows);
        norm_again(gpu, x, self.affine("norm1"), moments, normed)?;
        linear.outer(dqkv, normed, of("attn.qkv.weight"), rows, sums.add)?;
        linear.apply_transposed(dqkv, self.matrix("attn.qkv"), dinput, rows)?;
        norm_backward(gpu, dinput, x, moments, self.affine("norm1")[0], dx, partial)?;
        column(partial[0], norm_chunks(rows), "norm1.weight")?;
        column(partial[1], norm_chunks(rows), "norm1.bias")
    }

    /// The gradient of a branch, of its last bias, and of its LayerScale.
    fn branch_backward(
        &self,
        branch: usize,
        dx: Slice<'_>,
        y: Slice<'_>,
        dbranch: Slice<'_>,
        sums: Sums<'_>,
        scratch: &Scratch,
    ) -> Result<()> {
        let chunks = chunks(self.sizes.rows());
        let partial = [scratch.partial[0].all(), scratch.partial[1].all()];
        self.join(branch).backward(self.linear.gpu, dx, y, dbranch, partial)?;
        let [bias, gamma] =
            [["attn.proj.bias", "ls1.gamma"], ["mlp.fc2.bias", "ls2.gamma"]][branch];
        add_up(self.linear.gpu, partial[0], chunks, sums.of(&self.name(bias)), sums.add)?;
        if self.layer_scale {
            add_up(self.linear.gpu, partial[1], chunks, sums.of(&self.name(gamma)), sums.add)?;
        }
        Ok(())
    }
}

/// The numbers of a buffer, of which there are none where nothing is kept.
fn first(buffer: &Buffer, len: usize) -> Slice<'_> {
    buffer.first(len.min(buffer.all().len))
}

//! One Transformer block on a GPU: pre-norm attention and MLP, each joined to the residual stream, with its
//! backward pass (Dosovitskiy et al. 2021, equations 2 and 3).

use super::attention::Attention;
use super::buffers::{Kept, Scratch, Weights};
use crate::linear::Linear;
use crate::resident::Sums;
use crate::vit::config::EPS;
use crate::vit::sizes::Sizes;
use proofmark_gpu::error::Result;
use proofmark_gpu::kernels::chunks;
use proofmark_gpu::kernels::columns::{
    Back, Join, add_all, add_up, column_sums, gelu, gelu_backward,
};
use proofmark_gpu::kernels::rows::{Norm, norm_chunks};
use proofmark_gpu::memory::{Buffer, Slice};

/// The last bias and the LayerScale of each branch.
const JOINS: [[&str; 2]; 2] = [["attn.proj.bias", "ls1.gamma"], ["mlp.fc2.bias", "ls2.gamma"]];

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

    fn matrix(&self, name: &str) -> Slice<'a> {
        self.weights.matrix(&self.name(&format!("{name}.weight")))
    }

    /// The norm before a branch.
    fn norm<'b>(&'b self, branch: usize, kept: &'b Kept) -> Norm<'b> {
        let (name, moments) = [("norm1", &kept.moments1), ("norm2", &kept.moments2)][branch];
        let affine = ["weight", "bias"].map(|part| self.get(&format!("{name}.{part}")));
        Norm { affine, eps: EPS as f32, moments: moments.first(2 * self.sizes.rows()) }
    }

    fn join(&self, branch: usize) -> Join<'a> {
        let [bias, gamma] = JOINS[branch];
        Join {
            bias: self.get(bias),
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

    /// Normalises the input of the first block, x (R, D), into `scratch`.
    pub fn begin(&self, x: Slice<'_>, kept: &Kept, scratch: &Scratch) -> Result<()> {
        self.norm(0, kept).forward(self.linear.gpu, x, scratch.normed.first(x.len))
    }

    /// x (R, D) to `out` (R, D), both in f32. `scratch` has x normalised, and then `out` for the block `above`.
    pub fn forward(
        &self,
        x: Slice<'_>,
        kept: &Kept,
        scratch: &Scratch,
        out: Slice<'_>,
        above: Option<(&Block<'_>, &Kept)>,
    ) -> Result<()> {
        let (linear, gpu, sizes) = (self.linear, self.linear.gpu, &self.sizes);
        let (rows, values) = (sizes.rows(), sizes.values());
        let mid = kept.mid.first(values);
        let (qkv, mixed) = (kept.qkv.first(3 * values), kept.mixed.first(values));
        let (normed, wide) =
            (scratch.normed.first(values), scratch.wide.first(rows * sizes.hidden));
        let z = kept.z.first(rows * sizes.hidden);

        linear.apply(normed, self.matrix("attn.qkv"), qkv, rows)?;
        let logs = kept.logs.first(rows * sizes.heads);
        let of_qkv = [qkv, self.get("attn.qkv.bias")];
        Attention::new(*sizes, linear.factors).forward(gpu, of_qkv, [mixed, logs], scratch)?;
        let y = self.branch(&kept.branch1, scratch);
        linear.apply(mixed, self.matrix("attn.proj"), y, rows)?;
        self.norm(1, kept).of_join(gpu, self.join(0), [x, y], mid, normed)?;

        linear.apply(normed, self.matrix("mlp.fc1"), z, rows)?;
        gelu(gpu, z, self.get("mlp.fc1.bias"), wide)?;
        let y = self.branch(&kept.branch2, scratch);
        linear.apply(wide, self.matrix("mlp.fc2"), y, rows)?;
        match above {
            Some((above, kept)) => {
                above.norm(0, kept).of_join(gpu, self.join(1), [mid, y], out, normed)
            }
            None => self.join(1).forward(gpu, mid, y, out),
        }
    }

    /// The gradient of the uppermost block's MLP branch into `scratch`, from that of its result in `dx` (R, D).
    pub fn begin_backward(
        &self,
        kept: &Kept,
        scratch: &Scratch,
        dx: Slice<'_>,
        sums: Sums<'_>,
    ) -> Result<()> {
        let (join, back) = self.back(1, kept, scratch);
        join.backward(self.linear.gpu, dx, back)?;
        let chunks = chunks(self.sizes.rows());
        add_all(self.linear.gpu, &self.of_join(1, back, sums), chunks, sums.add)
    }

    /// Turns the gradient of the result in `dx` (R, D) into that of the input, and those of the parameters
    /// into `sums`. `scratch` has the gradient of the MLP branch, and then that of the block `below`.
    pub fn backward(
        &self,
        kept: &Kept,
        scratch: &Scratch,
        dx: Slice<'_>,
        sums: Sums<'_>,
        below: Option<(&Block<'_>, &Kept)>,
    ) -> Result<()> {
        let (linear, gpu, sizes) = (self.linear, self.linear.gpu, &self.sizes);
        let (rows, values, hidden) = (sizes.rows(), sizes.values(), sizes.hidden);
        let [x, mid] = [&kept.x, &kept.mid].map(|buffer| buffer.first(values));
        let (normed, wide) = (scratch.normed.first(values), scratch.wide.first(rows * hidden));
        let (dz, dqkv) = (scratch.dz.first(rows * hidden), scratch.dqkv.first(3 * values));
        let (dbranch, dinput) = (scratch.dbranch.first(values), scratch.dinput.first(values));
        let partial = scratch.partial.each_ref().map(Buffer::all);
        let of_norm = [partial[0], partial[1]];
        let of = |name: &str| sums.of(&self.name(name));
        let column = |partial, chunks, name: &str| add_up(gpu, partial, chunks, of(name), sums.add);

        // The MLP branch.
        linear.apply_transposed(dbranch, self.matrix("mlp.fc2"), dz, rows, false)?;
        let z = [kept.z.first(rows * hidden), self.get("mlp.fc1.bias")];
        gelu_backward(gpu, z, dz, wide, partial[0])?;
        column(partial[0], chunks(rows), "mlp.fc1.bias")?;
        linear.outer(dbranch, wide, of("mlp.fc2.weight"), rows, sums.add)?;
        let norm = self.norm(1, kept);
        norm.again(gpu, mid, normed)?;
        linear.outer(dz, normed, of("mlp.fc1.weight"), rows, sums.add)?;
        linear.apply_transposed(dz, self.matrix("mlp.fc1"), dinput, rows, false)?;
        let join = self.back(0, kept, scratch);
        norm.backward_to_join(gpu, dinput, mid, dx, of_norm, join)?;
        let mut pairs = vec![(partial[0], of("norm2.weight")), (partial[1], of("norm2.bias"))];
        pairs.extend(self.of_join(0, join.1, sums));
        add_all(gpu, &pairs, norm_chunks(rows), sums.add)?;

        // The attention branch.
        let mixed = kept.mixed.first(values);
        linear.outer(dbranch, mixed, of("attn.proj.weight"), rows, sums.add)?;
        linear.apply_transposed(dbranch, self.matrix("attn.proj"), dinput, rows, false)?;
        let (qkv, logs) = (kept.qkv.first(3 * values), kept.logs.first(rows * sizes.heads));
        let of_qkv = [qkv, self.get("attn.qkv.bias")];
        Attention::new(*sizes, linear.factors).backward(
            gpu,
            of_qkv,
            [mixed, logs, dinput],
            dqkv,
            scratch,
        )?;
        column_sums(gpu, dqkv, partial[0], 3 * sizes.width)?;
        column(partial[0], chunks(rows), "attn.qkv.bias")?;
        let norm = self.norm(0, kept);
        norm.again(gpu, x, normed)?;
        linear.outer(dqkv, normed, of("attn.qkv.weight"), rows, sums.add)?;
        linear.apply_transposed(dqkv, self.matrix("attn.qkv"), dinput, rows, false)?;
        let mut pairs = vec![(partial[0], of("norm1.weight")), (partial[1], of("norm1.bias"))];
        match below {
            Some((below, kept)) => {
                let join = below.back(1, kept, scratch);
                norm.backward_to_join(gpu, dinput, x, dx, of_norm, join)?;
                pairs.extend(below.of_join(1, join.1, sums));
            }
            None => norm.backward(gpu, dinput, x, dx, of_norm)?,
        }
        add_all(gpu, &pairs, norm_chunks(rows), sums.add)
    }

    /// How a branch goes back, and with what.
    fn back<'b>(
        &'b self,
        branch: usize,
        kept: &'b Kept,
        scratch: &'b Scratch,
    ) -> (Join<'b>, Back<'b>) {
        let values = self.sizes.values();
        let y = [&kept.branch1, &kept.branch2][branch];
        let back = Back {
            // There is none where nothing is kept.
            y: y.first(values.min(y.all().len)),
            dy: scratch.dbranch.first(values),
            sums: [scratch.partial[2].all(), scratch.partial[3].all()],
        };
        (self.join(branch), back)
    }

    /// Partial sums of a branch's last bias and of its LayerScale, and where their gradients are to be.
    fn of_join<'b>(
        &self,
        branch: usize,
        back: Back<'b>,
        sums: Sums<'b>,
    ) -> Vec<(Slice<'b>, Slice<'b>)> {
        let [bias, gamma] = JOINS[branch].map(|name| self.name(name));
        let mut pairs = vec![(back.sums[0], sums.of(&bias))];
        if self.layer_scale {
            pairs.push((back.sums[1], sums.of(&gamma)));
        }
        pairs
    }
}

//! One Transformer block: pre-norm attention and MLP, each joined to the residual
//! stream, with its backward pass (Dosovitskiy et al. 2021, equations 2 and 3).

use super::attention::Attention;
use super::rows::{
    Join, Moments, column_sums, gelu, gelu_backward, norm, norm_again, norm_backward,
};
use crate::gradients::Gradients;
use crate::params::HostValues;
use crate::vit::config::{EPS, VitConfig};
use crate::vit::sizes::Sizes;
use proofmark_base::product::{Mat, Out, Threads, product};

impl Sizes {
    fn attention(&self) -> Attention {
        Attention { tokens: self.tokens, heads: self.heads, width: self.width }
    }
}

/// Gives a buffer its length; what it holds is unspecified.
pub fn fit<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) {
    buffer.resize(len, T::default());
}

/// What the forward pass of a block leaves for its backward pass.
#[derive(Debug, Default)]
pub struct Kept {
    /// Input (R, D).
    pub x: Vec<f32>,
    moments1: Vec<Moments>,
    /// (R, 3D).
    qkv: Vec<f32>,
    /// Logarithms of the softmax sums (B, heads, N).
    logs: Vec<f32>,
    /// What the heads give, before the projection (R, D).
    mixed: Vec<f32>,
    /// The attention branch before LayerScale, if the block has it (R, D).
    branch1: Vec<f32>,
    /// Between the two branches (R, D).
    mid: Vec<f32>,
    moments2: Vec<Moments>,
    /// Before GELU (R, H).
    z: Vec<f32>,
    /// The MLP branch before LayerScale, if the block has it (R, D).
    branch2: Vec<f32>,
}

impl Kept {
    /// Makes room for a pass.
    pub fn fit(&mut self, sizes: &Sizes, layer_scale: bool) {
        let (rows, values) = (sizes.rows(), sizes.values());
        for buffer in [&mut self.x, &mut self.mixed, &mut self.mid] {
            fit(buffer, values);
        }
        if layer_scale {
            fit(&mut self.branch1, values);
            fit(&mut self.branch2, values);
        }
        fit(&mut self.moments1, rows);
        fit(&mut self.moments2, rows);
        fit(&mut self.qkv, 3 * values);
        fit(&mut self.logs, rows * sizes.heads);
        fit(&mut self.z, rows * sizes.hidden);
    }
}

/// Buffers that all blocks share.
#[derive(Debug, Default)]
pub struct Scratch {
    /// After a layer normalisation (R, D).
    normed: Vec<f32>,
    /// After GELU (R, H).
    wide: Vec<f32>,
    /// A branch (R, D).
    branch: Vec<f32>,
    /// Gradients of z (R, H), of qkv (R, 3D), of a branch and of its input (R, D).
    dz: Vec<f32>,
    dqkv: Vec<f32>,
    dbranch: Vec<f32>,
    dinput: Vec<f32>,
}

/// Matrix (O, I), or gamma (D), and its bias.
type Affine<'a> = (&'a [f32], &'a [f32]);

/// A block's place in the network, its parameters and its drop path.
#[derive(Debug)]
pub struct Block<'a> {
    sizes: Sizes,
    index: usize,
    norm1: Affine<'a>,
    qkv: Affine<'a>,
    proj: Affine<'a>,
    gamma1: Option<&'a [f32]>,
    norm2: Affine<'a>,
    fc1: Affine<'a>,
    fc2: Affine<'a>,
    gamma2: Option<&'a [f32]>,
    /// Drop-path scales of the images, for each branch.
    scales: [Option<&'a [f32]>; 2],
}

impl<'a> Block<'a> {
    /// Block `index` of a network.
    pub fn new(
        sizes: Sizes,
        config: &VitConfig,
        values: &'a HostValues<'_>,
        index: usize,
        scales: [Option<&'a [f32]>; 2],
    ) -> Self {
        let get = |name: &str| values.get(&format!("blocks.{index}.{name}"));
        let affine = |name: &str| (get(&format!("{name}.weight")), get(&format!("{name}.bias")));
        Self {
            sizes,
            index,
            norm1: affine("norm1"),
            qkv: affine("attn.qkv"),
            proj: affine("attn.proj"),
            gamma1: config.layer_scale.map(|_| get("ls1.gamma")),
            norm2: affine("norm2"),
            fc1: affine("mlp.fc1"),
            fc2: affine("mlp.fc2"),
            gamma2: config.layer_scale.map(|_| get("ls2.gamma")),
            scales,
        }
    }

    fn join(&self, branch: usize) -> Join<'a> {
        let (bias, gamma) = match branch {
            0 => (self.proj.1, self.gamma1),
            _ => (self.fc2.1, self.gamma2),
        };
        Join { bias, gamma, scales: self.scales[branch], tokens: self.sizes.tokens }
    }

    /// `kept.x` (R, D) to `out` (R, D).
    pub fn forward(&self, kept: &mut Kept, scratch: &mut Scratch, out: &mut [f32]) {
        let Sizes { width, hidden, .. } = self.sizes;
        let rows = self.sizes.rows();
        let Scratch { normed, wide, branch, .. } = scratch;
        fit(normed, rows * width);
        fit(wide, rows * hidden);
        fit(branch, rows * width);
        norm(&kept.x, self.norm1, EPS as f32, normed, &mut kept.moments1);
        apply(normed, self.qkv.0, width, &mut kept.qkv);
        self.sizes.attention().forward(&mut kept.qkv, self.qkv.1, &mut kept.mixed, &mut kept.logs);
        let y = if self.gamma1.is_some() { &mut kept.branch1 } else { &mut *branch };
        apply(&kept.mixed, self.proj.0, width, y);
        self.join(0).forward(&kept.x, y, &mut kept.mid);
        norm(&kept.mid, self.norm2, EPS as f32, normed, &mut kept.moments2);
        apply(normed, self.fc1.0, width, &mut kept.z);
        gelu(&mut kept.z, self.fc1.1, wide);
        let y = if self.gamma2.is_some() { &mut kept.branch2 } else { branch };
        apply(wide, self.fc2.0, hidden, y);
        self.join(1).forward(&kept.mid, y, out);
    }

    /// Turns the gradient of the result in `dx` (R, D) into that of the input, and adds
    /// those of the parameters.
    pub fn backward(
        &self,
        kept: &Kept,
        scratch: &mut Scratch,
        dx: &mut [f32],
        grads: &mut Gradients<'_>,
    ) {
        let Sizes { width, hidden, .. } = self.sizes;
        let rows = self.sizes.rows();
        let Scratch { normed, wide, dz, dqkv, dbranch, dinput, .. } = scratch;
        for buffer in [&mut *normed, dbranch, dinput] {
            fit(buffer, rows * width);
        }
        fit(wide, rows * hidden);
        fit(dz, rows * hidden);
        fit(dqkv, rows * 3 * width);
        let name = |name: &str| format!("blocks.{}.{name}", self.index);

        // The MLP branch.
        let y = self.gamma2.map(|_| kept.branch2.as_slice());
        let (dbias, dgamma) = self.join(1).backward(dx, y, dbranch);
        grads.add(&name("mlp.fc2.bias"), &dbias);
        if self.gamma2.is_some() {
            grads.add(&name("ls2.gamma"), &dgamma);
        }
        apply_transposed(dbranch, self.fc2.0, width, dz);
        grads.add(&name("mlp.fc1.bias"), &gelu_backward(&kept.z, dz, wide, hidden));
        outer(dbranch, wide, rows, grads, &name("mlp.fc2.weight"));
        norm_again(&kept.mid, &kept.moments2, self.norm2, normed);
        outer(dz, normed, rows, grads, &name("mlp.fc1.weight"));
        apply_transposed(dz, self.fc1.0, hidden, dinput);
        let (dgamma, dbeta) = norm_backward(dinput, &kept.mid, &kept.moments2, self.norm2.0, dx);
        grads.add(&name("norm2.weight"), &dgamma);
        grads.add(&name("norm2.bias"), &dbeta);

        // The attention branch.
        let y = self.gamma1.map(|_| kept.branch1.as_slice());
        let (dbias, dgamma) = self.join(0).backward(dx, y, dbranch);
        grads.add(&name("attn.proj.bias"), &dbias);
        if self.gamma1.is_some() {
            grads.add(&name("ls1.gamma"), &dgamma);
        }
        outer(dbranch, &kept.mixed, rows, grads, &name("attn.proj.weight"));
        apply_transposed(dbranch, self.proj.0, width, dinput);
        self.sizes.attention().backward(&kept.qkv, &kept.mixed, &kept.logs, dinput, dqkv);
        grads.add(&name("attn.qkv.bias"), &column_sums(dqkv, 3 * width));
        norm_again(&kept.x, &kept.moments1, self.norm1, normed);
        outer(dqkv, normed, rows, grads, &name("attn.qkv.weight"));
        apply_transposed(dqkv, self.qkv.0, 3 * width, dinput);
        let (dgamma, dbeta) = norm_backward(dinput, &kept.x, &kept.moments1, self.norm1.0, dx);
        grads.add(&name("norm1.weight"), &dgamma);
        grads.add(&name("norm1.bias"), &dbeta);
    }
}

/// `out = x W^T`: x (R, I), W (O, I), out (R, O).
pub fn apply(x: &[f32], weight: &[f32], inputs: usize, out: &mut [f32]) {
    let (rows, outputs) = (x.len() / inputs, weight.len() / inputs);
    let (x, weight) = (Mat::new(x, rows), Mat::new(weight, outputs));
    product(Out::new(out, outputs), x, weight.t(), 1.0, false, Threads::All);
}

/// `dx = dy W`: dy (R, O), W (O, I), dx (R, I).
fn apply_transposed(dy: &[f32], weight: &[f32], outputs: usize, dx: &mut [f32]) {
    let (rows, inputs) = (dy.len() / outputs, weight.len() / outputs);
    let (dy, weight) = (Mat::new(dy, rows), Mat::new(weight, outputs));
    product(Out::new(dx, inputs), dy, weight, 1.0, false, Threads::All);
}

/// Adds `dy^T x` to the gradient of a weight (O, I): dy (R, O), x (R, I).
pub fn outer(dy: &[f32], x: &[f32], rows: usize, grads: &mut Gradients<'_>, name: &str) {
    let inputs = x.len() / rows;
    let (values, add) = grads.host(name);
    let (dy, x) = (Mat::new(dy, rows), Mat::new(x, rows));
    product(Out::new(values, inputs), dy.t(), x, 1.0, add, Threads::All);
}

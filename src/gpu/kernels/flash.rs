//! Attention in bf16 whose scores stay in registers; see `flash.cuh`.

use super::launch::{WARP, at, expect, int, launch};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Width of the heads that there is a kernel for.
pub const HEAD: usize = 64;
/// Queries or keys of a warp.
const OWN: usize = 16;

/// How q, k and v lie: (images, N, 3, heads, [`HEAD`]).
#[derive(Clone, Copy, Debug)]
pub struct Flash {
    /// Images B.
    pub images: usize,
    /// Heads H.
    pub heads: usize,
    /// Tokens N of an image.
    pub tokens: usize,
}

impl Flash {
    /// Whether products of this kind with heads of this width can be computed so.
    pub fn can(kind: Kind, head: usize) -> bool {
        kind == Kind::Bf16 && head == HEAD
    }

    /// Rows of scores.
    fn rows(&self) -> usize {
        self.images * self.heads * self.tokens
    }

    /// Blocks of at most `warps` warps, all with about as many rows.
    fn grid(&self, warps: usize) -> Grid {
        let blocks = self.tokens.div_ceil(warps * OWN);
        let threads = self.tokens.div_ceil(blocks).div_ceil(OWN) as u32 * WARP;
        Grid { blocks: [blocks as u32, (self.images * self.heads) as u32], threads }
    }

    /// Tokens, heads, and what scores are scaled by.
    fn sizes(&self) -> [Argument; 3] {
        [int(self.tokens), int(self.heads), Argument::Float(1.0 / (HEAD as f32).sqrt())]
    }

    /// From `qkv` without its bias (3D), both as products gave them: the result (B, N, H, head), and the logarithms
    /// (B, H, N) to the base of two of the sums of exponentials.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn forward(
        &self,
        gpu: &dyn Gpu,
        [qkv, bias]: [Slice<'_>; 2],
        [out, logs]: [Slice<'_>; 2],
    ) -> Result<()> {
        let mixed = self.rows() * HEAD;
        expect(Kind::Bf16, &[(qkv, 3 * mixed), (out, mixed)]);
        expect(Kind::F32, &[(bias, 3 * self.heads * HEAD), (logs, self.rows())]);
        let arguments = [&[qkv, bias, out, logs].map(at)[..], &self.sizes()].concat();
        launch(gpu, "flash", self.grid(8), &arguments)
    }

    /// The gradient of `qkv` and its bias, given what [`Flash::forward`] gave and the gradient of its result. There
    /// is room for the mean gradients (B, H, N) of scores in `means`.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        [qkv, bias]: [Slice<'_>; 2],
        [out, logs, dout]: [Slice<'_>; 3],
        means: Slice<'_>,
        dqkv: Slice<'_>,
    ) -> Result<()> {
        let mixed = self.rows() * HEAD;
        let halves = [(qkv, 3 * mixed), (dqkv, 3 * mixed), (out, mixed), (dout, mixed)];
        expect(Kind::Bf16, &halves);
        let of_bias = 3 * self.heads * HEAD;
        expect(Kind::F32, &[(bias, of_bias), (logs, self.rows()), (means, self.rows())]);
        let of_queries = [qkv, bias, out, dout, logs, means, dqkv].map(at);
        let arguments = [&of_queries[..], &self.sizes()].concat();
        launch(gpu, "flash_queries", self.grid(8), &arguments)?;
        let of_keys = [qkv, bias, dout, logs, means, dqkv].map(at);
        let arguments = [&of_keys[..], &self.sizes()].concat();
        launch(gpu, "flash_keys", self.grid(4), &arguments)
    }
}

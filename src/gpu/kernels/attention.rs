//! Softmax between the products of attention; see `attention.cuh`.

use super::launch::{at, expect, grid, int, launch_in, warps};
use crate::error::Result;
use crate::gpu::Gpu;
use crate::kind::Kind;
use crate::memory::Slice;

/// Adds the bias (D) to x (R, D).
pub fn add_bias(gpu: &dyn Gpu, x: Slice<'_>, bias: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(bias, bias.len)]);
    let arguments = [at(x), at(bias), int(x.len / bias.len), int(bias.len)];
    launch_in(gpu, "add_bias", x.kind, grid(x.len / 4), &arguments)
}

/// How scores of attention lie: (images, heads, N, stride).
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    /// Images B.
    pub images: usize,
    /// Heads H.
    pub heads: usize,
    /// Tokens N of an image.
    pub tokens: usize,
    /// Numbers from row to row.
    pub stride: usize,
    /// Width of a head.
    pub head: usize,
}

impl Scores {
    /// Rows of scores.
    pub fn rows(&self) -> usize {
        self.images * self.heads * self.tokens
    }

    /// Numbers of all scores.
    pub fn len(&self) -> usize {
        self.rows() * self.stride
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Probabilities, and the logarithms (B, H, N) of the sums of exponentials.
    pub fn softmax(
        &self,
        gpu: &dyn Gpu,
        scores: Slice<'_>,
        probabilities: Slice<'_>,
        logs: Slice<'_>,
    ) -> Result<()> {
        expect(Kind::F32, &[(scores, self.len()), (logs, self.rows())]);
        expect(probabilities.kind, &[(probabilities, self.len())]);
        let arguments = [
            at(scores),
            at(probabilities),
            at(logs),
            int(self.rows()),
            int(self.tokens),
            int(self.stride),
        ];
        launch_in(gpu, "softmax", probabilities.kind, warps(self.rows()), &arguments)
    }

    /// From scores, their `logs`, the gradient of the probabilities, and the result of attention and its gradient
    /// (B, N, H, head): the probabilities again, and the gradient of the scores.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        [scores, logs, dprobabilities]: [Slice<'_>; 3],
        [out, dout]: [Slice<'_>; 2],
        [probabilities, dscores]: [Slice<'_>; 2],
    ) -> Result<()> {
        let kind = probabilities.kind;
        let mixed = self.images * self.tokens * self.heads * self.head;
        let all = self.len();
        expect(Kind::F32, &[(scores, all), (dprobabilities, all), (logs, self.rows())]);
        expect(kind, &[(probabilities, all), (dscores, all), (out, mixed), (dout, mixed)]);
        let arguments = [
            at(scores),
            at(logs),
            at(dprobabilities),
            at(out),
            at(dout),
            at(probabilities),
            at(dscores),
            int(self.rows()),
            int(self.tokens),
            int(self.stride),
            int(self.heads),
            int(self.head),
        ];
        launch_in(gpu, "softmax_backward", kind, warps(self.rows()), &arguments)
    }
}

//! Multi-head self-attention on packed rows (R, 3D) on a GPU, without copies of q, k and v, and without
//! keeping the probabilities: the backward pass makes them again (Dao et al. 2022, section 3.1). Where there is a
//! kernel for it, scores are in no memory at all.

use super::buffers::Scratch;
use crate::vit::sizes::Sizes;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::attention::add_bias;
use proofmark_gpu::kernels::flash::Flash;
use proofmark_gpu::matrix::{Mat, product};
use proofmark_gpu::memory::Slice;
use proofmark_gpu::product::{Factors, Sizes as Products};

/// Matrices of one attention layer.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    sizes: Sizes,
    factors: Factors,
}

impl Attention {
    /// Of blocks of these sizes, in which numbers in f32 are multiplied so.
    pub fn new(sizes: Sizes, factors: Factors) -> Self {
        Self { sizes, factors }
    }

    fn scale(&self) -> f32 {
        1.0 / (self.sizes.head() as f32).sqrt()
    }

    /// Part 0 (q), 1 (k) or 2 (v) of packed rows: (N, head) for each image and head.
    fn part<'a>(&self, rows: Slice<'a>, part: usize) -> Mat<'a> {
        let Sizes { tokens, width, .. } = self.sizes;
        let numbers = rows.part(part * width..rows.len);
        Mat::new(numbers, 3 * width).apart(tokens * 3 * width, self.sizes.head())
    }

    /// Rows (R, D) as (N, head) for each image and head.
    fn heads<'a>(&self, rows: Slice<'a>) -> Mat<'a> {
        let Sizes { tokens, width, .. } = self.sizes;
        Mat::new(rows, width).apart(tokens * width, self.sizes.head())
    }

    /// Scores or probabilities as (N, N) for each image and head.
    fn square<'a>(&self, numbers: Slice<'a>) -> Mat<'a> {
        let Sizes { tokens, heads, .. } = self.sizes;
        let each = tokens * self.sizes.scores().stride;
        Mat::new(numbers, self.sizes.scores().stride).apart(heads * each, each)
    }

    /// Products of every image and head, of (m, k) and (k, n).
    fn products(&self, [m, n, k]: [usize; 3], alpha: f32) -> Products {
        let batch = [self.sizes.images, self.sizes.heads];
        Products { batch, alpha, factors: self.factors, ..Products::new(m, n, k) }
    }

    /// How one kernel does it, if there is one.
    fn flash(&self, qkv: Slice<'_>) -> Option<Flash> {
        let Sizes { images, heads, tokens, .. } = self.sizes;
        Flash::can(qkv.kind, self.sizes.head()).then_some(Flash { images, heads, tokens })
    }

    /// From qkv (R, 3D) and its bias (3D): `out` (R, D), and the logarithms of the softmax sums (B, heads, N), each
    /// as the backward pass takes them. The bias may have been added to qkv then.
    pub fn forward(
        &self,
        gpu: &dyn Gpu,
        [qkv, bias]: [Slice<'_>; 2],
        [out, logs]: [Slice<'_>; 2],
        scratch: &Scratch,
    ) -> Result<()> {
        if let Some(flash) = self.flash(qkv) {
            return flash.forward(gpu, [qkv, bias], [out, logs]);
        }
        add_bias(gpu, qkv, bias)?;
        let (n, head) = (self.sizes.tokens, self.sizes.head());
        let of_scores = self.sizes.scores();
        let scores = scratch.scores.first(of_scores.len());
        let probabilities = scratch.probabilities.first(of_scores.len());
        let [q, k, v] = [0, 1, 2].map(|part| self.part(qkv, part));
        product(gpu, self.square(scores), q, k.t(), self.products([n, n, head], self.scale()))?;
        of_scores.softmax(gpu, scores, probabilities, logs)?;
        let products = self.products([n, head, n], 1.0);
        product(gpu, self.heads(out), self.square(probabilities), v, products)
    }

    /// Fills `dqkv` (R, 3D) from the gradient `dout` (R, D) and what the forward pass left.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        [qkv, bias]: [Slice<'_>; 2],
        [out, logs, dout]: [Slice<'_>; 3],
        dqkv: Slice<'_>,
        scratch: &Scratch,
    ) -> Result<()> {
        if let Some(flash) = self.flash(qkv) {
            let means = scratch.means.first(logs.len);
            return flash.backward(gpu, [qkv, bias], [out, logs, dout], means, dqkv);
        }
        let (n, head) = (self.sizes.tokens, self.sizes.head());
        let of_scores = self.sizes.scores();
        let room =
            [&scratch.scores, &scratch.dprobabilities, &scratch.probabilities, &scratch.dscores];
        let [scores, dprobabilities, probabilities, dscores] =
            room.map(|buffer| buffer.first(of_scores.len()));
        let [q, k, v] = [0, 1, 2].map(|part| self.part(qkv, part));
        let [dq, dk, dv] = [0, 1, 2].map(|part| self.part(dqkv, part));
        let (square, mixed) = ([n, n, head], self.heads(dout));
        product(gpu, self.square(scores), q, k.t(), self.products(square, self.scale()))?;
        product(gpu, self.square(dprobabilities), mixed, v.t(), self.products(square, 1.0))?;
        of_scores.backward(
            gpu,
            [scores, logs, dprobabilities],
            [out, dout],
            [probabilities, dscores],
        )?;
        let (p, ds) = (self.square(probabilities), self.square(dscores));
        // dV = P^T dO, dQ = dS K, dK = dS^T Q; dS is scaled as S was.
        let back = [n, head, n];
        product(gpu, dv, p.t(), mixed, self.products(back, 1.0))?;
        product(gpu, dq, ds, k, self.products(back, self.scale()))?;
        product(gpu, dk, ds.t(), q, self.products(back, self.scale()))
    }
}

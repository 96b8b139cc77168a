//! Multi-head self-attention on packed rows (R, 3D) as the qkv layer leaves them,
//! without copies of q, k and v, and without keeping the weights (H, N, N) of an image:
//! the backward pass makes them again from the kept logarithms of the softmax sums
//! (as FlashAttention does, Dao et al. 2022, section 3.1).

use rayon::prelude::*;

use super::rows::{dot, softmax};
use proofmark_base::approx::exp;
use proofmark_base::product::{Mat, Out, Threads, product};
use proofmark_base::wide::wide;

/// Sizes of an attention layer.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Tokens N of an image.
    pub tokens: usize,
    /// Heads H.
    pub heads: usize,
    /// Width D of a token, all heads together.
    pub width: usize,
}

impl Attention {
    fn head(&self) -> usize {
        self.width / self.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head() as f32).sqrt()
    }

    /// Part 0 (q), 1 (k) or 2 (v) of one head of an image's rows (N, 3D).
    fn part<'a>(&self, rows: &'a [f32], part: usize, head: usize) -> Mat<'a> {
        let from = part * self.width + head * self.head();
        Mat::columns(rows, self.tokens, 3 * self.width, from, self.head())
    }

    /// Adds the bias to qkv (R, 3D), fills `out` (R, D) and the logarithms of the
    /// softmax sums `logs` (B, H, N).
    pub fn forward(&self, qkv: &mut [f32], bias: &[f32], out: &mut [f32], logs: &mut [f32]) {
        let (n, d) = (self.tokens, self.width);
        let images = qkv.par_chunks_mut(n * 3 * d).zip(out.par_chunks_mut(n * d));
        images.zip(logs.par_chunks_mut(self.heads * n)).for_each_init(
            || vec![0f32; n * n],
            |weights, ((qkv, out), logs)| {
                wide(
                    #[inline(always)]
                    || {
                        for row in qkv.chunks_exact_mut(3 * d) {
                            row.iter_mut().zip(bias).for_each(|(v, bias)| *v += bias);
                        }
                    },
                );
                for (head, logs) in logs.chunks_exact_mut(n).enumerate() {
                    let [q, k, v] = [0, 1, 2].map(|part| self.part(qkv, part, head));
                    product(Out::new(weights, n), q, k.t(), self.scale(), false, Threads::One);
                    wide(
                        #[inline(always)]
                        || {
                            for (row, log) in weights.chunks_exact_mut(n).zip(logs) {
                                *log = softmax(row);
                            }
                        },
                    );
                    let out = Out::columns(out, d, head * self.head(), self.head());
                    product(out, Mat::new(weights, n), v, 1.0, false, Threads::One);
                }
            },
        );
    }

    /// Fills `dqkv` (R, 3D) from `dout` (R, D) and what the forward pass left.
    pub fn backward(&self, qkv: &[f32], out: &[f32], logs: &[f32], dout: &[f32], dqkv: &mut [f32]) {
        let (n, d, size) = (self.tokens, self.width, self.head());
        let images = dqkv.par_chunks_mut(n * 3 * d).zip(qkv.par_chunks(n * 3 * d));
        let images = images.zip(out.par_chunks(n * d)).zip(dout.par_chunks(n * d));
        images.zip(logs.par_chunks(self.heads * n)).for_each_init(
            || (vec![0f32; n * n], vec![0f32; n * n]),
            |(weights, dweights), ((((dqkv, qkv), out), dout), logs)| {
                for (head, logs) in logs.chunks_exact(n).enumerate() {
                    let [q, k, v] = [0, 1, 2].map(|part| self.part(qkv, part, head));
                    let columns = head * size..(head + 1) * size;
                    let dmixed = Mat::columns(dout, n, d, columns.start, size);
                    product(Out::new(weights, n), q, k.t(), self.scale(), false, Threads::One);
                    wide(
                        #[inline(always)]
                        || {
                            for (row, log) in weights.chunks_exact_mut(n).zip(logs) {
                                row.iter_mut().for_each(|v| *v = exp(*v - log));
                            }
                        },
                    );
                    // dV = P^T dO
                    let p = Mat::new(weights, n);
                    let to = |part: usize| part * d + head * size;
                    let dv = Out::columns(dqkv, 3 * d, to(2), size);
                    product(dv, p.t(), dmixed, 1.0, false, Threads::One);
                    // dS = P (dO V^T - rowsum(dO O)), scaled as S was
                    product(Out::new(dweights, n), dmixed, v.t(), 1.0, false, Threads::One);
                    wide(
                        #[inline(always)]
                        || {
                            let rows = weights.chunks_exact(n).zip(dweights.chunks_exact_mut(n));
                            let others = out.chunks_exact(d).zip(dout.chunks_exact(d));
                            for ((weights, dweights), (out, dout)) in rows.zip(others) {
                                let mean = dot(&out[columns.clone()], &dout[columns.clone()]);
                                for (dweight, weight) in dweights.iter_mut().zip(weights) {
                                    *dweight = weight * (*dweight - mean);
                                }
                            }
                        },
                    );
                    let ds = Mat::new(dweights, n);
                    let dq = Out::columns(dqkv, 3 * d, to(0), size);
                    product(dq, ds, k, self.scale(), false, Threads::One);
                    let dk = Out::columns(dqkv, 3 * d, to(1), size);
                    product(dk, ds.t(), q, self.scale(), false, Threads::One);
                }
            },
        );
    }
}

//! Kernels over the rows of an activation (R, D), in f32 on the CPU: layer
//! normalisation, GELU, biases and residual branches, each with its backward pass.
//!
//! Work is cut into chunks of [`ROWS`] rows whatever the number of threads, and sums
//! over rows are added in order of the chunks, so that results never depend on it.

use rayon::prelude::*;

use proofmark_base::approx::{erf, exp, ln};
use proofmark_base::wide::wide;

/// Rows that one task handles.
const ROWS: usize = 32;
/// Independent partial sums, so that a sum over a row uses wide registers.
const LANES: usize = 16;

/// Mean and reciprocal standard deviation of a row.
pub type Moments = (f32, f32);

/// Sum of f(a, b) over two rows of equal length.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| f(*a, *b)).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            lanes[lane] += f(a[lane], b[lane]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Dot product of two rows.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum(a, b, |a, b| a * b)
}

/// Softmax of a row in place; returns the logarithm of the sum of exponentials.
#[inline(always)]
pub fn softmax(row: &mut [f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..LANES {
            tops[lane] = if chunk[lane] > tops[lane] { chunk[lane] } else { tops[lane] };
        }
    }
    let top = tops.into_iter().fold(rest, f32::max);
    row.iter_mut().for_each(|v| *v = exp(*v - top));
    let total = sum(row, row, |v, _| v);
    let scale = 1.0 / total;
    row.iter_mut().for_each(|v| *v *= scale);
    top + ln(total)
}

/// Adds the partial sums of chunks in order.
fn total(parts: Vec<Vec<f32>>, width: usize) -> Vec<f32> {
    let mut total = vec![0f32; width];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    total
}

/// [`total`] of two sums.
fn totals(parts: Vec<(Vec<f32>, Vec<f32>)>, width: usize) -> (Vec<f32>, Vec<f32>) {
    let (a, b) = parts.into_iter().unzip();
    (total(a, width), total(b, width))
}

/// Sums of the columns of x (R, D).
pub fn column_sums(x: &[f32], width: usize) -> Vec<f32> {
    let parts = x.par_chunks(width * ROWS).map(|x| {
        wide(
            #[inline(always)]
            || {
                let mut sums = vec![0f32; width];
                for row in x.chunks_exact(width) {
                    sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
                }
                sums
            },
        )
    });
    total(parts.collect(), width)
}

/// Layer normalisation of x (R, D) over D with biased variance, times gamma (D), plus
/// beta (D). Fills `out` (R, D) and `moments` (R).
pub fn norm(
    x: &[f32],
    (gamma, beta): (&[f32], &[f32]),
    eps: f32,
    out: &mut [f32],
    moments: &mut [Moments],
) {
    let width = gamma.len();
    let chunks = out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS));
    chunks.zip(moments.par_chunks_mut(ROWS)).for_each(|((out, x), moments)| {
        wide(
            #[inline(always)]
            || {
                let rows = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
                for ((out, x), moments) in rows.zip(moments) {
                    let mean = sum(x, x, |v, _| v) / width as f32;
                    let variance = sum(x, x, |v, _| (v - mean) * (v - mean)) / width as f32;
                    *moments = (mean, 1.0 / (variance + eps).sqrt());
                    norm_row(x, *moments, gamma, beta, out);
                }
            },
        );
    });
}

/// [`norm`] again from kept moments.
pub fn norm_again(
    x: &[f32],
    moments: &[Moments],
    (gamma, beta): (&[f32], &[f32]),
    out: &mut [f32],
) {
    let width = gamma.len();
    let chunks = out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS));
    chunks.zip(moments.par_chunks(ROWS)).for_each(|((out, x), moments)| {
        wide(
            #[inline(always)]
            || {
                let rows = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
                for ((out, x), moments) in rows.zip(moments) {
                    norm_row(x, *moments, gamma, beta, out);
                }
            },
        );
    });
}

#[inline(always)]
fn norm_row(x: &[f32], (mean, scale): Moments, gamma: &[f32], beta: &[f32], out: &mut [f32]) {
    for ((out, x), (gamma, beta)) in out.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
        *out = (x - mean) * scale * gamma + beta;
    }
}

/// Backward of [`norm`]: adds the gradient of x to `dx` and returns those of gamma and
/// beta.
pub fn norm_backward(
    dout: &[f32],
    x: &[f32],
    moments: &[Moments],
    gamma: &[f32],
    dx: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    let chunks = dx.par_chunks_mut(width * ROWS).zip(dout.par_chunks(width * ROWS));
    let chunks = chunks.zip(x.par_chunks(width * ROWS)).zip(moments.par_chunks(ROWS));
    let parts = chunks.map(|(((dx, dout), x), moments)| {
        wide(
            #[inline(always)]
            || {
                let (mut dgamma, mut dbeta) = (vec![0f32; width], vec![0f32; width]);
                let (mut normal, mut scaled) = (vec![0f32; width], vec![0f32; width]);
                let rows = dx.chunks_exact_mut(width).zip(dout.chunks_exact(width));
                for (((dx, dout), x), moments) in rows.zip(x.chunks_exact(width)).zip(moments) {
                    let (mean, scale) = *moments;
                    for (normal, x) in normal.iter_mut().zip(x) {
                        *normal = (x - mean) * scale;
                    }
                    for ((scaled, dout), gamma) in scaled.iter_mut().zip(dout).zip(gamma) {
                        *scaled = dout * gamma;
                    }
                    for ((dgamma, dout), normal) in dgamma.iter_mut().zip(dout).zip(&normal) {
                        *dgamma += dout * normal;
                    }
                    dbeta.iter_mut().zip(dout).for_each(|(dbeta, dout)| *dbeta += dout);
                    let mean_d = sum(&scaled, &scaled, |v, _| v) / width as f32;
                    let mean_dn = dot(&scaled, &normal) / width as f32;
                    for ((dx, scaled), normal) in dx.iter_mut().zip(&scaled).zip(&normal) {
                        *dx += (scaled - mean_d - normal * mean_dn) * scale;
                    }
                }
                (dgamma, dbeta)
            },
        )
    });
    totals(parts.collect(), width)
}

/// Φ(x), the standard normal distribution function.
#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Adds the bias to z (R, H) and fills `out` with GELU(z), the exact (erf) form.
pub fn gelu(z: &mut [f32], bias: &[f32], out: &mut [f32]) {
    let width = bias.len();
    z.par_chunks_mut(width * ROWS).zip(out.par_chunks_mut(width * ROWS)).for_each(|(z, out)| {
        wide(
            #[inline(always)]
            || {
                for (z, out) in z.chunks_exact_mut(width).zip(out.chunks_exact_mut(width)) {
                    for ((z, out), bias) in z.iter_mut().zip(out).zip(bias) {
                        *z += bias;
                        *out = *z * normal_cdf(*z);
                    }
                }
            },
        );
    });
}

/// Backward of [`gelu`]: turns the gradient of its result in `dz` into that of z, fills
/// `out` with GELU(z) again, and returns the gradient of the bias.
pub fn gelu_backward(z: &[f32], dz: &mut [f32], out: &mut [f32], width: usize) -> Vec<f32> {
    // 1 / sqrt(2 pi), the density at 0.
    const DENSITY: f32 = 0.398_942_3;
    let chunks = dz.par_chunks_mut(width * ROWS).zip(out.par_chunks_mut(width * ROWS));
    let parts = chunks.zip(z.par_chunks(width * ROWS)).map(|((dz, out), z)| {
        wide(
            #[inline(always)]
            || {
                let mut dbias = vec![0f32; width];
                let rows = dz.chunks_exact_mut(width).zip(out.chunks_exact_mut(width));
                for ((dz, out), z) in rows.zip(z.chunks_exact(width)) {
                    for (((dz, out), z), dbias) in dz.iter_mut().zip(out).zip(z).zip(&mut dbias) {
                        let cdf = normal_cdf(*z);
                        *out = z * cdf;
                        *dz *= cdf + z * DENSITY * exp(-0.5 * z * z);
                        *dbias += *dz;
                    }
                }
                dbias
            },
        )
    });
    total(parts.collect(), width)
}

/// How a residual branch joins: `x + scale * gamma * (y + bias)`.
#[derive(Clone, Copy, Debug)]
pub struct Join<'a> {
    /// Bias of the branch's last linear layer (D).
    pub bias: &'a [f32],
    /// LayerScale (D), if the blocks have it.
    pub gamma: Option<&'a [f32]>,
    /// Drop-path scale of each image, if any is dropped.
    pub scales: Option<&'a [f32]>,
    /// Rows of an image.
    pub tokens: usize,
}

impl Join<'_> {
    #[inline(always)]
    fn scale(&self, row: usize) -> f32 {
        self.scales.map_or(1.0, |scales| scales[row / self.tokens])
    }

    /// `out = x + scale * gamma * (y + bias)`, all (R, D).
    pub fn forward(&self, x: &[f32], y: &[f32], out: &mut [f32]) {
        let width = self.bias.len();
        let chunks = out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS));
        chunks.zip(y.par_chunks(width * ROWS)).enumerate().for_each(|(chunk, ((out, x), y))| {
            wide(
                #[inline(always)]
                || {
                    let rows = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
                    for (row, ((out, x), y)) in rows.zip(y.chunks_exact(width)).enumerate() {
                        let scale = self.scale(chunk * ROWS + row);
                        let branch = y.iter().zip(self.bias);
                        for (out, (y, bias)) in out.iter_mut().zip(branch) {
                            *out = scale * (y + bias);
                        }
                        if let Some(gamma) = self.gamma {
                            out.iter_mut().zip(gamma).for_each(|(out, gamma)| *out *= gamma);
                        }
                        out.iter_mut().zip(x).for_each(|(out, x)| *out += x);
                    }
                },
            );
        });
    }

    /// Fills `dy` (R, D) with the gradient of y, given that of the result; returns those
    /// of the bias and, given y, of gamma.
    pub fn backward(
        &self,
        dout: &[f32],
        y: Option<&[f32]>,
        dy: &mut [f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let width = self.bias.len();
        let chunks = dy.par_chunks_mut(width * ROWS).zip(dout.par_chunks(width * ROWS));
        let parts = chunks.enumerate().map(|(chunk, (dy, dout))| {
            wide(
                #[inline(always)]
                || {
                    let (mut dbias, mut dgamma) = (vec![0f32; width], vec![0f32; width]);
                    let rows = dy.chunks_exact_mut(width).zip(dout.chunks_exact(width));
                    for (row, (dy, dout)) in rows.enumerate() {
                        let row = chunk * ROWS + row;
                        let scale = self.scale(row);
                        dy.iter_mut().zip(dout).for_each(|(dy, dout)| *dy = dout * scale);
                        if let Some(y) = y {
                            let branch = y[row * width..(row + 1) * width].iter().zip(self.bias);
                            for ((dgamma, dy), (y, bias)) in dgamma.iter_mut().zip(&*dy).zip(branch)
                            {
                                *dgamma += dy * (y + bias);
                            }
                        }
                        if let Some(gamma) = self.gamma {
                            dy.iter_mut().zip(gamma).for_each(|(dy, gamma)| *dy *= gamma);
                        }
                        dbias.iter_mut().zip(&*dy).for_each(|(dbias, dy)| *dbias += dy);
                    }
                    (dbias, dgamma)
                },
            )
        });
        totals(parts.collect(), width)
    }
}

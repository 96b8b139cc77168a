//! Batch normalisation over rows (N, C), with its gradient, and the moments that it is by.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::maps::values;
use proofmark_base::wide::wide;

/// Rows that one task sums, so that sums do not depend on the number of threads.
const ROWS: usize = 1024;

/// Mean and biased variance of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// (C).
    pub mean: Vec<f32>,
    /// (C).
    pub variance: Vec<f32>,
}

impl Moments {
    /// Of rows (N, C).
    pub fn of(x: &Tensor) -> Result<Self> {
        let (rows, channels) = x.dims2()?;
        let values = x.detach().flatten_all()?.to_vec1::<f32>()?;
        let count = rows as f64;
        let mean = sums(&values, channels, |row, sum| {
            sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        });
        let mean: Vec<f32> = mean.iter().map(|sum| (sum / count) as f32).collect();
        let squares = sums(&values, channels, |row, sum| {
            for ((sum, v), mean) in sum.iter_mut().zip(row).zip(&mean) {
                *sum += (v - mean) * (v - mean);
            }
        });
        let variance = squares.iter().map(|sum| (sum / count) as f32).collect();
        Ok(Self { mean, variance })
    }
}

/// Sums over the rows of values (N, C): each block in f32, the blocks in f64 in order.
fn sums(values: &[f32], channels: usize, add: impl Fn(&[f32], &mut [f32]) + Sync) -> Vec<f64> {
    let of_block = |block: &[f32]| {
        let mut sum = vec![0f32; channels];
        wide(
            #[inline(always)]
            || block.chunks_exact(channels).for_each(|row| add(row, &mut sum)),
        );
        sum
    };
    let parts: Vec<Vec<f32>> = values.par_chunks(ROWS * channels).map(of_block).collect();
    let mut total = vec![0f64; channels];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, v)| *total += f64::from(v));
    }
    total
}

/// Rows (N, C) less their mean, over their deviation, times gamma (C), plus beta (C). With
/// `own`, the moments are those of the rows themselves and the gradient knows it.
pub fn normalize(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    moments: &Moments,
    own: bool,
    eps: f64,
) -> Result<Tensor> {
    if x.device().is_cpu() {
        let deviation = moments.variance.iter().map(|v| 1.0 / (f64::from(*v) + eps).sqrt());
        let scale = deviation.map(|v| v as f32).collect();
        return x.contiguous()?.apply_op3(
            gamma,
            beta,
            Normalize { mean: moments.mean.clone(), scale, own },
        );
    }
    let (mean, variance) = if own {
        let mean = x.mean_keepdim(0)?;
        let variance = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
        (mean, variance)
    } else {
        let row = |v: &[f32]| Tensor::from_slice(v, (1, v.len()), x.device());
        (row(&moments.mean)?, row(&moments.variance)?)
    };
    let normal = x.broadcast_sub(&mean)?.broadcast_div(&(variance + eps)?.sqrt()?)?;
    normal.broadcast_mul(gamma)?.broadcast_add(beta)
}

/// The operation on the CPU.
struct Normalize {
    mean: Vec<f32>,
    /// One over the deviation.
    scale: Vec<f32>,
    own: bool,
}

impl CustomOp3 for Normalize {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gamma: &CpuStorage,
        gamma_layout: &Layout,
        beta: &CpuStorage,
        beta_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let channels = self.mean.len();
        let (gamma, beta) = (values(gamma, gamma_layout)?, values(beta, beta_layout)?);
        let factor: Vec<f32> = gamma.iter().zip(&self.scale).map(|(g, s)| g * s).collect();
        let x = values(x, x_layout)?;
        let mut out = vec![0f32; x.len()];
        let blocks = out.par_chunks_mut(ROWS * channels).zip(x.par_chunks(ROWS * channels));
        blocks.for_each(|(out, x)| {
            wide(
                #[inline(always)]
                || {
                    let rows = out.chunks_exact_mut(channels).zip(x.chunks_exact(channels));
                    for (out, x) in rows {
                        let terms = x.iter().zip(&self.mean).zip(&factor).zip(beta);
                        for (out, (((x, mean), factor), beta)) in out.iter_mut().zip(terms) {
                            *out = (x - mean) * factor + beta;
                        }
                    }
                },
            );
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        beta: &Tensor,
        _out: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let channels = self.mean.len();
        let [values, dys, gammas] = [x, dy, gamma].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let (values, dys, gammas) = (values?, dys?, gammas?);
        let count = (values.len() / channels) as f64;
        let dbeta = sums(&dys, channels, |row, sum| {
            sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        });
        // The products of dy and the normalised x, block by block.
        let blocks = values.par_chunks(ROWS * channels).zip(dys.par_chunks(ROWS * channels));
        let parts: Vec<Vec<f32>> = blocks
            .map(|(x, dy)| {
                let mut sum = vec![0f32; channels];
                for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                    for c in 0..channels {
                        sum[c] += dy[c] * (x[c] - self.mean[c]) * self.scale[c];
                    }
                }
                sum
            })
            .collect();
        let mut dgamma = vec![0f64; channels];
        for part in parts {
            dgamma.iter_mut().zip(part).for_each(|(total, v)| *total += f64::from(v));
        }
        let own = f64::from(u8::from(self.own));
        let shift: Vec<f32> = dbeta.iter().map(|v| (own * v / count) as f32).collect();
        let slope: Vec<f32> = dgamma.iter().map(|v| (own * v / count) as f32).collect();
        let factor: Vec<f32> = gammas.iter().zip(&self.scale).map(|(g, s)| g * s).collect();
        let mut dx = vec![0f32; values.len()];
        let blocks = dx.par_chunks_mut(ROWS * channels).zip(values.par_chunks(ROWS * channels));
        blocks.zip(dys.par_chunks(ROWS * channels)).for_each(|((dx, x), dy)| {
            wide(
                #[inline(always)]
                || {
                    let rows = dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels));
                    for ((dx, x), dy) in rows.zip(dy.chunks_exact(channels)) {
                        for c in 0..channels {
                            let normal = (x[c] - self.mean[c]) * self.scale[c];
                            dx[c] = factor[c] * (dy[c] - shift[c] - normal * slope[c]);
                        }
                    }
                },
            );
        });
        let vector = |values: &[f64]| {
            let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
            Tensor::from_vec(values, beta.shape(), x.device())
        };
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        Ok((Some(dx), Some(vector(&dgamma)?), Some(vector(&dbeta)?)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use proofmark_base::rng::{Rng, Stream};

    fn random(shape: &[usize], seed: u64) -> Var {
        let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| rng.normal() as f32 + 0.3).collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    }

    /// Against the definition in candle's operations, whose gradients are its own.
    #[test]
    fn values_and_gradients_are_those_of_the_definition() {
        let (x, gamma, beta) = (random(&[2500, 7], 1), random(&[7], 2), random(&[7], 3));
        let upstream = random(&[2500, 7], 4);
        let moments = Moments::of(&x).unwrap();
        for own in [true, false] {
            let ours = normalize(&x, &gamma, &beta, &moments, own, 1e-3).unwrap();
            let row = |v: &[f32]| Tensor::from_slice(v, (1, 7), &Device::Cpu).unwrap();
            let (mean, variance) = if own {
                let mean = x.mean_keepdim(0).unwrap();
                let centred = x.broadcast_sub(&mean).unwrap();
                (mean, centred.sqr().unwrap().mean_keepdim(0).unwrap())
            } else {
                (row(&moments.mean), row(&moments.variance))
            };
            let deviation = (variance + 1e-3).unwrap().sqrt().unwrap();
            let normal = x.broadcast_sub(&mean).unwrap().broadcast_div(&deviation).unwrap();
            let reference = normal.broadcast_mul(&gamma).unwrap().broadcast_add(&beta).unwrap();
            let gradients = |y: &Tensor| {
                let sum = (y * upstream.as_tensor()).unwrap().sum_all().unwrap();
                let store = sum.backward().unwrap();
                [&x, &gamma, &beta].map(|v| store.get(v).unwrap().clone())
            };
            let off = |a: &Tensor, b: &Tensor| -> f32 {
                let off = (a - b).unwrap().abs().unwrap().max_all().unwrap();
                let top = b.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                off.to_scalar::<f32>().unwrap() / top
            };
            assert!(off(&ours, &reference) < 1e-5);
            for (ours, reference) in gradients(&ours).iter().zip(&gradients(&reference)) {
                assert!(off(ours, reference) < 1e-4, "own {own}");
            }
        }
    }
}

//! Differentiable operations that candle lacks or cuts the gradient of: each fused
//! for the CPU, with the composed form beside it as reference and for other devices.
//!
//! `candle_nn::LayerNorm` and `ops::softmax_last_dim` use kernels without a backward
//! pass, which silently stop the gradient; nothing here calls them. `log_softmax` is
//! composed of differentiable operations, and is used.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, DType, Layout, Result, Shape, Tensor, bail,
};
use rayon::prelude::*;

use super::approx::{erf, exp};

/// Rows that one task handles, so that small tensors stay on one thread.
const ROWS: usize = 64;
/// Elements that one task handles.
const CHUNK: usize = 16 * 1024;

/// `x W^T + b`: x (.., I), W (O, I), b (O) to (.., O).
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let dims = x.dims();
    let (&inputs, outer) = dims.split_last().expect("a linear layer needs a last dimension");
    let rows = outer.iter().product::<usize>();
    let mut shape = outer.to_vec();
    shape.push(weight.dim(0)?);
    let product = x.reshape((rows, inputs))?.matmul(&weight.t()?)?;
    add_bias(&product, bias)?.reshape(shape)
}

/// Adds b (O) to every row of x (R, O).
fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if fused(&[x, bias]) { x.apply_op2(bias, AddBias) } else { x.broadcast_add(bias) }
}

/// Whether the fused kernels apply: f32, in one piece, on the CPU.
fn fused(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|t| t.device().is_cpu() && t.dtype() == DType::F32 && t.is_contiguous())
}

/// Layer normalisation over the last dimension D, biased variance:
/// x (.., D), gamma (D), beta (D).
pub fn layer_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<Tensor> {
    if fused(&[x, gamma, beta]) {
        x.apply_op3(gamma, beta, LayerNorm { eps })
    } else {
        layer_norm_composed(x, gamma, beta, eps)
    }
}

/// [`layer_norm`] from candle's own operations.
pub fn layer_norm_composed(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centred.broadcast_div(&(variance + eps)?.sqrt()?)?;
    normal.broadcast_mul(gamma)?.broadcast_add(beta)
}

/// Softmax over the last dimension.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if fused(&[x]) { x.apply_op1(Softmax) } else { softmax_composed(x) }
}

/// [`softmax`] from candle's own operations.
pub fn softmax_composed(x: &Tensor) -> Result<Tensor> {
    let top = x.max_keepdim(D::Minus1)?.detach();
    let exp = x.broadcast_sub(&top)?.exp()?;
    exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)
}

/// GELU with the exact (erf) form: x Φ(x).
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if fused(&[x]) { x.apply_op1(Gelu) } else { x.gelu_erf() }
}

struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (slice(x, x_layout)?, slice(bias, bias_layout)?);
        let width = bias.len();
        let mut out = x.to_vec();
        out.par_chunks_mut(width * ROWS).for_each(|out| {
            for row in out.chunks_exact_mut(width) {
                row.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
            }
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        bias: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = bias.dim(0)?;
        let sums: Vec<Vec<f32>> = values(grad)?
            .par_chunks(width * ROWS)
            .map(|rows| {
                let mut sum = vec![0f32; width];
                for row in rows.chunks_exact(width) {
                    sum.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
                }
                sum
            })
            .collect();
        let mut total = vec![0f32; width];
        for sum in sums {
            total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
        }
        Ok((Some(grad.clone()), Some(Tensor::from_vec(total, width, bias.device())?)))
    }
}

struct LayerNorm {
    eps: f64,
}

impl LayerNorm {
    /// Mean and reciprocal standard deviation of a row.
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let n = row.len() as f32;
        let mean = row.iter().sum::<f32>() / n;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
        (mean, 1.0 / (variance + self.eps as f32).sqrt())
    }
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
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
        let x = slice(x, x_layout)?;
        let gamma = slice(gamma, gamma_layout)?;
        let beta = slice(beta, beta_layout)?;
        let width = gamma.len();
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS)).for_each(|(out, x)| {
            for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                let (mean, scale) = self.moments(x);
                for i in 0..width {
                    out[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
                }
            }
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        _beta: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let width = gamma.dim(0)?;
        let (shape, device) = (x.shape(), x.device());
        let (xs, gs) = (values(x)?, values(grad)?);
        let gamma = values(gamma)?;
        let mut dx = vec![0f32; xs.len()];
        // Each task sums its own rows; the sums are added in order, so that the
        // result does not depend on the number of threads.
        let sums: Vec<(Vec<f32>, Vec<f32>)> = dx
            .par_chunks_mut(width * ROWS)
            .zip(xs.par_chunks(width * ROWS).zip(gs.par_chunks(width * ROWS)))
            .map(|(dx, (xs, gs))| {
                let (mut dgamma, mut dbeta) = (vec![0f32; width], vec![0f32; width]);
                for ((dx, x), g) in dx
                    .chunks_exact_mut(width)
                    .zip(xs.chunks_exact(width))
                    .zip(gs.chunks_exact(width))
                {
                    let (mean, scale) = self.moments(x);
                    let (mut sum_g, mut sum_gx) = (0f32, 0f32);
                    for i in 0..width {
                        let normal = (x[i] - mean) * scale;
                        dgamma[i] += g[i] * normal;
                        dbeta[i] += g[i];
                        let g = g[i] * gamma[i];
                        sum_g += g;
                        sum_gx += g * normal;
                    }
                    let (mean_g, mean_gx) = (sum_g / width as f32, sum_gx / width as f32);
                    for i in 0..width {
                        let normal = (x[i] - mean) * scale;
                        dx[i] = (g[i] * gamma[i] - mean_g - normal * mean_gx) * scale;
                    }
                }
                (dgamma, dbeta)
            })
            .collect();
        let (mut dgamma, mut dbeta) = (vec![0f32; width], vec![0f32; width]);
        for (part_gamma, part_beta) in sums {
            for i in 0..width {
                dgamma[i] += part_gamma[i];
                dbeta[i] += part_beta[i];
            }
        }
        Ok((
            Some(Tensor::from_vec(dx, shape, device)?),
            Some(Tensor::from_vec(dgamma, width, device)?),
            Some(Tensor::from_vec(dbeta, width, device)?),
        ))
    }
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let width = *layout.dims().last().unwrap_or(&1);
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS)).for_each(|(out, x)| {
            for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0f32;
                for (out, x) in out.iter_mut().zip(x) {
                    *out = exp(x - top);
                    sum += *out;
                }
                let scale = 1.0 / sum;
                out.iter_mut().for_each(|v| *v *= scale);
            }
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let width = res.dim(D::Minus1)?;
        let (ys, gs) = (values(res)?, values(grad)?);
        let mut dx = vec![0f32; ys.len()];
        dx.par_chunks_mut(width * ROWS)
            .zip(ys.par_chunks(width * ROWS).zip(gs.par_chunks(width * ROWS)))
            .for_each(|(dx, (ys, gs))| {
                for ((dx, y), g) in dx
                    .chunks_exact_mut(width)
                    .zip(ys.chunks_exact(width))
                    .zip(gs.chunks_exact(width))
                {
                    let dot = y.iter().zip(g).map(|(y, g)| y * g).sum::<f32>();
                    for i in 0..width {
                        dx[i] = y[i] * (g[i] - dot);
                    }
                }
            });
        Ok(Some(Tensor::from_vec(dx, res.shape(), res.device())?))
    }
}

struct Gelu;

/// Φ(x), the standard normal distribution function.
#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(out, x)| {
            out.iter_mut().zip(x).for_each(|(out, &x)| *out = x * normal_cdf(x));
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        // 1 / sqrt(2 pi), the density at 0.
        const DENSITY: f32 = 0.398_942_3;
        let (xs, mut dx) = (values(arg)?, values(grad)?);
        dx.par_chunks_mut(CHUNK).zip(xs.par_chunks(CHUNK)).for_each(|(dx, x)| {
            dx.iter_mut().zip(x).for_each(|(dx, &x)| {
                *dx *= normal_cdf(x) + x * DENSITY * exp(-0.5 * x * x);
            });
        });
        Ok(Some(Tensor::from_vec(dx, arg.shape(), arg.device())?))
    }
}

/// The f32 values of a contiguous CPU storage.
fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else { bail!("a fused op takes f32 only") };
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!("a fused op takes contiguous tensors only"),
    }
}

/// A copy of a tensor's values in row-major order.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1::<f32>()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::rng::{Rng, Stream};

    fn random(shape: &[usize], seed: u64) -> Var {
        let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal() as f32).collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    }

    fn close(a: &Tensor, b: &Tensor) -> f32 {
        let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
        difference.max(0).unwrap().to_scalar::<f32>().unwrap()
    }

    #[test]
    fn fused_layer_norm_and_its_gradients_are_the_composed_ones() {
        let (x, gamma, beta) = (random(&[3, 50, 24], 1), random(&[24], 2), random(&[24], 3));
        let weight = random(&[3, 50, 24], 4);
        let run = |f: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>| {
            let y = f(&x, &gamma, &beta, 1e-6).unwrap();
            let grads = (&y * weight.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            let grads = [&x, &gamma, &beta].map(|v| grads.get(v).unwrap().clone());
            (y, grads)
        };
        let (fused, fused_grads) = run(layer_norm);
        let (composed, composed_grads) = run(layer_norm_composed);
        assert!(close(&fused, &composed) < 1e-5);
        for (a, b) in fused_grads.iter().zip(&composed_grads) {
            assert!(close(a, b) < 1e-4, "{}", close(a, b));
        }
    }

    #[test]
    fn fused_softmax_and_its_gradient_are_the_composed_ones() {
        let (x, weight) = (random(&[2, 3, 70, 9], 5), random(&[2, 3, 70, 9], 6));
        let run = |f: fn(&Tensor) -> Result<Tensor>| {
            let y = f(&x).unwrap();
            let grads = (&y * weight.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            (y, grads.get(&x).unwrap().clone())
        };
        let ((fused, fused_grad), (composed, composed_grad)) =
            (run(softmax), run(softmax_composed));
        assert!(close(&fused, &composed) < 1e-6);
        assert!(close(&fused_grad, &composed_grad) < 1e-6);
    }

    #[test]
    fn fused_gelu_and_its_gradient_are_the_composed_ones() {
        let (x, weight) = (random(&[7, 33], 8), random(&[7, 33], 9));
        let run = |f: fn(&Tensor) -> Result<Tensor>| {
            let y = f(&x).unwrap();
            let grads = (&y * weight.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            (y, grads.get(&x).unwrap().clone())
        };
        let ((fused, fused_grad), (composed, composed_grad)) = (run(gelu), run(|x| x.gelu_erf()));
        assert!(close(&fused, &composed) < 2e-6);
        assert!(close(&fused_grad, &composed_grad) < 2e-6);
    }

    #[test]
    fn fused_bias_and_its_gradients_are_the_composed_ones() {
        let (x, bias, weight) = (random(&[150, 9], 1), random(&[9], 2), random(&[150, 9], 3));
        let run = |f: fn(&Tensor, &Tensor) -> Result<Tensor>| {
            let y = f(&x, &bias).unwrap();
            let grads = (&y * weight.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            (y, [&x, &bias].map(|v| grads.get(v).unwrap().clone()))
        };
        let (fused, fused_grads) = run(add_bias);
        let (composed, composed_grads) = run(|x, bias| x.broadcast_add(bias));
        assert_eq!(close(&fused, &composed), 0.0);
        for (a, b) in fused_grads.iter().zip(&composed_grads) {
            assert!(close(a, b) < 1e-5, "{}", close(a, b));
        }
    }
}

//! SiLU, ReLU, and factors of a channel from a sigmoid: operations of our own on the CPU, composed elsewhere.

use super::maps::values;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use proofmark_base::approx::exp;
use proofmark_base::wide::wide;
use rayon::prelude::*;

/// Values that one task handles, and pixels whose sum is taken in f32.
const VALUES: usize = 1 << 14;
const PIXELS: usize = 64;

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// x times its sigmoid.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.contiguous()?.apply_op1(Silu) } else { x.silu() }
}

/// x where it is above 0, else 0; there its gradient is 0, too. What is no number stays that.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.contiguous()?.apply_op1(Relu) } else { x.relu() }
}

/// x (B, H, W, C) times the sigmoids of e (B, 1, 1, C).
pub fn gate(x: &Tensor, e: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op2(&e.contiguous()?, Gate);
    }
    x.broadcast_mul(&(e.neg()?.exp()? + 1.0)?.recip()?)
}

/// `f` of each pair of values, on all threads.
fn each(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let mut out = vec![0f32; a.len()];
    let parts = out.par_chunks_mut(VALUES).zip(a.par_chunks(VALUES).zip(b.par_chunks(VALUES)));
    parts.for_each(|(out, (a, b))| {
        wide(
            #[inline(always)]
            || {
                for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
                    *out = f(*a, *b);
                }
            },
        );
    });
    out
}

struct Silu;

impl CustomOp1 for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, layout)?;
        let out = each(
            x,
            x,
            #[inline(always)]
            |x, _| x * sigmoid(x),
        );
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let [values, dys] = [x, dy].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let dx = each(
            &values?,
            &dys?,
            #[inline(always)]
            |x, dy| {
                let s = sigmoid(x);
                dy * (s * (1.0 + x * (1.0 - s)))
            },
        );
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

struct Relu;

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, layout)?;
        let out = each(
            x,
            x,
            #[inline(always)]
            |x, _| if x < 0.0 { 0.0 } else { x },
        );
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let [values, dys] = [x, dy].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let dx = each(
            &values?,
            &dys?,
            #[inline(always)]
            |x, dy| if x > 0.0 { dy } else { 0.0 },
        );
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

struct Gate;

/// Each image's pixels with its factors.
fn gated(x: &[f32], e: &[f32], channels: usize) -> Vec<f32> {
    let image = x.len() / (e.len() / channels);
    let mut out = vec![0f32; x.len()];
    let images = out.par_chunks_mut(image).zip(x.par_chunks(image)).zip(e.par_chunks(channels));
    images.for_each(|((out, x), e)| {
        wide(
            #[inline(always)]
            || {
                let factors: Vec<f32> = e.iter().map(|e| sigmoid(*e)).collect();
                for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    for ((out, x), factor) in out.iter_mut().zip(x).zip(&factors) {
                        *out = x * factor;
                    }
                }
            },
        );
    });
    out
}

/// The gradient of e: sums over the pixels of an image, blocks of them in f32, the blocks in f64.
fn gate_gradient(x: &[f32], dy: &[f32], e: &[f32], channels: usize) -> Vec<f32> {
    let image = x.len() / (e.len() / channels);
    let mut out = vec![0f32; e.len()];
    let images = x.par_chunks(image).zip(dy.par_chunks(image)).zip(e.par_chunks(channels));
    out.par_chunks_mut(channels).zip(images).for_each(|(out, ((x, dy), e))| {
        let mut total = vec![0f64; channels];
        let mut sum = vec![0f32; channels];
        for (x, dy) in x.chunks(PIXELS * channels).zip(dy.chunks(PIXELS * channels)) {
            wide(
                #[inline(always)]
                || {
                    sum.fill(0.0);
                    for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                        for ((sum, x), dy) in sum.iter_mut().zip(x).zip(dy) {
                            *sum += x * dy;
                        }
                    }
                },
            );
            total.iter_mut().zip(&sum).for_each(|(total, sum)| *total += f64::from(*sum));
        }
        for ((out, total), e) in out.iter_mut().zip(total).zip(e) {
            let s = sigmoid(*e);
            *out = total as f32 * (s * (1.0 - s));
        }
    });
    out
}

impl CustomOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        e: &CpuStorage,
        e_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, _, _, channels) = e_layout.shape().dims4()?;
        let out = gated(values(x, x_layout)?, values(e, e_layout)?, channels);
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        e: &Tensor,
        _out: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, _, _, channels) = e.dims4()?;
        let [xs, es, dys] = [x, e, dy].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let (xs, es, dys) = (xs?, es?, dys?);
        let dx = Tensor::from_vec(gated(&dys, &es, channels), x.shape(), x.device())?;
        let de = gate_gradient(&xs, &dys, &es, channels);
        Ok((Some(dx), Some(Tensor::from_vec(de, e.shape(), e.device())?)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::testing::off;
    use proofmark_base::rng::{Rng, Stream};

    fn random(shape: &[usize], seed: u64) -> Var {
        let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
        let values = (0..shape.iter().product()).map(|_| 3.0 * rng.normal() as f32);
        let values: Vec<f32> = values.collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    }

    #[test]
    fn relu_is_zero_with_its_gradient_up_to_zero() {
        let x = [-1.0, -0.0, 0.0, 0.5, f32::NAN, f32::INFINITY];
        let x = Var::from_tensor(&Tensor::new(&x, &Device::Cpu).unwrap()).unwrap();
        let y = relu(&x).unwrap();
        let store = (&y * 3.0).unwrap().sum_all().unwrap().backward().unwrap();
        let dx = store.get(&x).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(dx, [0.0, 0.0, 0.0, 3.0, 0.0, 3.0]);
        let y = y.to_vec1::<f32>().unwrap();
        assert_eq!(y[..4], [0.0, 0.0, 0.0, 0.5]);
        assert!(y[4].is_nan() && y[5] == f32::INFINITY);
    }

    #[test]
    fn values_and_gradients_are_those_of_candles_operations() {
        let (x, e) = (random(&[2, 9, 8, 19], 1), random(&[2, 1, 1, 19], 2));
        let upstream = random(&[2, 9, 8, 19], 3);
        let backward = |y: &Tensor| {
            let store = (y * upstream.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            [&x, &e].map(|v| store.get(v).cloned())
        };
        let ours = gate(&silu(&x).unwrap(), &e).unwrap();
        let factor = ((e.neg().unwrap().exp().unwrap() + 1.0).unwrap()).recip().unwrap();
        let theirs = x.silu().unwrap().broadcast_mul(&factor).unwrap();
        assert!(off(&ours, &theirs) < 1e-5);
        for (ours, theirs) in backward(&ours).iter().zip(&backward(&theirs)) {
            assert!(off(ours.as_ref().unwrap(), theirs.as_ref().unwrap()) < 1e-4);
        }
    }
}

//! Convolution of each channel with a window of its own, forward and backward.
//!
//! candle takes a grouped convolution apart into one for each channel, which is a thousand
//! of them in one layer. On the CPU this is an operation of its own; elsewhere it is
//! composed, by one shifted product for each place of the window.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::Same;
use proofmark_base::wide::wide;

/// Channels that are summed in registers at a time.
const LANES: usize = 16;

/// x (B, H, W, C) with weights (C, 1, k, k) to (B, H', W', C).
pub fn depthwise(x: &Tensor, weight: &Tensor, same: Same) -> Result<Tensor> {
    let (channels, kernel) = (weight.dim(0)?, same.kernel);
    // (k k, C), so that the weights of a place lie side by side as the channels do.
    let weight = weight.reshape((channels, kernel * kernel))?.t()?.contiguous()?;
    if x.device().is_cpu() {
        x.contiguous()?.apply_op2(&weight, Depthwise { same })
    } else {
        composed(x, &weight, same)
    }
}

fn composed(x: &Tensor, weight: &Tensor, same: Same) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let (rows, columns) = (same.outputs(height), same.outputs(width));
    let stride = same.stride;
    // Room for every place of the window to be cut into strides.
    let pad = |x: Tensor, axis: usize, n: usize, outputs: usize| {
        let before = same.before(n);
        let after = outputs * stride + same.kernel - n - before;
        x.pad_with_zeros(axis, before, after)
    };
    let x = pad(pad(x.clone(), 1, height, rows)?, 2, width, columns)?;
    let mut sum: Option<Tensor> = None;
    for (ky, kx) in (0..same.kernel).flat_map(|y| (0..same.kernel).map(move |x| (y, x))) {
        let part = x.narrow(1, ky, rows * stride)?.narrow(2, kx, columns * stride)?.contiguous()?;
        let part = part.reshape((batch, rows, stride, columns, stride, channels))?;
        let part = part.narrow(2, 0, 1)?.narrow(4, 0, 1)?.contiguous()?;
        let part = part.reshape((batch, rows, columns, channels))?;
        let weighted =
            part.broadcast_mul(&weight.narrow(0, ky * same.kernel + kx, 1)?.squeeze(0)?)?;
        sum = Some(match sum {
            Some(sum) => (sum + weighted)?,
            None => weighted,
        });
    }
    match sum {
        Some(sum) => Ok(sum),
        None => bail!("a window of no pixels"),
    }
}

/// The operation on the CPU.
struct Depthwise {
    same: Same,
}

/// Sizes of one pass: from maps of (height, width) to maps of other sides.
#[derive(Clone, Copy)]
struct Maps {
    same: Same,
    height: usize,
    width: usize,
    channels: usize,
}

impl Maps {
    fn of(same: Same, x: &Shape) -> Result<Self> {
        let (_, height, width, channels) = x.dims4()?;
        Ok(Self { same, height, width, channels })
    }

    fn outputs(&self) -> (usize, usize) {
        (self.same.outputs(self.height), self.same.outputs(self.width))
    }

    /// The pairs of a place of the window and a pixel of the other map that meet at a
    /// pixel, as offsets into the weights and into that map.
    fn taps(
        &self,
        taps: &mut Vec<(usize, usize)>,
        width: usize,
        row: impl Fn(usize) -> Option<usize>,
        column: impl Fn(usize) -> Option<usize>,
    ) {
        taps.clear();
        let (k, channels) = (self.same.kernel, self.channels);
        for (ky, y) in (0..k).filter_map(|ky| row(ky).map(|y| (ky, y))) {
            for (kx, x) in (0..k).filter_map(|kx| column(kx).map(|x| (kx, x))) {
                taps.push(((ky * k + kx) * channels, (y * width + x) * channels));
            }
        }
    }

    fn forward(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let (Self { same, height, width, channels }, (rows, columns)) = (*self, self.outputs());
        let images = x.len() / (height * width * channels);
        let mut out = vec![0f32; images * rows * columns * channels];
        let lines = out.par_chunks_exact_mut(columns * channels).enumerate();
        lines.for_each_init(Vec::new, |taps, (line, out)| {
            let image = &x[line / rows * height * width * channels..][..height * width * channels];
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let (row, column) =
                    (|k| same.input(line % rows, k, height), |k| same.input(column, k, width));
                self.taps(taps, width, row, column);
                gather(out, image, weight, taps);
            }
        });
        out
    }

    /// The gradient of x.
    fn backward(&self, dy: &[f32], weight: &[f32]) -> Vec<f32> {
        let (Self { same, height, width, channels }, (rows, columns)) = (*self, self.outputs());
        let images = dy.len() / (rows * columns * channels);
        let mut dx = vec![0f32; images * height * width * channels];
        let lines = dx.par_chunks_exact_mut(width * channels).enumerate();
        lines.for_each_init(Vec::new, |taps, (line, out)| {
            let image = &dy[line / height * rows * columns * channels..];
            let image = &image[..rows * columns * channels];
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let (row, column) =
                    (|k| same.output(line % height, k, height), |k| same.output(column, k, width));
                self.taps(taps, columns, row, column);
                gather(out, image, weight, taps);
            }
        });
        dx
    }

    /// The gradient of the weights (k k, C), summed image by image.
    fn weights(&self, x: &[f32], dy: &[f32]) -> Vec<f32> {
        let (Self { same, height, width, channels }, (rows, columns)) = (*self, self.outputs());
        let images = x.par_chunks_exact(height * width * channels);
        let images = images.zip(dy.par_chunks_exact(rows * columns * channels));
        let of_image = |(x, dy): (&[f32], &[f32])| {
            let mut sum = vec![0f32; same.kernel * same.kernel * channels];
            let mut taps = Vec::new();
            for (pixel, dy) in dy.chunks_exact(channels).enumerate() {
                let (row, column) = (
                    |k| same.input(pixel / columns, k, height),
                    |k| same.input(pixel % columns, k, width),
                );
                self.taps(&mut taps, width, row, column);
                for (weight, at) in &taps {
                    add_products(&mut sum[*weight..][..channels], &x[*at..][..channels], dy);
                }
            }
            sum
        };
        let parts: Vec<Vec<f32>> = images.map(of_image).collect();
        let mut sum = vec![0f32; same.kernel * same.kernel * channels];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }
}

/// `out` (C) as the sum of weights times pixels over the taps.
fn gather(out: &mut [f32], from: &[f32], weight: &[f32], taps: &[(usize, usize)]) {
    wide(
        #[inline(always)]
        || {
            let channels = out.len();
            let (blocks, rest) = out.as_chunks_mut::<LANES>();
            for (block, out) in blocks.iter_mut().enumerate() {
                let mut sum = [0f32; LANES];
                for (w, x) in taps {
                    let w = &weight[w + block * LANES..][..LANES];
                    let x = &from[x + block * LANES..][..LANES];
                    for lane in 0..LANES {
                        sum[lane] += w[lane] * x[lane];
                    }
                }
                *out = sum;
            }
            let first = channels - rest.len();
            for (c, out) in rest.iter_mut().enumerate() {
                *out = taps.iter().map(|(w, x)| weight[w + first + c] * from[x + first + c]).sum();
            }
        },
    );
}

/// `sum` (C) plus `x` times `dy`, channel by channel.
fn add_products(sum: &mut [f32], x: &[f32], dy: &[f32]) {
    wide(
        #[inline(always)]
        || {
            for ((sum, x), dy) in sum.iter_mut().zip(x).zip(dy) {
                *sum += x * dy;
            }
        },
    );
}

/// The values of a contiguous f32 tensor on the CPU.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("a depthwise convolution takes contiguous f32 tensors only"),
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let maps = Maps::of(self.same, x_layout.shape())?;
        let out = maps.forward(values(x, x_layout)?, values(weight, weight_layout)?);
        let (rows, columns) = maps.outputs();
        let shape = Shape::from((x_layout.dims()[0], rows, columns, maps.channels));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _out: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let maps = Maps::of(self.same, x.shape())?;
        let [values, dy, weights] = [x, dy, weight].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let (values, dy) = (values?, dy?);
        let dx = Tensor::from_vec(maps.backward(&dy, &weights?), x.shape(), x.device())?;
        let dw = Tensor::from_vec(maps.weights(&values, &dy), weight.shape(), x.device())?;
        Ok((Some(dx), Some(dw)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use proofmark_base::rng::{Rng, Stream};

    fn random(shape: &[usize], seed: u64) -> Var {
        let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal() as f32).collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    }

    fn off(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    /// The operation against shifted products, whose gradients are candle's own.
    #[test]
    fn values_and_gradients_are_those_of_shifted_products() {
        for (kernel, stride, side, channels) in
            [(3, 1, 6, 18), (3, 2, 7, 5), (5, 2, 8, 33), (5, 1, 3, 16)]
        {
            let same = Same { kernel, stride };
            let x = random(&[2, side, side + 1, channels], 1);
            let weight = random(&[channels, 1, kernel, kernel], 2);
            let ours = depthwise(&x, &weight, same).unwrap();
            let rows = weight.reshape((channels, kernel * kernel)).unwrap().t().unwrap();
            let reference = composed(&x, &rows, same).unwrap();
            assert_eq!(ours.dims(), reference.dims());
            assert!(off(&ours, &reference) < 1e-5);
            let upstream = random(ours.dims(), 3);
            let backward = |y: &Tensor| {
                let store =
                    (y * upstream.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
                [&x, &weight].map(|v| store.get(v).unwrap().clone())
            };
            for (ours, reference) in backward(&ours).iter().zip(&backward(&reference)) {
                assert!(off(ours, reference) < 1e-4, "{kernel} {stride}");
            }
        }
    }

    /// One channel against candle's convolution, where the padding is even.
    #[test]
    fn one_channel_is_an_ordinary_convolution() {
        let (x, weight) = (random(&[2, 5, 5, 1], 4), random(&[1, 1, 3, 3], 5));
        let ours = depthwise(&x, &weight, Same { kernel: 3, stride: 1 }).unwrap();
        let planes = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
        let expected = planes.conv2d(&weight, 1, 1, 1, 1).unwrap().permute((0, 2, 3, 1)).unwrap();
        assert!(off(&ours, &expected) < 1e-5);
    }
}

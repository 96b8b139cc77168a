//! Convolution of each channel with a window of its own, forward and backward.
//!
//! candle takes a grouped convolution apart into one for each channel, which is a thousand
//! of them in one layer. On the CPU this is an operation of its own; elsewhere it is
//! composed, by one shifted product for each place of the window.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::Window;
use super::maps::{Maps, Tap, shifted, values};
use proofmark_base::wide::wide;

/// Channels that are summed in registers at a time.
const LANES: usize = 16;

/// x (B, H, W, C) with weights (C, 1, k, k) to (B, H', W', C).
pub fn depthwise(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (channels, kernel) = (weight.dim(0)?, window.kernel);
    // (k k, C), so that the weights of a place lie side by side as the channels do.
    let weight = weight.reshape((channels, kernel * kernel))?.t()?.contiguous()?;
    if x.device().is_cpu() {
        x.contiguous()?.apply_op2(&weight, Depthwise { window })
    } else {
        composed(x, &weight, window)
    }
}

fn composed(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (place, part) in shifted(x, window, 0.0)?.iter().enumerate() {
        let weighted = part.broadcast_mul(&weight.narrow(0, place, 1)?.squeeze(0)?)?;
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
    window: Window,
}

/// The gradient of the weights (k k, C), summed image by image.
fn weights(maps: Maps, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let (Maps { window, channels, .. }, (_, columns)) = (maps, maps.outputs());
    let (image, size) = maps.sizes();
    let of_image = |(x, dy): (&[f32], &[f32])| {
        let mut sum = vec![0f32; window.kernel * window.kernel * channels];
        let mut taps = Vec::new();
        for (pixel, dy) in dy.chunks_exact(channels).enumerate() {
            maps.inputs_at(pixel / columns, pixel % columns, &mut taps);
            for (weight, at) in &taps {
                add_products(&mut sum[*weight..][..channels], &x[*at..][..channels], dy);
            }
        }
        sum
    };
    let images = x.par_chunks_exact(image).zip(dy.par_chunks_exact(size));
    let parts: Vec<Vec<f32>> = images.map(of_image).collect();
    let mut sum = vec![0f32; window.kernel * window.kernel * channels];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    sum
}

/// `out` (C) as the sum of weights times pixels over the taps.
fn gather(out: &mut [f32], from: &[f32], weight: &[f32], taps: &[Tap]) {
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
        let maps = Maps::of(self.window, x_layout.shape())?;
        let weight = values(weight, weight_layout)?;
        let out = maps.each_output(values(x, x_layout)?, maps.channels, |out, x, taps| {
            gather(out, x, weight, taps);
        });
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
        let maps = Maps::of(self.window, x.shape())?;
        let [values, dy, of_places] = [x, dy, weight].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let (values, dy, of_places) = (values?, dy?, of_places?);
        let size = maps.sizes().1;
        let dx = maps.each_input(x.dim(0)?, |dx, image, taps| {
            gather(dx, &dy[image * size..][..size], &of_places, taps);
        });
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        let dw = Tensor::from_vec(weights(maps, &values, &dy), weight.shape(), x.device())?;
        Ok((Some(dx), Some(dw)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{off, random};

    /// The operation against shifted products, whose gradients are candle's own.
    #[test]
    fn values_and_gradients_are_those_of_shifted_products() {
        for (kernel, stride, side, channels) in
            [(3, 1, 6, 18), (3, 2, 7, 5), (5, 2, 8, 33), (5, 1, 3, 16)]
        {
            let window = Window::same(kernel, stride);
            let x = random(&[2, side, side + 1, channels], 1);
            let weight = random(&[channels, 1, kernel, kernel], 2);
            let ours = depthwise(&x, &weight, window).unwrap();
            let rows = weight.reshape((channels, kernel * kernel)).unwrap().t().unwrap();
            let reference = composed(&x, &rows, window).unwrap();
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
        let ours = depthwise(&x, &weight, Window::same(3, 1)).unwrap();
        let planes = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
        let expected = planes.conv2d(&weight, 1, 1, 1, 1).unwrap().permute((0, 2, 3, 1)).unwrap();
        assert!(off(&ours, &expected) < 1e-5);
    }
}

//! The windows of maps as rows, so that a convolution of them is a matrix product, with its gradient.
//! A window of one pixel takes every so manieth pixel of a map.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::Window;
use super::maps::{Maps, shifted, values};
use super::pointwise::pointwise;

/// x (B, H, W, C) to the windows around the output pixels, (B, H', W', k k C), place by place.
pub fn windows(x: &Tensor, window: Window) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op1(Windows { window })
    } else {
        Tensor::cat(&shifted(x, window, 0.0)?, 3)
    }
}

/// A convolution of x (B, H, W, I) with weights (O, I, k, k) to (B, H', W', O).
pub fn convolution(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    // In the order of a window: places first.
    let weight = weight.permute((0, 2, 3, 1))?.contiguous()?;
    pointwise(&windows(x, window)?, &weight)
}

/// The operation on the CPU.
struct Windows {
    window: Window,
}

impl CustomOp1 for Windows {
    fn name(&self) -> &'static str {
        "windows"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let maps = Maps::of(self.window, layout.shape())?;
        let size = self.window.kernel * self.window.kernel * maps.channels;
        let out = maps.each_output(values(x, layout)?, size, |out: &mut [f32], x, taps| {
            for (place, at) in taps {
                out[*place..][..maps.channels].copy_from_slice(&x[*at..][..maps.channels]);
            }
        });
        let (rows, columns) = maps.outputs();
        Ok((CpuStorage::F32(out), Shape::from((layout.dims()[0], rows, columns, size))))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let maps = Maps::of(self.window, x.shape())?;
        let dy = dy.flatten_all()?.to_vec1::<f32>()?;
        let places = self.window.kernel * self.window.kernel;
        let size = maps.sizes().1 * places;
        let dx = maps.each_input(x.dim(0)?, |dx, image, taps| {
            let dy = &dy[image * size..][..size];
            for (place, at) in taps {
                let dy = &dy[at * places + place..][..maps.channels];
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy);
            }
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{off, random};

    /// Against candle's convolution, whose gradients are its own, and against shifted maps.
    #[test]
    fn a_convolution_and_its_gradients_are_candles() {
        for (kernel, stride, padding) in [(3, 1, 0), (3, 2, 1), (1, 2, 0), (5, 2, 2)] {
            let window = Window::padded(kernel, stride, padding);
            let (x, weight) = (random(&[2, 7, 7, 5], 1), random(&[4, 5, kernel, kernel], 2));
            let ours = convolution(&x, &weight, window).unwrap();
            let planes = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
            let theirs = planes.conv2d(&weight, padding, stride, 1, 1).unwrap();
            let theirs = theirs.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
            assert!(off(&ours, &theirs) < 1e-4);
            let upstream = random(ours.dims(), 3);
            let backward = |y: &Tensor| {
                let sum = (y * upstream.as_tensor()).unwrap().sum_all().unwrap();
                let store = sum.backward().unwrap();
                [&x, &weight].map(|v| store.get(v).unwrap().clone())
            };
            for (ours, theirs) in backward(&ours).iter().zip(&backward(&theirs)) {
                assert!(off(ours, theirs) < 1e-4, "{kernel} {stride}");
            }
            let composed = Tensor::cat(&shifted(&x, window, 0.0).unwrap(), 3).unwrap();
            assert_eq!(off(&windows(&x, window).unwrap(), &composed), 0.0);
        }
    }
}

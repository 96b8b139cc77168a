//! The largest value of each window, with its gradient.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use super::Window;
use super::maps::{Maps, Tap, shifted, values};

/// x (B, H, W, C) to the largest value of each channel in the windows around the output pixels,
/// (B, H', W', C). The padding never is the largest; of equal values the first gets the gradient.
pub fn max_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op1(MaxPool { window })
    } else {
        composed(x, window)
    }
}

fn composed(x: &Tensor, window: Window) -> Result<Tensor> {
    let mut parts = shifted(x, window, f32::MIN)?.into_iter();
    let Some(first) = parts.next() else { bail!("a window of no pixels") };
    parts.try_fold(first, |largest, part| largest.maximum(&part))
}

/// The operation on the CPU.
struct MaxPool {
    window: Window,
}

/// The place of the window times C where a channel has its largest value, and the value.
/// What is no number is larger than all, as in PyTorch.
fn largest(x: &[f32], taps: &[Tap], channel: usize) -> (usize, f32) {
    let mut found = (0, f32::NEG_INFINITY);
    for (place, at) in taps {
        let value = x[at + channel];
        if value > found.1 || value.is_nan() {
            found = (*place, value);
        }
    }
    found
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let maps = Maps::of(self.window, layout.shape())?;
        let out = maps.each_output(values(x, layout)?, maps.channels, |out, x, taps| {
            for (channel, out) in out.iter_mut().enumerate() {
                *out = largest(x, taps, channel).1;
            }
        });
        let (rows, columns) = maps.outputs();
        let shape = Shape::from((layout.dims()[0], rows, columns, maps.channels));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let maps = Maps::of(self.window, x.shape())?;
        let [values, dy] = [x, dy].map(|t| t.flatten_all()?.to_vec1::<f32>());
        let (values, dy) = (values?, dy?);
        // For each value that comes out the place of the window that it is from.
        let from = maps.each_output(&values, maps.channels, |out: &mut [usize], x, taps| {
            for (channel, out) in out.iter_mut().enumerate() {
                *out = largest(x, taps, channel).0;
            }
        });
        let size = maps.sizes().1;
        let dx = maps.each_input(x.dim(0)?, |dx, image, taps| {
            for (place, at) in taps {
                let at = image * size + at;
                let pixel = from[at..].iter().zip(&dy[at..]);
                for (dx, (from, dy)) in dx.iter_mut().zip(pixel) {
                    if from == place {
                        *dx += dy;
                    }
                }
            }
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::testing::off;
    use proofmark_base::rng::{Rng, Stream};

    fn var(values: Vec<f32>, shape: &[usize]) -> Var {
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    }

    fn gradient(y: &Tensor, x: &Var) -> Tensor {
        let weights: Vec<f32> = (0..y.elem_count()).map(|i| (i % 7) as f32 + 1.0).collect();
        let weights = Tensor::from_vec(weights, y.shape(), &Device::Cpu).unwrap();
        let store = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
        store.get(x).unwrap().clone()
    }

    /// Against maxima of shifted maps, whose gradients are candle's own where no two are equal.
    #[test]
    fn values_and_gradients_are_those_of_shifted_maps() {
        for (side, stride) in [(7, 2), (4, 2), (5, 1)] {
            let window = Window::padded(3, stride, 1);
            let mut rng = Rng::new(1, Stream::Demo, 0, 0);
            // All below 0, so that padding with zeros would win.
            let values = (0..2 * side * (side + 1) * 5).map(|_| -1.0 - rng.uniform() as f32);
            let x = var(values.collect(), &[2, side, side + 1, 5]);
            let (ours, theirs) = (max_pool(&x, window).unwrap(), composed(&x, window).unwrap());
            assert_eq!(off(&ours, &theirs), 0.0);
            assert!(off(&gradient(&ours, &x), &gradient(&theirs, &x)) < 1e-5);
        }
    }

    #[test]
    fn of_equal_values_the_first_gets_the_gradient() {
        let x = var(vec![2.0, 2.0, 1.0, 2.0], &[1, 2, 2, 1]);
        let y = max_pool(&x, Window::padded(3, 2, 1)).unwrap();
        assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [2.0]);
        let dx = gradient(&y, &x).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(dx, [1.0, 0.0, 0.0, 0.0]);
        let x = var(vec![f32::NAN, 3.0], &[1, 1, 2, 1]);
        let y = max_pool(&x, Window::padded(3, 2, 1)).unwrap();
        assert!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0].is_nan());
    }
}

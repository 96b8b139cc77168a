//! How a window lies on the pixels of maps (B, H, W, C).

use candle_core::{CpuStorage, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::Window;

/// A place of the window times C, and where its pixel lies in a map.
pub(super) type Tap = (usize, usize);

/// Sizes of one pass: from maps of (height, width) to maps of other sides.
#[derive(Clone, Copy)]
pub(super) struct Maps {
    pub window: Window,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Maps {
    pub fn of(window: Window, x: &Shape) -> Result<Self> {
        let (_, height, width, channels) = x.dims4()?;
        Ok(Self { window, height, width, channels })
    }

    /// Sides of the maps that come out.
    pub fn outputs(&self) -> (usize, usize) {
        (self.window.outputs(self.height), self.window.outputs(self.width))
    }

    /// Numbers of a map that goes in, and of one that comes out.
    pub fn sizes(&self) -> (usize, usize) {
        let (rows, columns) = self.outputs();
        (self.height * self.width * self.channels, rows * columns * self.channels)
    }

    /// The taps that meet at pixel (y, x) of what comes out, in what goes in.
    pub fn inputs_at(&self, y: usize, x: usize, taps: &mut Vec<Tap>) {
        let Self { window, height, width, .. } = *self;
        self.taps(taps, width, |k| window.input(y, k, height), |k| window.input(x, k, width));
    }

    /// The taps that meet at pixel (y, x) of what goes in, in what comes out.
    pub fn outputs_at(&self, y: usize, x: usize, taps: &mut Vec<Tap>) {
        let Self { window, height, width, .. } = *self;
        let columns = self.outputs().1;
        self.taps(taps, columns, |k| window.output(y, k, height), |k| window.output(x, k, width));
    }

    fn taps(
        &self,
        taps: &mut Vec<Tap>,
        width: usize,
        row: impl Fn(usize) -> Option<usize>,
        column: impl Fn(usize) -> Option<usize>,
    ) {
        taps.clear();
        let (k, channels) = (self.window.kernel, self.channels);
        for (ky, y) in (0..k).filter_map(|ky| row(ky).map(|y| (ky, y))) {
            for (kx, x) in (0..k).filter_map(|kx| column(kx).map(|x| (kx, x))) {
                taps.push(((ky * k + kx) * channels, (y * width + x) * channels));
            }
        }
    }

    /// Fills maps that come out, `size` values a pixel, from `x`: `fill` has a pixel, the image and
    /// the taps in it.
    pub fn each_output<T: Default + Clone + Send>(
        &self,
        x: &[f32],
        size: usize,
        fill: impl Fn(&mut [T], &[f32], &[Tap]) + Sync,
    ) -> Vec<T> {
        let ((image, _), (rows, columns)) = (self.sizes(), self.outputs());
        let mut out = vec![T::default(); x.len() / image * rows * columns * size];
        if out.is_empty() {
            return out;
        }
        let lines = out.par_chunks_exact_mut(columns * size).enumerate();
        lines.for_each_init(Vec::new, |taps, (line, out)| {
            let x = &x[line / rows * image..][..image];
            for (column, out) in out.chunks_exact_mut(size).enumerate() {
                self.inputs_at(line % rows, column, taps);
                fill(out, x, taps);
            }
        });
        out
    }

    /// Fills maps that go in: `fill` has a pixel (C), the number of its image and the taps in what
    /// comes out.
    pub fn each_input(
        &self,
        images: usize,
        fill: impl Fn(&mut [f32], usize, &[Tap]) + Sync,
    ) -> Vec<f32> {
        let mut dx = vec![0f32; images * self.sizes().0];
        let lines = dx.par_chunks_exact_mut(self.width * self.channels).enumerate();
        lines.for_each_init(Vec::new, |taps, (line, dx)| {
            for (column, dx) in dx.chunks_exact_mut(self.channels).enumerate() {
                self.outputs_at(line % self.height, column, taps);
                fill(dx, line / self.height, taps);
            }
        });
        dx
    }
}

/// The values of a contiguous f32 tensor on the CPU.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("networks of convolutions take contiguous f32 tensors only"),
    }
}

/// For each place of a window what it meets of x (B, H, W, C), as (B, H', W', C), composed of
/// candle's operations. `outside` is around the input.
pub(super) fn shifted(x: &Tensor, window: Window, outside: f32) -> Result<Vec<Tensor>> {
    let (batch, height, width, channels) = x.dims4()?;
    let (rows, columns) = (window.outputs(height), window.outputs(width));
    let stride = window.stride;
    // Room for every place of the window to be cut into strides.
    let pad = |x: &Tensor, axis: usize, n: usize, outputs: usize| {
        let before = window.before(n);
        x.pad_with_zeros(axis, before, outputs * stride + window.kernel - n - before)
    };
    let pad = |x: &Tensor| pad(&pad(x, 1, height, rows)?, 2, width, columns);
    let mut padded = pad(x)?;
    if outside != 0.0 {
        let inside = pad(&Tensor::ones((1, height, width, 1), x.dtype(), x.device())?)?;
        padded = padded.broadcast_add(&((1.0 - inside)? * f64::from(outside))?)?;
    }
    let places = (0..window.kernel).flat_map(|y| (0..window.kernel).map(move |x| (y, x)));
    let part = |(y, x): (usize, usize)| {
        let part = padded.narrow(1, y, rows * stride)?.narrow(2, x, columns * stride)?;
        let part = part.contiguous()?.reshape((batch, rows, stride, columns, stride, channels))?;
        let part = part.narrow(2, 0, 1)?.narrow(4, 0, 1)?.contiguous()?;
        part.reshape((batch, rows, columns, channels))
    };
    places.map(part).collect()
}

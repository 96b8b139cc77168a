//! Room that all operations share, one behind the other.

use std::sync::Arc;

use super::tape::{Op, Step, Tape, Value};
use crate::convolution::Window;
use crate::linear::Parts;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::batch::Batch;
use proofmark_gpu::kernels::depthwise::Depthwise;
use proofmark_gpu::kernels::images::Images;
use proofmark_gpu::kernels::maps::Windows;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::Buffer;

/// Room to work in.
#[derive(Debug)]
pub struct Scratch {
    /// Partial sums.
    pub partial: Buffer,
    /// Windows of a convolution as rows, or their gradient.
    pub windows: Buffer,
    /// The backward pass of a norm or of squeeze and excitation: some numbers for each channel.
    pub small: Buffer,
}

/// How many numbers each of them needs.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    partial: usize,
    windows: usize,
    small: usize,
}

/// Windows on a value.
pub fn windows(window: Window, of: Value, images: usize) -> Windows {
    let (side, channels) = (of.side, of.channels);
    let Window { kernel, stride, .. } = window;
    let (outs, before) = (window.outputs(side), window.before(side));
    Windows { images, channels, side, outs, kernel, stride, before }
}

/// The same, of each channel by itself.
pub fn depthwise(window: Window, of: Value, images: usize) -> Depthwise {
    let Windows { images, channels, side, outs, kernel, stride, before } =
        windows(window, of, images);
    Depthwise { images, channels, side, outs, kernel, stride, before }
}

/// The rows of a value.
pub fn batch(of: Value, images: usize) -> Batch {
    Batch { rows: images * of.pixels(), channels: of.channels }
}

/// The rows by which a weight's gradient is taken, in parts: columns of what it is multiplied with, and of what it makes.
pub fn parts(inputs: usize, made: Value, images: usize) -> Parts {
    Parts::new(made.channels, inputs, images * made.pixels())
}

/// The images of a value.
pub fn images(of: Value, images: usize) -> Images {
    Images { images, pixels: of.pixels(), channels: of.channels }
}

/// What an operation needs, going forward and back.
fn of_step(step: &Step, tape: &Tape, count: usize) -> [Sizes; 2] {
    let (value, made) = (tape.values[step.input], tape.values[step.output]);
    let none = Sizes::default();
    match &step.op {
        Op::Pointwise(_) => {
            let partial = parts(value.channels, made, count).partial();
            [none, Sizes { partial, ..none }]
        }
        Op::Convolution(_, window) => {
            let windows = windows(*window, value, count);
            let forward = Sizes { windows: windows.len(), ..none };
            [forward, Sizes { partial: parts(windows.columns(), made, count).partial(), ..forward }]
        }
        Op::Depthwise(_, window) => {
            let of = depthwise(*window, value, count);
            let weights = window.kernel * window.kernel * value.channels;
            [none, Sizes { partial: of.chunks() * weights, ..none }]
        }
        Op::Norm(..) => {
            let partial = batch(value, count).partial();
            [Sizes { partial, ..none }, Sizes { partial, small: 2 * value.channels, ..none }]
        }
        Op::Excite(_, between) => {
            let partial = images(value, count).partial();
            let small = count * (2 * value.channels + between);
            [Sizes { partial, ..none }, Sizes { partial, small, ..none }]
        }
        Op::Mean => [Sizes { partial: images(value, count).partial(), ..none }, none],
        Op::Relu | Op::MaxPool(_) | Op::Join(..) | Op::Dropout(_) => [none, none],
    }
}

impl Scratch {
    /// Without room yet.
    pub fn new(gpu: &Arc<dyn Gpu>) -> Self {
        let empty = || Buffer::empty(gpu, Kind::F32);
        Self { partial: empty(), windows: empty(), small: empty() }
    }

    /// Makes room for a pass of so many images, forward or back.
    pub fn fit(&mut self, tape: &Tape, count: usize, back: bool) -> Result<()> {
        for step in &tape.steps {
            let sizes = of_step(step, tape, count)[usize::from(back)];
            self.partial.fit(sizes.partial)?;
            self.windows.fit(sizes.windows)?;
            self.small.fit(sizes.small)?;
        }
        Ok(())
    }
}

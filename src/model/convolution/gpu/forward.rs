//! The operations of a network, forward.

use super::scratch::{Scratch, batch, depthwise, images, windows};
use super::state::{Excited, State};
use super::tape::{Op, Step, Tape};
use crate::convolution::Activation;
use crate::linear::Linear;
use crate::resident::Resident;
use proofmark_gpu::error::Result;
use proofmark_gpu::kernels::attention::add_bias;
use proofmark_gpu::kernels::batch::Affine;
use proofmark_gpu::kernels::images::bias_silu;
use proofmark_gpu::kernels::maps::{Lie, join_images, relu, times};
use proofmark_gpu::memory::Slice;

/// A pass of a network.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// Where it runs, and how it multiplies.
    pub linear: Linear<'a>,
    /// What it does.
    pub tape: &'a Tape,
    /// The parameters.
    pub weights: &'a Resident,
    /// What it leaves.
    pub state: &'a State,
    /// Where it works.
    pub scratch: &'a Scratch,
    /// Images B.
    pub images: usize,
    /// Whether batch norm goes by the batch, as while training.
    pub own: bool,
    /// Added to variances.
    pub eps: f32,
}

impl<'a> Pass<'a> {
    /// Gamma and beta of a norm, and what is behind it.
    pub fn affine(&self, name: &str, activation: Activation) -> Affine<'a> {
        let [gamma, beta] = ["weight", "bias"].map(|part| self.of(name, part));
        Affine { gamma, beta, activation }
    }

    /// A part of what is called so.
    pub fn of(&self, name: &str, part: &str) -> Slice<'a> {
        self.weights.get(&format!("{name}.{part}"))
    }

    /// A value of this pass.
    pub fn value(&self, number: usize) -> Slice<'a> {
        self.state.rooms.of(number, self.images)
    }

    /// Rows of a value.
    pub fn rows(&self, value: usize) -> usize {
        self.images * self.tape.values[value].pixels()
    }

    /// All operations, in order.
    pub fn forward(&self) -> Result<()> {
        self.tape.steps.iter().enumerate().try_for_each(|(number, step)| self.step(number, step))
    }

    fn step(&self, number: usize, step: &Step) -> Result<()> {
        let (gpu, scratch) = (self.linear.gpu, self.scratch);
        let (x, out) = (self.value(step.input), self.value(step.output));
        let value = self.tape.values[step.input];
        let beside = self.state.beside(number, self.tape, self.images);
        match &step.op {
            Op::Pointwise(weight) => {
                self.linear.apply(x, self.weights.get(weight), out, self.rows(step.output))
            }
            Op::Convolution(weight, window) => {
                let windows = windows(*window, value, self.images);
                let rows = scratch.windows.first(windows.len());
                windows.rows(gpu, x, Lie::Pixels, rows)?;
                self.linear.apply(rows, self.weights.get(weight), out, self.rows(step.output))
            }
            Op::Depthwise(weight, window) => {
                let of = depthwise(*window, value, self.images);
                of.forward(gpu, x, self.weights.get(weight), out)
            }
            Op::Norm(name, activation) => {
                let of = batch(value, self.images);
                if self.own {
                    of.moments(gpu, x, scratch.partial.all(), beside, self.eps)?;
                } else {
                    let known = ["running_mean", "running_var"].map(|part| self.of(name, part));
                    of.known(gpu, known, beside, self.eps)?;
                }
                of.forward(gpu, x, beside, self.affine(name, *activation), out)
            }
            Op::Relu => relu(gpu, x, out),
            Op::Excite([reduce, expand], between) => {
                let of = images(value, self.images);
                let kept = Excited::of(beside, value, *between, self.images);
                of.mean(gpu, x, scratch.partial.all(), kept.squeezed)?;
                self.linear.apply(kept.squeezed, self.of(reduce, "weight"), kept.z, self.images)?;
                bias_silu(gpu, kept.z, self.of(reduce, "bias"), kept.active)?;
                self.linear.apply(kept.active, self.of(expand, "weight"), kept.e, self.images)?;
                add_bias(gpu, kept.e, self.of(expand, "bias"))?;
                of.gate(gpu, x, kept.e, out)
            }
            Op::MaxPool(window) => {
                windows(*window, value, self.images).largest(gpu, x, out, beside)
            }
            Op::Join(shortcut, _) => {
                let (shortcut, scales) = (self.value(*shortcut), self.state.factors(number));
                join_images(gpu, Some(shortcut), x, scales, out, value.len())
            }
            Op::Mean => images(value, self.images).mean(gpu, x, scratch.partial.all(), out),
            Op::Dropout(_) => match self.state.factors(number) {
                Some(factors) => times(gpu, x, factors, out),
                None => join_images(gpu, None, x, None, out, value.len()),
            },
        }
    }
}

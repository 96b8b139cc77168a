//! The operations of a network, backward: gradients of values, and of parameters.

use super::forward::Pass;
use super::rooms::Rooms;
use super::scratch::{batch, depthwise, images, parts, windows};
use super::state::Excited;
use super::tape::{Op, Step};
use crate::resident::Sums;
use proofmark_gpu::error::Result;
use proofmark_gpu::kernels::batch::Backward;
use proofmark_gpu::kernels::columns::add_up;
use proofmark_gpu::kernels::images::silu_backward;
use proofmark_gpu::kernels::maps::{Lie, join_images, relu_backward, times};
use proofmark_gpu::memory::Slice;

/// Gradients of values.
#[derive(Clone, Copy, Debug)]
struct Gradients<'a> {
    /// Of the result.
    dout: Slice<'a>,
    /// Of what was given, if it has one, and whether that is added to.
    dx: Option<(Slice<'a>, bool)>,
}

impl<'a> Pass<'a> {
    /// All operations, the last first. The gradient of the embeddings is in its room.
    pub fn backward(&self, gradients: &'a Rooms, sums: Sums<'_>) -> Result<()> {
        for (number, step) in self.tape.steps.iter().enumerate().rev() {
            self.back(number, step, gradients, sums)?;
        }
        Ok(())
    }

    /// The gradient of a value that an operation takes. It is added to unless no later operation takes it.
    fn given(&self, value: usize, number: usize, all: &'a Rooms) -> Option<(Slice<'a>, bool)> {
        let added = self.tape.last_use(value) != Some(number);
        all.find(value, self.images).map(|slice| (slice, added))
    }

    fn back(&self, number: usize, step: &Step, all: &'a Rooms, sums: Sums<'_>) -> Result<()> {
        let (gpu, scratch) = (self.linear.gpu, self.scratch);
        let dout = all.of(step.output, self.images);
        let dx = self.given(step.input, number, all);
        let of = Gradients { dout, dx };
        let value = self.tape.values[step.input];
        let beside = self.state.beside(number, self.tape, self.images);
        let input = || self.value(step.input);
        match &step.op {
            Op::Pointwise(weight) => {
                let rows = self.rows(step.output);
                let parts = parts(value.channels, self.tape.values[step.output], self.images);
                let to = sums.of(weight);
                parts.outer(self.linear, dout, input(), scratch.partial.all(), to, sums.add)?;
                match dx {
                    Some((dx, add)) => {
                        self.linear.apply_transposed(dout, self.weights.get(weight), dx, rows, add)
                    }
                    None => Ok(()),
                }
            }
            Op::Convolution(weight, window) => {
                let windows = windows(*window, value, self.images);
                let rows = scratch.windows.first(windows.len());
                let count = self.rows(step.output);
                windows.rows(gpu, input(), Lie::Pixels, rows)?;
                let made = self.tape.values[step.output];
                let (parts, to) = (parts(windows.columns(), made, self.images), sums.of(weight));
                parts.outer(self.linear, dout, rows, scratch.partial.all(), to, sums.add)?;
                let (dx, add) = of.into();
                // What was looked at is not needed any more.
                self.linear.apply_transposed(dout, self.weights.get(weight), rows, count, false)?;
                windows.rows_backward(gpu, rows, dx, add)
            }
            Op::Depthwise(weight, window) => {
                let depthwise = depthwise(*window, value, self.images);
                let partial = scratch.partial.all();
                depthwise.of_weights(gpu, input(), dout, partial)?;
                add_up(gpu, partial, depthwise.chunks(), sums.of(weight), sums.add)?;
                let (dx, add) = of.into();
                depthwise.backward(gpu, dout, self.weights.get(weight), dx, add)
            }
            Op::Norm(name, activation) => {
                let (dx, add) = of.into();
                let parts = ["weight", "bias"].map(|part| sums.of(&format!("{name}.{part}")));
                let room = [scratch.partial.all(), scratch.small.all()];
                let backward = Backward {
                    dout,
                    x: input(),
                    moments: beside,
                    affine: self.affine(name, *activation),
                    own: self.own,
                    room,
                    sums: parts,
                    add_sums: sums.add,
                    dx,
                    add,
                };
                batch(value, self.images).backward(gpu, backward)
            }
            Op::Relu => {
                let (dx, add) = of.into();
                relu_backward(gpu, dout, self.value(step.output), dx, add)
            }
            Op::Excite(names, between) => {
                let kept = Excited::of(beside, value, *between, self.images);
                self.excite_backward(step, (names, *between), kept, of, sums)
            }
            Op::MaxPool(window) => {
                let (dx, add) = of.into();
                windows(*window, value, self.images).largest_backward(gpu, dout, beside, dx, add)
            }
            Op::Join(shortcut, _) => {
                let (dx, add) = of.into();
                let scales = self.state.factors(number);
                join_images(gpu, add.then_some(dx), dout, scales, dx, value.len())?;
                let of = Gradients { dout, dx: self.given(*shortcut, number, all) };
                let (dx, add) = of.into();
                join_images(gpu, add.then_some(dx), dout, None, dx, value.len())
            }
            Op::Mean => {
                let (dx, add) = of.into();
                images(value, self.images).spread(gpu, dout, dx, add)
            }
            Op::Dropout(_) => match (self.state.factors(number), of.into()) {
                (Some(factors), (dx, false)) => times(gpu, dout, factors, dx),
                (None, (dx, false)) => join_images(gpu, None, dout, None, dx, value.len()),
                (_, (_, true)) => panic!("what is dropped has one gradient"),
            },
        }
    }

    fn excite_backward(
        &self,
        step: &Step,
        ([reduce, expand], between): (&[String; 2], usize),
        kept: Excited<'_>,
        of: Gradients<'_>,
        sums: Sums<'_>,
    ) -> Result<()> {
        let (gpu, scratch, count) = (self.linear.gpu, self.scratch, self.images);
        let value = self.tape.values[step.input];
        let maps = images(value, count);
        let part = |name: &str, part: &str| sums.of(&format!("{name}.{part}"));
        let wide = count * value.channels;
        let small = scratch.small.all();
        let (de, dsqueezed) = (small.part(0..wide), small.part(wide..2 * wide));
        let dz = small.part(2 * wide..2 * wide + count * between);
        let partial = scratch.partial.all();
        maps.of_gate(gpu, of.dout, self.value(step.input), kept.e, partial, de)?;
        // Sums over images, which are few.
        add_up(gpu, de, count, part(expand, "bias"), sums.add)?;
        self.linear.outer(de, kept.active, part(expand, "weight"), count, sums.add)?;
        self.linear.apply_transposed(de, self.of(expand, "weight"), dz, count, false)?;
        silu_backward(gpu, kept.z, dz)?;
        add_up(gpu, dz, count, part(reduce, "bias"), sums.add)?;
        self.linear.outer(dz, kept.squeezed, part(reduce, "weight"), count, sums.add)?;
        self.linear.apply_transposed(dz, self.of(reduce, "weight"), dsqueezed, count, false)?;
        let (dx, add) = of.into();
        maps.gate_backward(gpu, of.dout, [kept.e, dsqueezed], dx, add)
    }
}

/// The gradient of what was given, which all but the first operation have.
impl<'a> From<Gradients<'a>> for (Slice<'a>, bool) {
    fn from(of: Gradients<'a>) -> Self {
        of.dx.expect("the first operation of a network is a pointwise convolution")
    }
}

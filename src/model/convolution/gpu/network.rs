//! The whole way from images to embeddings on a GPU and back.

use std::sync::Arc;

use super::forward::Pass;
use super::rooms::Rooms;
use super::scratch::{Scratch, batch, windows};
use super::state::State;
use super::tape::{Op, Tape, Value};
use crate::convolution::{Segmented, Window};
use crate::drop_path::DropPath;
use crate::gpu_trunk::GpuNetwork;
use crate::images::{Images, Room};
use crate::linear::{Linear, factors};
use crate::resident::{Resident, Sums};
use crate::spec::ParamSpec;
use proofmark_gpu::error::{GpuError, Result};
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::maps::Lie;
use proofmark_gpu::memory::Buffer;
use proofmark_gpu::product::Factors;
use proofmark_lang::model::Precision;

/// A network on a GPU.
#[derive(Debug)]
pub struct OnGpu {
    gpu: Arc<dyn Gpu>,
    /// How products multiply.
    factors: Factors,
    tape: Tape,
    /// Side of the images, and the windows that they are taken apart into.
    side: usize,
    first: Window,
    eps: f32,
    momentum: f32,
    images: Room,
    /// Of a pass that keeps, and of one that does not.
    kept: State,
    passing: State,
    gradients: Rooms,
    scratch: Scratch,
    /// Images of the pass that is kept, and whether batch norm went by them.
    pass: Option<(usize, bool)>,
    /// Images of the pass by which running statistics are to be moved.
    seen: Option<usize>,
}

impl OnGpu {
    /// A network with these parameters, without buffers yet.
    pub fn new<N: Segmented>(
        gpu: &Arc<dyn Gpu>,
        network: &N,
        specs: &[ParamSpec],
        precision: Precision,
    ) -> Self {
        let tape = Tape::of(network, specs);
        Self {
            side: network.side(),
            first: network.first(),
            eps: network.eps() as f32,
            momentum: network.momentum() as f32,
            images: Room::new(gpu),
            kept: State::new(gpu, &tape, true),
            passing: State::new(gpu, &tape, false),
            gradients: Rooms::backward(gpu, &tape),
            scratch: Scratch::new(gpu),
            pass: None,
            seen: None,
            gpu: Arc::clone(gpu),
            factors: factors(precision),
            tape,
        }
    }

    fn pass<'a>(
        &'a self,
        weights: &'a Resident,
        state: &'a State,
        images: usize,
        own: bool,
    ) -> Pass<'a> {
        Pass {
            linear: Linear { gpu: &*self.gpu, factors: self.factors },
            tape: &self.tape,
            weights,
            state,
            scratch: &self.scratch,
            images,
            own,
            eps: self.eps,
        }
    }
}

impl GpuNetwork for OnGpu {
    fn width(&self) -> usize {
        self.tape.values[self.tape.last()].channels
    }

    fn forward(
        &mut self,
        values: &Resident,
        images: &Images<'_>,
        drop: Option<DropPath>,
        keep: bool,
    ) -> Result<Vec<f32>> {
        let (count, own) = (Room::count(images, self.side)?, drop.is_some());
        if keep {
            (self.pass, self.seen) = (None, None);
        }
        let gpu = Arc::clone(&self.gpu);
        self.scratch.fit(&self.tape, count, false)?;
        let state = if keep { &mut self.kept } else { &mut self.passing };
        state.begin(&*gpu, &self.tape, count, drop)?;
        let state = if keep { &self.kept } else { &self.passing };
        let given = self.images.planes(images, self.side)?;
        let planes = Value { side: self.side, channels: 3 };
        let rows = state.rooms.of(0, count);
        windows(self.first, planes, count).rows(&*gpu, given, Lie::Planes, rows)?;
        self.pass(values, state, count, own).forward()?;
        let embedding = state.rooms.of(self.tape.last(), count).get(&*gpu)?;
        if keep {
            (self.pass, self.seen) = (Some((count, own)), own.then_some(count));
        }
        Ok(embedding)
    }

    fn backward_to(
        &mut self,
        values: &Resident,
        dembedding: &[f32],
        gradient: &Buffer,
        add: bool,
    ) -> Result<()> {
        let Some((images, own)) = self.pass else {
            return Err(GpuError::new("go back", "no forward pass was kept for it"));
        };
        if dembedding.len() != images * self.width() {
            let why = format!("{} values are no gradient of {images} embeddings", dembedding.len());
            return Err(GpuError::new("go back", why));
        }
        self.gradients.fit(images)?;
        self.scratch.fit(&self.tape, images, true)?;
        self.gradients.of(self.tape.last(), images).set(&*self.gpu, dembedding)?;
        let places = Arc::clone(values.places());
        let sums = Sums::new(&places, gradient.all(), add);
        self.pass(values, &self.kept, images, own).backward(&self.gradients, sums)
    }

    fn move_statistics(&mut self, values: &Resident) -> Result<()> {
        let Some(images) = self.seen.take() else { return Ok(()) };
        let all = values.change();
        for (number, step) in self.tape.steps.iter().enumerate() {
            let Op::Norm(name, _) = &step.op else { continue };
            let running = ["running_mean", "running_var"]
                .map(|part| all.part(values.places().of(&format!("{name}.{part}"))));
            let moments = self.kept.beside(number, &self.tape, images);
            let of = batch(self.tape.values[step.input], images);
            of.move_towards(&*self.gpu, moments, running, self.momentum)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

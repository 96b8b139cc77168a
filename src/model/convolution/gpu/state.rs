//! What a forward pass leaves on the GPU: its values, and what some operations keep besides.

use std::ops::Range;
use std::sync::Arc;

use super::rooms::Rooms;
use super::tape::{Op, Step, Tape, Value};
use crate::drop_path::DropPath;
use proofmark_gpu::error::Result;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

/// What the passes of one kind leave: those that keep, or those that do not.
#[derive(Debug)]
pub struct State {
    /// The values.
    pub rooms: Rooms,
    /// What operations keep besides their results: a buffer for each that does, or one for all.
    beside: Vec<Buffer>,
    keeps: bool,
    /// Factors of dropped branches and values, in the order of operations.
    factors: Buffer,
    /// Where those of each operation are, if there are any in this pass.
    places: Vec<Option<Range<usize>>>,
}

/// How many numbers an operation keeps besides its result: moments of a norm, places of the largest values, what
/// squeeze and excitation make of an image (see [`Excited`]).
fn beside(step: &Step, tape: &Tape, images: usize) -> usize {
    match &step.op {
        Op::Norm(..) => 3 * tape.values[step.input].channels,
        Op::MaxPool(_) => images * tape.values[step.output].len(),
        Op::Excite(_, between) => images * 2 * (tape.values[step.input].channels + between),
        Op::Pointwise(_)
        | Op::Convolution(..)
        | Op::Depthwise(..)
        | Op::Relu
        | Op::Join(..)
        | Op::Mean
        | Op::Dropout(_) => 0,
    }
}

/// What squeeze and excitation make of images.
#[derive(Clone, Copy, Debug)]
pub struct Excited<'a> {
    /// Means of channels (B, C).
    pub squeezed: Slice<'a>,
    /// What the sigmoid is given (B, C).
    pub e: Slice<'a>,
    /// Between the convolutions (B, R), before SiLU.
    pub z: Slice<'a>,
    /// Behind SiLU.
    pub active: Slice<'a>,
}

impl<'a> Excited<'a> {
    /// The parts of what is kept of maps with so many channels between the convolutions.
    pub fn of(beside: Slice<'a>, value: Value, between: usize, images: usize) -> Self {
        let (wide, narrow) = (images * value.channels, images * between);
        let part = |first: usize, len: usize| beside.part(first..first + len);
        Self {
            squeezed: part(0, wide),
            e: part(wide, wide),
            z: part(2 * wide, narrow),
            active: part(2 * wide + narrow, narrow),
        }
    }
}

impl State {
    /// Without room yet.
    pub fn new(gpu: &Arc<dyn Gpu>, tape: &Tape, keeps: bool) -> Self {
        let count = if keeps { tape.steps.len() } else { 1 };
        Self {
            rooms: Rooms::forward(gpu, tape, keeps),
            beside: (0..count).map(|_| Buffer::empty(gpu, Kind::F32)).collect(),
            keeps,
            factors: Buffer::empty(gpu, Kind::F32),
            places: vec![None; tape.steps.len()],
        }
    }

    /// Makes room for a pass of so many images, and draws what it drops.
    pub fn begin(
        &mut self,
        gpu: &dyn Gpu,
        tape: &Tape,
        images: usize,
        drop: Option<DropPath>,
    ) -> Result<()> {
        self.rooms.fit(images)?;
        for (number, step) in tape.steps.iter().enumerate() {
            let number = if self.keeps { number } else { 0 };
            self.beside[number].fit(beside(step, tape, images))?;
        }
        let mut factors = Vec::new();
        for (place, step) in self.places.iter_mut().zip(&tape.steps) {
            let first = factors.len();
            match (&step.op, drop) {
                (Op::Join(_, Some(of)), Some(drop)) => {
                    factors.extend(drop.scales(of.rate, of.number, images).into_iter().flatten());
                }
                (Op::Dropout(rate), Some(drop)) => {
                    factors.extend(drop.values(*rate, images, tape.values[step.input].len()));
                }
                (
                    Op::Pointwise(_)
                    | Op::Convolution(..)
                    | Op::Depthwise(..)
                    | Op::Norm(..)
                    | Op::Relu
                    | Op::Excite(..)
                    | Op::MaxPool(_)
                    | Op::Join(..)
                    | Op::Mean
                    | Op::Dropout(_),
                    _,
                ) => {}
            }
            *place = (factors.len() > first).then_some(first..factors.len());
        }
        self.factors.fit(factors.len())?;
        match factors.is_empty() {
            true => Ok(()),
            false => self.factors.first(factors.len()).set(gpu, &factors),
        }
    }

    /// What the operation of a number keeps besides its result.
    pub fn beside(&self, number: usize, tape: &Tape, images: usize) -> Slice<'_> {
        let buffer = &self.beside[if self.keeps { number } else { 0 }];
        buffer.first(beside(&tape.steps[number], tape, images))
    }

    /// Factors of what the operation of a number drops in this pass.
    pub fn factors(&self, number: usize) -> Option<Slice<'_>> {
        self.places[number].clone().map(|place| self.factors.all().part(place))
    }
}

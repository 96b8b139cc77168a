//! What moves parameters; see `steps.cuh`.

use super::launch::{THREADS, at, expect, grid, int, launch, launch_in, long};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Numbers that share a learning rate: a parameter begins at a multiple of it.
pub const PIECE: usize = 256;
/// Numbers whose squares one block adds up.
const SQUARES: usize = 64 * 1024;

/// The numbers of a step of AdamW that all parameters share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub lr: f32,
    /// Bias correction of the first moment.
    pub correction: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Reciprocal root of the second moment's bias correction.
    pub root: f32,
    /// Added to the root of the second moment.
    pub eps: f32,
}

/// A block for each [`PIECE`] of all values.
fn pieces(count: usize) -> Grid {
    assert!(count.is_multiple_of(PIECE), "{count} values");
    Grid { blocks: [(count / PIECE) as u32, 1], threads: PIECE as u32 }
}

/// A step of AdamW on all values. `rates` are a factor on the learning rate and the weight decay, for each [`PIECE`]
/// of them.
pub fn adamw(
    gpu: &dyn Gpu,
    values: Slice<'_>,
    gradient: Slice<'_>,
    [first, second]: [Slice<'_>; 2],
    rates: Slice<'_>,
    step: AdamW,
) -> Result<()> {
    let count = values.len;
    expect(Kind::F32, &[(gradient, count), (first, count), (second, count)]);
    expect(Kind::F32, &[(values, count), (rates, 2 * (count / PIECE))]);
    let arguments = [
        at(values),
        at(gradient),
        at(first),
        at(second),
        at(rates),
        Argument::Float(step.lr),
        Argument::Float(step.correction),
        Argument::Float(step.beta1),
        Argument::Float(step.beta2),
        Argument::Float(step.root),
        Argument::Float(step.eps),
    ];
    launch(gpu, "adamw", pieces(count), &arguments)
}

/// A step of SGD with momentum on all values, with `rates` as for [`adamw`].
pub fn sgd(
    gpu: &dyn Gpu,
    values: Slice<'_>,
    gradient: Slice<'_>,
    velocity: Slice<'_>,
    rates: Slice<'_>,
    [lr, momentum]: [f32; 2],
) -> Result<()> {
    let count = values.len;
    expect(Kind::F32, &[(gradient, count), (velocity, count)]);
    expect(Kind::F32, &[(values, count), (rates, 2 * (count / PIECE))]);
    let arguments = [
        at(values),
        at(gradient),
        at(velocity),
        at(rates),
        Argument::Float(lr),
        Argument::Float(momentum),
    ];
    launch(gpu, "sgd", pieces(count), &arguments)
}

/// Adds so much of every other number.
pub fn add_scaled(gpu: &dyn Gpu, values: Slice<'_>, others: Slice<'_>, factor: f32) -> Result<()> {
    expect(Kind::F32, &[(values, values.len), (others, values.len)]);
    let arguments = [at(values), at(others), Argument::Float(factor), long(values.len)];
    launch(gpu, "add_scaled", grid(values.len), &arguments)
}

/// f32 values in the kind of `out`.
pub fn cast(gpu: &dyn Gpu, values: Slice<'_>, out: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(values, values.len)]);
    expect(out.kind, &[(out, values.len)]);
    let arguments = [at(values), at(out), long(values.len)];
    launch_in(gpu, "cast", out.kind, grid(values.len), &arguments)
}

/// Numbers that [`squares`] leaves.
pub fn square_chunks(count: usize) -> usize {
    count.div_ceil(SQUARES)
}

/// Partial sums of squares, [`square_chunks`] of them in f64.
pub fn squares(gpu: &dyn Gpu, values: Slice<'_>, partial: Slice<'_>) -> Result<()> {
    let chunks = square_chunks(values.len);
    expect(Kind::F32, &[(values, values.len)]);
    expect(Kind::F64, &[(partial, chunks)]);
    let grid = Grid { blocks: [chunks as u32, 1], threads: THREADS };
    launch(gpu, "squares", grid, &[at(values), at(partial), long(values.len), int(SQUARES)])
}

/// Moves every average to `decay` times itself plus `1 - decay` times the value.
pub fn move_towards(
    gpu: &dyn Gpu,
    average: Slice<'_>,
    values: Slice<'_>,
    decay: f32,
) -> Result<()> {
    expect(Kind::F32, &[(average, values.len), (values, values.len)]);
    let arguments = [at(average), at(values), Argument::Float(decay), long(values.len)];
    launch(gpu, "move_towards", grid(values.len), &arguments)
}

/// Multiplies every number by a factor.
pub fn multiply(gpu: &dyn Gpu, values: Slice<'_>, factor: f32) -> Result<()> {
    expect(Kind::F32, &[(values, values.len)]);
    let arguments = [at(values), Argument::Float(factor), long(values.len)];
    launch(gpu, "multiply", grid(values.len), &arguments)
}

//! What moves parameters; see `steps.cuh`.

use super::launch::{THREADS, at, at_some, expect, grid, int, launch, launch_in, long};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::memory::{Kind, Slice};

/// Numbers that share a learning rate: a parameter begins at a multiple of it.
pub const PIECE: usize = 256;
/// Numbers whose squares one block adds up.
const SQUARES: usize = 64 * 1024;

/// The numbers of a step of AdamW that all parameters share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Reciprocal root of the second moment's bias correction.
    pub root: f32,
    /// Added to the root of the second moment.
    pub eps: f32,
}

/// A step of AdamW on all values, whose `rates` are the step and what weight decay leaves, for each [`PIECE`] of
/// them. `copy` is what products read instead of the values, if that is something else.
pub fn adamw(
    gpu: &dyn Gpu,
    values: Slice<'_>,
    gradient: Slice<'_>,
    [first, second]: [Slice<'_>; 2],
    rates: Slice<'_>,
    copy: Option<Slice<'_>>,
    step: AdamW,
) -> Result<()> {
    let count = values.len;
    assert!(count.is_multiple_of(PIECE), "{count} values");
    expect(Kind::F32, &[(gradient, count), (first, count), (second, count)]);
    expect(Kind::F32, &[(values, count), (rates, 2 * (count / PIECE))]);
    let kind = copy.map_or(Kind::F32, |copy| copy.kind);
    expect(kind, &copy.map(|copy| (copy, count)).into_iter().collect::<Vec<_>>());
    let arguments = [
        at(values),
        at(gradient),
        at(first),
        at(second),
        at(rates),
        at_some(copy),
        Argument::Float(step.beta1),
        Argument::Float(step.beta2),
        Argument::Float(step.root),
        Argument::Float(step.eps),
    ];
    let grid = Grid { blocks: [(count / PIECE) as u32, 1], threads: PIECE as u32 };
    launch_in(gpu, "adamw", kind, grid, &arguments)
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

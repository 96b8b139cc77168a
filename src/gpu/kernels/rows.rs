//! Layer normalisation over the rows of an activation; see `rows.cuh`.

use super::launch::{THREADS, WARP, at, expect, int, launch_in, warps};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Rows that one block of [`norm_backward`] adds up.
const ROWS: usize = 16;
/// Numbers of a row that a thread of [`norm_backward`] may have; see `rows.cuh`.
const OF_A_THREAD: usize = 4 * 4;
/// The widest row that [`norm_backward`] takes.
pub const WIDEST: usize = OF_A_THREAD * THREADS as usize;

/// Rows of partial sums that [`norm_backward`] leaves.
pub fn norm_chunks(rows: usize) -> usize {
    rows.div_ceil(ROWS)
}

/// Layer normalisation of x (R, D) in f32: `out` (R, D) and `moments` (R, 2); gamma and beta (D).
pub fn norm(
    gpu: &dyn Gpu,
    x: Slice<'_>,
    [gamma, beta]: [Slice<'_>; 2],
    eps: f32,
    out: Slice<'_>,
    moments: Slice<'_>,
) -> Result<()> {
    let width = gamma.len;
    let rows = x.len / width;
    expect(Kind::F32, &[(x, rows * width), (beta, width), (moments, 2 * rows)]);
    expect(out.kind, &[(out, rows * width)]);
    let arguments = [
        at(x),
        at(gamma),
        at(beta),
        Argument::Float(eps),
        at(out),
        at(moments),
        int(rows),
        int(width),
    ];
    launch_in(gpu, "norm", out.kind, warps(rows), &arguments)
}

/// [`norm`] again from kept moments.
pub fn norm_again(
    gpu: &dyn Gpu,
    x: Slice<'_>,
    [gamma, beta]: [Slice<'_>; 2],
    moments: Slice<'_>,
    out: Slice<'_>,
) -> Result<()> {
    let width = gamma.len;
    let rows = x.len / width;
    expect(Kind::F32, &[(x, rows * width), (beta, width), (moments, 2 * rows)]);
    expect(out.kind, &[(out, rows * width)]);
    let arguments = [at(x), at(gamma), at(beta), at(moments), at(out), int(rows), int(width)];
    launch_in(gpu, "norm_again", out.kind, warps(rows), &arguments)
}

/// Backward of [`norm`]: adds the gradient of x to `dx` (R, D), and leaves [`norm_chunks`] rows of partial sums of
/// those of gamma and beta.
pub fn norm_backward(
    gpu: &dyn Gpu,
    dout: Slice<'_>,
    x: Slice<'_>,
    moments: Slice<'_>,
    gamma: Slice<'_>,
    dx: Slice<'_>,
    [dgamma, dbeta]: [Slice<'_>; 2],
) -> Result<()> {
    let width = gamma.len;
    let rows = x.len / width;
    let partial = norm_chunks(rows) * width;
    assert!(width <= WIDEST, "a width of {width}");
    expect(Kind::F32, &[(x, rows * width), (dx, rows * width), (moments, 2 * rows)]);
    expect(Kind::F32, &[(dgamma, partial), (dbeta, partial)]);
    expect(dout.kind, &[(dout, rows * width)]);
    // No more threads than have work: each keeps many numbers in registers.
    let threads = width.div_ceil(OF_A_THREAD).next_multiple_of(WARP as usize) as u32;
    let grid = Grid { blocks: [norm_chunks(rows) as u32, 1], threads };
    let arguments = [
        at(dout),
        at(x),
        at(moments),
        at(gamma),
        at(dx),
        at(dgamma),
        at(dbeta),
        int(rows),
        int(width),
        int(ROWS),
    ];
    launch_in(gpu, "norm_backward", dout.kind, grid, &arguments)
}

//! What is added up over the rows of an activation, and the work that it comes from; see `columns.cuh`.

use super::launch::{TILE, WARP, at, at_some, chunks, expect, grid, int, launch, launch_in, tiles};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// The most rows of partial sums that a block of [`add_up`] looks at at a time; see `columns.cuh`.
const ROWS_OF_SUMS: usize = 16;
/// Sums that [`add_all`] takes at once.
const AT_ONCE: usize = 4;

/// Partial sums of the columns of x (R, D): [`chunks`] rows of them.
pub fn column_sums(gpu: &dyn Gpu, x: Slice<'_>, partial: Slice<'_>, width: usize) -> Result<()> {
    let rows = x.len / width;
    expect(Kind::F32, &[(partial, chunks(rows) * width)]);
    let arguments = [at(x), at(partial), int(rows), int(width), int(TILE[0])];
    launch_in(gpu, "column_sums", x.kind, tiles(rows, width), &arguments)
}

/// Adds `chunks` rows of partial sums to `out` (D), or to what it holds if `add`.
pub fn add_up(
    gpu: &dyn Gpu,
    partial: Slice<'_>,
    chunks: usize,
    out: Slice<'_>,
    add: bool,
) -> Result<()> {
    add_all(gpu, &[(partial, out)], chunks, add)
}

/// The same for up to four pairs of partial sums and results, of the same sizes, at once.
pub fn add_all(
    gpu: &dyn Gpu,
    pairs: &[(Slice<'_>, Slice<'_>)],
    chunks: usize,
    add: bool,
) -> Result<()> {
    assert!((1..=AT_ONCE).contains(&pairs.len()), "{pairs:?}");
    let width = pairs[0].1.len;
    for (partial, out) in pairs {
        assert!(out.len == width, "{pairs:?}");
        expect(Kind::F32, &[(*partial, chunks * width), (*out, width)]);
    }
    let mut arguments: Vec<Argument> =
        pairs.iter().flat_map(|(partial, out)| [at(*partial), at(*out)]).collect();
    arguments.resize(2 * AT_ONCE, at_some(None));
    arguments.extend([int(chunks), int(width), Argument::Int(add.into())]);
    let blocks = [width.div_ceil(WARP as usize) as u32, pairs.len() as u32];
    let rows = chunks.clamp(1, ROWS_OF_SUMS) as u32;
    launch(gpu, "add_up", Grid { blocks, threads: rows * WARP }, &arguments)
}

/// Fills `out` (R, H) with GELU(z + bias), the exact (erf) form; z (R, H), bias (H).
pub fn gelu(gpu: &dyn Gpu, z: Slice<'_>, bias: Slice<'_>, out: Slice<'_>) -> Result<()> {
    let width = bias.len;
    let rows = z.len / width;
    expect(z.kind, &[(z, rows * width), (out, rows * width)]);
    expect(Kind::F32, &[(bias, width)]);
    let arguments = [at(z), at(bias), at(out), int(rows), int(width)];
    launch_in(gpu, "gelu", z.kind, grid(z.len / 4), &arguments)
}

/// Backward of [`gelu`]: `dz` from the gradient of its result to that of z, `out` GELU(z + bias) again, and
/// [`chunks`] rows of partial sums of the gradient of the bias (H).
pub fn gelu_backward(
    gpu: &dyn Gpu,
    [z, bias]: [Slice<'_>; 2],
    dz: Slice<'_>,
    out: Slice<'_>,
    partial: Slice<'_>,
) -> Result<()> {
    let width = bias.len;
    let rows = z.len / width;
    expect(z.kind, &[(z, rows * width), (dz, rows * width), (out, rows * width)]);
    expect(Kind::F32, &[(bias, width), (partial, chunks(rows) * width)]);
    let sizes = [rows, width, TILE[0]].map(int);
    let arguments = [&[z, bias, dz, out, partial].map(at)[..], &sizes].concat();
    launch_in(gpu, "gelu_backward", z.kind, tiles(rows, width), &arguments)
}

/// How a residual branch joins: `x + scale * gamma * (y + bias)`.
#[derive(Clone, Copy, Debug)]
pub struct Join<'b> {
    /// Bias of the branch's last linear layer (D).
    pub bias: Slice<'b>,
    /// LayerScale (D), if the blocks have it.
    pub gamma: Option<Slice<'b>>,
    /// Drop-path scale of each image, if any is dropped.
    pub scales: Option<Slice<'b>>,
    /// Rows of an image.
    pub tokens: usize,
}

impl Join<'_> {
    /// `out = x + scale * gamma * (y + bias)`; x and out (R, D) in f32.
    pub fn forward(&self, gpu: &dyn Gpu, x: Slice<'_>, y: Slice<'_>, out: Slice<'_>) -> Result<()> {
        let width = self.bias.len;
        let rows = x.len / width;
        self.expect(rows);
        expect(Kind::F32, &[(x, rows * width), (out, rows * width)]);
        expect(y.kind, &[(y, rows * width)]);
        let rest = [at(out), int(rows), int(width)];
        let arguments = [&[at(x), at(y)][..], &self.arguments(), &rest].concat();
        launch_in(gpu, "join", y.kind, grid(x.len / 4), &arguments)
    }

    /// What kernels are told of it.
    pub(super) fn arguments(&self) -> [Argument; 4] {
        [at(self.bias), at_some(self.gamma), at_some(self.scales), int(self.tokens)]
    }

    /// Sees to it that it is one of so many rows.
    pub(super) fn expect(&self, rows: usize) {
        let width = self.bias.len;
        expect(Kind::F32, &[(self.bias, width)]);
        expect(Kind::F32, &self.gamma.map(|gamma| (gamma, width)).into_iter().collect::<Vec<_>>());
        let images = rows.div_ceil(self.tokens);
        expect(Kind::F32, &self.scales.map(|s| (s, images)).into_iter().collect::<Vec<_>>());
    }

    /// Sees to it that there is room for its way back, with so many rows of partial sums.
    pub(super) fn expect_back(&self, rows: usize, back: &Back<'_>, chunks: usize) {
        let (width, kind) = (self.bias.len, back.dy.kind);
        self.expect(rows);
        expect(kind, &[(back.dy, rows * width)]);
        expect(Kind::F32, &[(back.sums[0], chunks * width)]);
        if self.gamma.is_some() {
            expect(kind, &[(back.y, rows * width)]);
            expect(Kind::F32, &[(back.sums[1], chunks * width)]);
        }
    }

    /// Fills `dy` from the gradient `dout` of the result, and leaves [`chunks`] rows of partial sums.
    pub fn backward(&self, gpu: &dyn Gpu, dout: Slice<'_>, back: Back<'_>) -> Result<()> {
        let width = self.bias.len;
        let rows = dout.len / width;
        self.expect_back(rows, &back, chunks(rows));
        expect(Kind::F32, &[(dout, rows * width)]);
        let sizes = [rows, width, TILE[0]].map(int);
        let results = [back.dy, back.sums[0], back.sums[1]].map(at);
        let arguments = [&[at(dout), at(back.y)][..], &self.arguments(), &results, &sizes].concat();
        launch_in(gpu, "join_backward", back.dy.kind, tiles(rows, width), &arguments)
    }
}

/// What a join goes back with.
#[derive(Clone, Copy, Debug)]
pub struct Back<'b> {
    /// The branch (R, D), which is looked at only if there is LayerScale.
    pub y: Slice<'b>,
    /// Where its gradient is to be (R, D).
    pub dy: Slice<'b>,
    /// Where partial sums of the gradients of the bias and, if there is one, of gamma are to be.
    pub sums: [Slice<'b>; 2],
}

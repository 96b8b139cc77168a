//! What is added up over the rows of an activation, and the work that it comes from; see `columns.cuh`.

use super::launch::{TILE, WARP, at, at_some, chunks, expect, grid, int, launch, launch_in, tiles};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// The most rows of partial sums that a block of [`add_up`] looks at at a time; see `columns.cuh`.
const ROWS_OF_SUMS: usize = 16;

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
    let width = out.len;
    expect(Kind::F32, &[(partial, chunks * width), (out, width)]);
    let arguments = [at(partial), at(out), int(chunks), int(width), Argument::Int(add.into())];
    let blocks = [width.div_ceil(WARP as usize) as u32, 1];
    let rows = chunks.clamp(1, ROWS_OF_SUMS) as u32;
    launch(gpu, "add_up", Grid { blocks, threads: rows * WARP }, &arguments)
}

/// Adds the bias (H) to z (R, H), and fills `out` (R, H) with GELU(z), the exact (erf) form.
pub fn gelu(gpu: &dyn Gpu, z: Slice<'_>, bias: Slice<'_>, out: Slice<'_>) -> Result<()> {
    let width = bias.len;
    let rows = z.len / width;
    expect(z.kind, &[(z, rows * width), (out, rows * width)]);
    expect(Kind::F32, &[(bias, width)]);
    let arguments = [at(z), at(bias), at(out), int(rows), int(width)];
    launch_in(gpu, "gelu", z.kind, grid(z.len / 4), &arguments)
}

/// Backward of [`gelu`]: `dz` from the gradient of its result to that of z, `out` GELU(z) again, and [`chunks`] rows
/// of partial sums of the gradient of the bias (H).
pub fn gelu_backward(
    gpu: &dyn Gpu,
    z: Slice<'_>,
    dz: Slice<'_>,
    out: Slice<'_>,
    partial: Slice<'_>,
    width: usize,
) -> Result<()> {
    let rows = z.len / width;
    expect(z.kind, &[(z, rows * width), (dz, rows * width), (out, rows * width)]);
    expect(Kind::F32, &[(partial, chunks(rows) * width)]);
    let arguments = [at(z), at(dz), at(out), at(partial), int(rows), int(width), int(TILE[0])];
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
        let arguments = [
            at(x),
            at(y),
            at(self.bias),
            at_some(self.gamma),
            at_some(self.scales),
            int(self.tokens),
            at(out),
            int(rows),
            int(width),
        ];
        launch_in(gpu, "join", y.kind, grid(x.len / 4), &arguments)
    }

    fn expect(&self, rows: usize) {
        let width = self.bias.len;
        expect(Kind::F32, &[(self.bias, width)]);
        expect(Kind::F32, &self.gamma.map(|gamma| (gamma, width)).into_iter().collect::<Vec<_>>());
        let images = rows.div_ceil(self.tokens);
        expect(Kind::F32, &self.scales.map(|s| (s, images)).into_iter().collect::<Vec<_>>());
    }

    /// Fills `dy` (R, D) from the gradient `dout` of the result, and leaves [`chunks`] rows of partial sums of those
    /// of the bias and, if there is one, of gamma, for which y is looked at.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        y: Slice<'_>,
        dy: Slice<'_>,
        [of_bias, of_gamma]: [Slice<'_>; 2],
    ) -> Result<()> {
        let width = self.bias.len;
        let rows = dout.len / width;
        let partial = chunks(rows) * width;
        self.expect(rows);
        expect(Kind::F32, &[(dout, rows * width), (of_bias, partial)]);
        expect(dy.kind, &[(dy, rows * width)]);
        if self.gamma.is_some() {
            expect(dy.kind, &[(y, rows * width)]);
            expect(Kind::F32, &[(of_gamma, partial)]);
        }
        let arguments = [
            at(dout),
            at(y),
            at(self.bias),
            at_some(self.gamma),
            at_some(self.scales),
            int(self.tokens),
            at(dy),
            at(of_bias),
            at(of_gamma),
            int(rows),
            int(width),
            int(TILE[0]),
        ];
        launch_in(gpu, "join_backward", dy.kind, tiles(rows, width), &arguments)
    }
}

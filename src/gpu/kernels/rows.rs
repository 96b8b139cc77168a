//! Layer normalisation over the rows of an activation; see `rows.cuh`.

use super::columns::{Back, Join};
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

/// The widest row that a warp of `join_norm` has in registers; see `rows.cuh`.
const IN_REGISTERS: usize = 4 * 8 * WARP as usize;

/// Rows of partial sums that [`norm_backward`] leaves.
pub fn norm_chunks(rows: usize) -> usize {
    rows.div_ceil(ROWS)
}

/// A layer normalisation of rows (D).
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Gamma and beta (D).
    pub affine: [Slice<'a>; 2],
    /// Added to the variance.
    pub eps: f32,
    /// Mean and reciprocal standard deviation of each row (R, 2).
    pub moments: Slice<'a>,
}

impl Norm<'_> {
    fn width(&self) -> usize {
        self.affine[0].len
    }

    /// Sees to it that x (R, D) can be normalised. How many rows there are.
    fn rows(&self, x: Slice<'_>) -> usize {
        let width = self.width();
        let rows = x.len / width;
        expect(Kind::F32, &[(x, rows * width), (self.affine[1], width), (self.moments, 2 * rows)]);
        rows
    }

    /// `out` (R, D) from x (R, D) in f32, and the moments.
    pub fn forward(&self, gpu: &dyn Gpu, x: Slice<'_>, out: Slice<'_>) -> Result<()> {
        let rows = self.rows(x);
        expect(out.kind, &[(out, rows * self.width())]);
        let [gamma, beta] = self.affine.map(at);
        let of_rows = [at(out), at(self.moments), int(rows), int(self.width())];
        let arguments = [&[at(x), gamma, beta, Argument::Float(self.eps)][..], &of_rows].concat();
        launch_in(gpu, "norm", out.kind, warps(rows), &arguments)
    }

    /// The same of what a branch y (R, D) joins x (R, D) to, which is `joined` (R, D).
    pub fn of_join(
        &self,
        gpu: &dyn Gpu,
        join: Join<'_>,
        [x, y]: [Slice<'_>; 2],
        joined: Slice<'_>,
        out: Slice<'_>,
    ) -> Result<()> {
        if self.width() > IN_REGISTERS {
            join.forward(gpu, x, y, joined)?;
            return self.forward(gpu, joined, out);
        }
        let (width, rows) = (self.width(), self.rows(x));
        join.expect(rows);
        expect(Kind::F32, &[(joined, rows * width)]);
        expect(out.kind, &[(out, rows * width), (y, rows * width)]);
        let [gamma, beta] = self.affine.map(at);
        let of_norm = [at(joined), gamma, beta, Argument::Float(self.eps)];
        let of_rows = [at(out), at(self.moments), int(rows), int(width)];
        let arguments = [&[at(x), at(y)][..], &join.arguments(), &of_norm, &of_rows].concat();
        launch_in(gpu, "join_norm", out.kind, warps(rows), &arguments)
    }

    /// [`Norm::forward`] again, from the moments.
    pub fn again(&self, gpu: &dyn Gpu, x: Slice<'_>, out: Slice<'_>) -> Result<()> {
        let rows = self.rows(x);
        expect(out.kind, &[(out, rows * self.width())]);
        let [gamma, beta] = self.affine;
        let of_rows = [int(rows), int(self.width())];
        let arguments = [&[x, gamma, beta, self.moments, out].map(at)[..], &of_rows].concat();
        launch_in(gpu, "norm_again", out.kind, warps(rows), &arguments)
    }

    /// Adds the gradient of x to `dx` (R, D), and leaves [`norm_chunks`] rows of partial sums of those of gamma and
    /// beta.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        x: Slice<'_>,
        dx: Slice<'_>,
        sums: [Slice<'_>; 2],
    ) -> Result<()> {
        let (grid, [sizes, of_norm]) = self.back(dout, x, dx, sums);
        let arguments = [of_norm, sizes].concat();
        launch_in(gpu, "norm_backward", dout.kind, grid, &arguments)
    }

    /// The same where x is what a branch was joined to, which goes back with that `dx`, and leaves as many partial
    /// sums.
    pub fn backward_to_join(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        x: Slice<'_>,
        dx: Slice<'_>,
        sums: [Slice<'_>; 2],
        (join, back): (Join<'_>, Back<'_>),
    ) -> Result<()> {
        let (grid, [sizes, of_norm]) = self.back(dout, x, dx, sums);
        let rows = x.len / self.width();
        assert!(back.dy.kind == dout.kind, "{back:?} for {dout:?}");
        join.expect_back(rows, &back, norm_chunks(rows));
        let results = [back.dy, back.sums[0], back.sums[1]].map(at);
        let arguments = [&of_norm[..], &[at(back.y)], &join.arguments(), &results, &sizes].concat();
        launch_in(gpu, "norm_join_backward", dout.kind, grid, &arguments)
    }

    /// How many threads go back, with what sizes and with what else.
    fn back(
        &self,
        dout: Slice<'_>,
        x: Slice<'_>,
        dx: Slice<'_>,
        sums: [Slice<'_>; 2],
    ) -> (Grid, [Vec<Argument>; 2]) {
        let (width, rows) = (self.width(), self.rows(x));
        let partial = norm_chunks(rows) * width;
        assert!(width <= WIDEST, "a width of {width}");
        expect(Kind::F32, &[(dx, rows * width), (sums[0], partial), (sums[1], partial)]);
        expect(dout.kind, &[(dout, rows * width)]);
        // No more threads than have work: each keeps many numbers in registers.
        let threads = width.div_ceil(OF_A_THREAD).next_multiple_of(WARP as usize) as u32;
        let grid = Grid { blocks: [norm_chunks(rows) as u32, 1], threads };
        let of_norm = [dout, x, self.moments, self.affine[0], dx, sums[0], sums[1]].map(at);
        (grid, [[rows, width, ROWS].map(int).to_vec(), of_norm.to_vec()])
    }
}

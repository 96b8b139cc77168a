//! Convolution of each channel with a window of its own; see `depthwise.cuh`.

use super::lanes::Lanes;
use super::launch::{THREADS, WARP, at, expect, int, launch};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Neighbours in a line that a thread has, and how often it has so many; see `depthwise.cuh`.
const STRIP: usize = 4;
const STRIPS: usize = 4;
/// Pixels that one thread adds up for the gradient of weights, or a line if that has more.
const SUMMED: usize = 128;
/// The windows that there are kernels for: their sides, and pixels from one to the next.
const WINDOWS: [(usize, usize); 4] = [(3, 1), (3, 2), (5, 1), (5, 2)];

/// Sizes of a pass: from maps x (B, side, side, C) to maps (B, outs, outs, C).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depthwise {
    /// Images B.
    pub images: usize,
    /// Channels C.
    pub channels: usize,
    /// Side of a map that goes in.
    pub side: usize,
    /// Side of a map that comes out.
    pub outs: usize,
    /// Side of the window.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels of zeros in front of a line, and above.
    pub before: usize,
}

impl Depthwise {
    /// Whether there is a kernel for windows of such a side, so many pixels apart.
    pub fn is_there(kernel: usize, stride: usize) -> bool {
        WINDOWS.contains(&(kernel, stride))
    }

    fn inputs(&self) -> usize {
        self.images * self.side * self.side * self.channels
    }

    fn outputs(&self) -> usize {
        self.images * self.outs * self.outs * self.channels
    }

    fn weights(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    fn start(
        &self,
        gpu: &dyn Gpu,
        what: &str,
        grid: Grid,
        slices: [Slice<'_>; 3],
        more: &[Argument],
    ) -> Result<()> {
        assert!(Self::is_there(self.kernel, self.stride), "{self:?}");
        let sizes = [self.images, self.side, self.outs, self.before, self.channels];
        let lanes = Lanes::new(self.channels).lanes;
        let arguments = slices.into_iter().map(at).chain(sizes.into_iter().chain([lanes]).map(int));
        let arguments: Vec<Argument> = arguments.chain(more.iter().copied()).collect();
        launch(gpu, &format!("{what}_{}_{}", self.kernel, self.stride), grid, &arguments)
    }

    /// Blocks for lines of so many pixels.
    fn strips(&self, lines: usize, pixels: usize) -> Grid {
        let lanes = Lanes::new(self.channels);
        lanes.grid((lines * pixels.div_ceil(STRIP)).div_ceil(lanes.groups * STRIPS))
    }

    /// Weights (C, K, K) on x: `out`.
    pub fn forward(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        weight: Slice<'_>,
        out: Slice<'_>,
    ) -> Result<()> {
        let all = [(x, self.inputs()), (weight, self.weights()), (out, self.outputs())];
        expect(Kind::F32, &all);
        let grid = self.strips(self.images * self.outs, self.outs);
        self.start(gpu, "depthwise", grid, [x, weight, out], &[])
    }

    /// The gradient of x, given that of the result; added to what is in `dx` if `add`.
    pub fn backward(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        weight: Slice<'_>,
        dx: Slice<'_>,
        add: bool,
    ) -> Result<()> {
        let all = [(dout, self.outputs()), (weight, self.weights()), (dx, self.inputs())];
        expect(Kind::F32, &all);
        // Strips begin where a window does, which may be in front of the line.
        let pixels = self.side + self.before % self.stride;
        let grid = self.strips(self.images * self.side, pixels);
        let add = [Argument::Int(add.into())];
        self.start(gpu, "depthwise_x", grid, [dout, weight, dx], &add)
    }

    /// Lines that are added up by the groups of threads of a block, of which each has one row of the window; and the
    /// threads of such a block.
    fn lines(&self) -> (usize, u32) {
        let of_window = Lanes::new(self.channels).lanes * self.kernel;
        let slots = THREADS as usize / of_window;
        let each = SUMMED.div_ceil(self.outs.max(1));
        (slots * each, (of_window * slots).next_multiple_of(WARP as usize) as u32)
    }

    /// Rows of partial sums that [`Depthwise::of_weights`] leaves.
    pub fn chunks(&self) -> usize {
        (self.images * self.outs).div_ceil(self.lines().0)
    }

    /// Partial sums of the gradient of the weights: [`Depthwise::chunks`] rows of them.
    pub fn of_weights(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        dout: Slice<'_>,
        partial: Slice<'_>,
    ) -> Result<()> {
        let sums = self.chunks() * self.weights();
        expect(Kind::F32, &[(x, self.inputs()), (dout, self.outputs()), (partial, sums)]);
        let (each, threads) = self.lines();
        let grid = Grid { threads, ..Lanes::new(self.channels).grid(self.chunks()) };
        self.start(gpu, "depthwise_w", grid, [x, dout, partial], &[int(each)])
    }
}

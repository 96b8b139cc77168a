//! Maps as they are taken apart and put together; see `maps.cuh`.

use super::launch::{THREADS, at, at_some, expect, grid, int, launch};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Rows, or pixels, of a block; see `maps.cuh`.
const WINDOWS: usize = 16;

/// How the channels of a map lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Those of a pixel side by side (B, side, side, C).
    Pixels,
    /// One behind the other (B, C, side, side).
    Planes,
}

/// Windows on maps x (B, side, side, C), around the pixels of maps (B, outs, outs, ..).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
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
    /// Pixels around x in front of a line, and above.
    pub before: usize,
}

impl Windows {
    fn inputs(&self) -> usize {
        self.images * self.side * self.side * self.channels
    }

    fn pixels(&self) -> usize {
        self.images * self.outs * self.outs
    }

    /// Numbers of a window.
    pub fn columns(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Numbers of all windows.
    pub fn len(&self) -> usize {
        self.pixels() * self.columns()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is the same for all kernels: from the channels on.
    fn sizes(&self) -> [Argument; 6] {
        [self.channels, self.side, self.outs, self.kernel, self.stride, self.before].map(int)
    }

    fn grid(rows: usize) -> Grid {
        Grid { blocks: [rows.div_ceil(WINDOWS) as u32, 1], threads: THREADS }
    }

    /// The windows as rows (B outs outs, C kernel kernel), channel by channel, zeros around x: `out`.
    pub fn rows(&self, gpu: &dyn Gpu, x: Slice<'_>, lie: Lie, out: Slice<'_>) -> Result<()> {
        expect(Kind::F32, &[(x, self.inputs()), (out, self.len())]);
        let steps = match lie {
            Lie::Pixels => [1, self.channels],
            Lie::Planes => [self.side * self.side, 1],
        };
        let given = [at(x), at(out), int(self.pixels())];
        let arguments = [given.as_slice(), &self.sizes(), &steps.map(int)].concat();
        launch(gpu, "windows", Self::grid(self.pixels()), &arguments)
    }

    /// The gradient of x (B, side, side, C), given that of [`Windows::rows`]; added to what is in `dx` if `add`.
    pub fn rows_backward(
        &self,
        gpu: &dyn Gpu,
        drows: Slice<'_>,
        dx: Slice<'_>,
        add: bool,
    ) -> Result<()> {
        expect(Kind::F32, &[(drows, self.len()), (dx, self.inputs())]);
        let pixels = self.images * self.side * self.side;
        let given = [at(drows), at(dx), int(pixels)];
        let add = [Argument::Int(add.into())];
        let arguments = [given.as_slice(), &self.sizes(), &add].concat();
        launch(gpu, "windows_backward", Self::grid(pixels), &arguments)
    }

    /// The largest values of x in the windows, and the places of the window where they are: `out` and `places`
    /// (B, outs, outs, C). C is a multiple of 4.
    pub fn largest(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        out: Slice<'_>,
        places: Slice<'_>,
    ) -> Result<()> {
        let count = self.pixels() * self.channels;
        expect(Kind::F32, &[(x, self.inputs()), (out, count), (places, count)]);
        let given = [at(x), at(out), at(places), int(self.images)];
        let arguments = [given.as_slice(), &self.sizes()].concat();
        launch(gpu, "max_pool", grid(count / 4), &arguments)
    }

    /// Backward of [`Windows::largest`]: the gradient of x; added to what is in `dx` if `add`.
    pub fn largest_backward(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        places: Slice<'_>,
        dx: Slice<'_>,
        add: bool,
    ) -> Result<()> {
        let count = self.pixels() * self.channels;
        expect(Kind::F32, &[(dout, count), (places, count), (dx, self.inputs())]);
        let given = [at(dout), at(places), at(dx), int(self.images)];
        let add = [Argument::Int(add.into())];
        let arguments = [given.as_slice(), &self.sizes(), &add].concat();
        launch(gpu, "max_pool_backward", grid(self.inputs() / 4), &arguments)
    }
}

/// x where it is above 0, else 0: `out`, as long as x, a multiple of 4.
pub fn relu(gpu: &dyn Gpu, x: Slice<'_>, out: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(x, x.len), (out, x.len)]);
    launch(gpu, "relu", grid(x.len / 4), &[at(x), at(out), int(x.len / 4)])
}

/// Backward of [`relu`]: the gradient of x; added to what is in `dx` if `add`.
pub fn relu_backward(
    gpu: &dyn Gpu,
    dout: Slice<'_>,
    x: Slice<'_>,
    dx: Slice<'_>,
    add: bool,
) -> Result<()> {
    expect(Kind::F32, &[(dout, x.len), (x, x.len), (dx, x.len)]);
    let arguments = [at(dout), at(x), at(dx), int(x.len / 4), Argument::Int(add.into())];
    launch(gpu, "relu_backward", grid(x.len / 4), &arguments)
}

/// `out = x + scale y`, images of `image` numbers, a multiple of 4; x is 0 where there is none, and so are `scales`,
/// one for each image, 1. `out` may be x.
pub fn join_images(
    gpu: &dyn Gpu,
    x: Option<Slice<'_>>,
    y: Slice<'_>,
    scales: Option<Slice<'_>>,
    out: Slice<'_>,
    image: usize,
) -> Result<()> {
    assert!(image.is_multiple_of(4), "images of {image} numbers");
    let given = x.map(|x| (x, y.len)).into_iter();
    let scaled = scales.map(|scales| (scales, y.len / image));
    expect(Kind::F32, &given.chain(scaled).chain([(y, y.len), (out, y.len)]).collect::<Vec<_>>());
    let arguments = [at_some(x), at(y), at_some(scales), at(out), int(image / 4), int(y.len / 4)];
    launch(gpu, "join_images", grid(y.len / 4), &arguments)
}

/// Every number of x times another: `out`.
pub fn times(gpu: &dyn Gpu, x: Slice<'_>, factors: Slice<'_>, out: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(x, x.len), (factors, x.len), (out, x.len)]);
    launch(gpu, "times", grid(x.len), &[at(x), at(factors), at(out), int(x.len)])
}

//! Where a Vision Transformer begins and ends; see `ends.cuh`.

use std::ops::Range;

use super::launch::{THREADS, at, at_some, expect, grid, int, launch, launch_in};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Every patch of images (B, 3, S, S) as a row: (B G G, 3 P P).
pub fn patches(
    gpu: &dyn Gpu,
    images: Slice<'_>,
    out: Slice<'_>,
    side: usize,
    patch: usize,
) -> Result<()> {
    let grid = side / patch;
    let count = images.len / (3 * side * side) * grid * grid;
    expect(Kind::F32, &[(images, images.len)]);
    expect(out.kind, &[(out, count * 3 * patch * patch)]);
    let grid = Grid { blocks: [count as u32, 1], threads: THREADS };
    launch_in(gpu, "patches", out.kind, grid, &[at(images), at(out), int(side), int(patch)])
}

/// How the tokens of images lie: (B, 1 + registers + patches, D).
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Images B.
    pub images: usize,
    /// Patches of an image.
    pub patches: usize,
    /// Registers between the class token and the patches.
    pub registers: usize,
    /// Width D.
    pub width: usize,
}

impl Tokens {
    /// Tokens N of an image.
    pub fn count(&self) -> usize {
        1 + self.registers + self.patches
    }

    /// Numbers of all images.
    pub fn len(&self) -> usize {
        self.images * self.count() * self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Projected patches (B, patches, D) with their bias as tokens, the class token in front, positions
    /// (1 + patches, D) added, registers (registers, D) between: `out` (B, N, D).
    pub fn begin(
        &self,
        gpu: &dyn Gpu,
        projected: Slice<'_>,
        [bias, cls, positions]: [Slice<'_>; 3],
        registers: Option<Slice<'_>>,
        out: Slice<'_>,
    ) -> Result<()> {
        let width = self.width;
        expect(projected.kind, &[(projected, self.images * self.patches * width)]);
        let positioned = (1 + self.patches) * width;
        expect(
            Kind::F32,
            &[(bias, width), (cls, width), (positions, positioned), (out, self.len())],
        );
        if self.registers > 0 {
            let registers = registers.expect("a network with registers has their values");
            expect(Kind::F32, &[(registers, self.registers * width)]);
        }
        let arguments = [
            at(projected),
            at(bias),
            at(cls),
            at_some(registers),
            at(positions),
            at(out),
            int(self.images),
            int(self.patches),
            int(self.registers),
            int(width),
        ];
        launch_in(gpu, "tokens", projected.kind, grid(self.len() / 4), &arguments)
    }

    /// The patches' tokens of x (B, N, D) alone: (B, patches, D).
    pub fn of_patches(&self, gpu: &dyn Gpu, x: Slice<'_>, out: Slice<'_>) -> Result<()> {
        let kept = self.images * self.patches * self.width;
        expect(Kind::F32, &[(x, self.len())]);
        expect(out.kind, &[(out, kept)]);
        let arguments = [
            at(x),
            at(out),
            int(self.images),
            int(self.count()),
            int(1 + self.registers),
            int(self.width),
        ];
        launch_in(gpu, "behind", out.kind, grid(kept / 4), &arguments)
    }

    /// Means over some tokens of x (B, N, D): (B, D).
    pub fn pool(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        out: Slice<'_>,
        of: Range<usize>,
    ) -> Result<()> {
        expect(Kind::F32, &[(x, self.len()), (out, self.images * self.width)]);
        launch(gpu, "pool", grid(self.images * self.width), &self.pooled(x, out, of))
    }

    /// Backward of [`Tokens::pool`]: fills `dx` (B, N, D).
    pub fn unpool(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        dx: Slice<'_>,
        of: Range<usize>,
    ) -> Result<()> {
        expect(Kind::F32, &[(dout, self.images * self.width), (dx, self.len())]);
        launch(gpu, "unpool", grid(self.len() / 4), &self.pooled(dout, dx, of))
    }

    fn pooled(&self, from: Slice<'_>, to: Slice<'_>, of: Range<usize>) -> [Argument; 7] {
        [
            at(from),
            at(to),
            int(self.images),
            int(self.count()),
            int(of.start),
            int(of.end),
            int(self.width),
        ]
    }
}

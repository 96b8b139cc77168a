//! Images as bytes, which are normalised, mirrored and erased in part where they are read; see `pixels.cuh`.

use std::ops::Range;

use super::launch::{THREADS, at, expect, grid, int, launch, launch_in};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Bytes of what is said of an image.
pub const MARK: usize = 3 * 4;
/// Bytes of what is said of a region.
pub const REGION: usize = 5 * 4;

/// Images on a GPU, with what is done to them. Each part begins at a multiple of 4 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'b> {
    /// RGB bytes (B, S, S, 3).
    pub rgb: Slice<'b>,
    /// Of each image three numbers of 32 bits: whether it is mirrored, its first region among all, and that
    /// behind its last.
    pub marks: Slice<'b>,
    /// Of each region five numbers of 32 bits: x, y, width, height in pixels of what is mirrored already, and
    /// where its values begin. Of two that overlap the last one counts.
    pub regions: Slice<'b>,
    /// f32 values (3, height, width) of every region.
    pub values: Slice<'b>,
    /// Side S.
    pub side: usize,
    /// What bytes are multiplied by, per channel.
    pub scale: [f32; 3],
    /// What is subtracted then.
    pub shift: [f32; 3],
}

impl Pixels<'_> {
    /// Every patch of some images as a row: (B G G, 3 P P).
    pub fn patches(
        &self,
        gpu: &dyn Gpu,
        images: Range<usize>,
        patch: usize,
        out: Slice<'_>,
    ) -> Result<()> {
        self.check(&images);
        let each = (self.side / patch).pow(2);
        let count = images.len() * each;
        expect(out.kind, &[(out, count * 3 * patch * patch)]);
        let threads = THREADS.min((patch * patch).next_multiple_of(32) as u32);
        let grid = Grid { blocks: [count as u32, 1], threads };
        let arguments = self.arguments(out, images.start, patch);
        launch_in(gpu, "patches_of_bytes", out.kind, grid, &arguments)
    }

    /// Some images as planes (B, 3, S, S) in f32.
    pub fn planes(&self, gpu: &dyn Gpu, images: Range<usize>, out: Slice<'_>) -> Result<()> {
        self.check(&images);
        let pixels = images.len() * self.side * self.side;
        expect(Kind::F32, &[(out, 3 * pixels)]);
        let arguments = self.arguments(out, images.start, images.len());
        launch(gpu, "planes_of_bytes", grid(pixels), &arguments)
    }

    fn check(&self, images: &Range<usize>) {
        let (rgb, marks) = (3 * self.side * self.side * images.end, MARK * images.end);
        expect(Kind::Byte, &[(self.rgb, rgb), (self.marks, marks)]);
        expect(Kind::Byte, &[(self.regions, 0), (self.values, 0)]);
    }

    fn arguments(&self, out: Slice<'_>, first: usize, number: usize) -> [Argument; 14] {
        let [r, g, b] = self.scale.map(Argument::Float);
        let [red, green, blue] = self.shift.map(Argument::Float);
        let [rgb, marks, regions, values, out] =
            [self.rgb, self.marks, self.regions, self.values, out].map(at);
        let [side, first, number] = [self.side, first, number].map(int);
        [rgb, marks, regions, values, side, r, g, b, red, green, blue, out, first, number]
    }
}

//! How threads lie on maps whose channels are side by side; see `lanes.cuh`.

use super::launch::{THREADS, WARP};
use crate::gpu::Grid;

/// How a block of threads lies on maps of so many channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lanes {
    /// Threads next to each other, of four channels each.
    pub lanes: usize,
    /// Tiles of so many channels.
    tiles: usize,
    /// Groups of threads.
    pub groups: usize,
}

impl Lanes {
    /// Of channels, which are a multiple of 4: no more lanes than a warp, and as many in each tile, so that few have
    /// nothing to do.
    pub fn new(channels: usize) -> Self {
        assert!(channels > 0 && channels.is_multiple_of(4), "{channels} channels");
        let fours = channels / 4;
        let lanes = fours.div_ceil(fours.div_ceil(WARP as usize));
        Self { lanes, tiles: fours.div_ceil(lanes), groups: THREADS as usize / lanes }
    }

    /// A block for each chunk of each tile.
    pub fn grid(&self, chunks: usize) -> Grid {
        Grid { blocks: [(chunks * self.tiles) as u32, 1], threads: THREADS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_threads_have_nothing_to_do() {
        for (channels, lanes, tiles, groups) in
            [(4, 1, 1, 256), (24, 6, 1, 42), (144, 18, 2, 14), (728, 31, 6, 8), (2048, 32, 16, 8)]
        {
            assert_eq!(Lanes::new(channels), Lanes { lanes, tiles, groups }, "{channels}");
        }
    }
}

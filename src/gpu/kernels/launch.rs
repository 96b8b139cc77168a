//! How a kernel is started: how it is cut into blocks, and what its arguments are.

use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Threads of most blocks.
pub const THREADS: u32 = 256;
/// Lanes of a warp.
pub const WARP: u32 = 32;
/// Rows and columns that one block of a sum over rows adds up.
pub const TILE: [usize; 2] = [128, 128];

/// Blocks for so many threads.
pub fn grid(threads: usize) -> Grid {
    Grid { blocks: [threads.div_ceil(THREADS as usize) as u32, 1], threads: THREADS }
}

/// A warp for each row.
pub fn warps(rows: usize) -> Grid {
    let each = 4;
    Grid { blocks: [rows.div_ceil(each) as u32, 1], threads: each as u32 * WARP }
}

/// Tiles of a matrix.
pub fn tiles(rows: usize, width: usize) -> Grid {
    let blocks = [width.div_ceil(TILE[1]) as u32, chunks(rows) as u32];
    Grid { blocks, threads: 8 * WARP }
}

/// Rows of partial sums over so many rows of a matrix.
pub fn chunks(rows: usize) -> usize {
    rows.div_ceil(TILE[0])
}

/// Where a slice begins.
pub fn at(slice: Slice<'_>) -> Argument {
    Argument::Pointer(slice.address)
}

/// The same, or nothing.
pub fn at_some(slice: Option<Slice<'_>>) -> Argument {
    Argument::Pointer(slice.map_or(0, |slice| slice.address))
}

/// A size.
pub fn int(number: usize) -> Argument {
    Argument::Int(i32::try_from(number).expect("sizes fit into 31 bits"))
}

/// A size that may be large.
pub fn long(number: usize) -> Argument {
    Argument::Long(i64::try_from(number).expect("sizes fit into 63 bits"))
}

/// Sees to it that slices are at least so long, and of a kind.
pub fn expect(kind: Kind, slices: &[(Slice<'_>, usize)]) {
    for (slice, len) in slices {
        assert!(slice.kind == kind && slice.len >= *len, "{slice:?} for {len} of {kind:?}");
    }
}

/// Starts a kernel.
pub fn launch(gpu: &dyn Gpu, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
    // SAFETY: the functions below saw to the sizes, and give each kernel what it takes.
    unsafe { gpu.launch(kernel, grid, arguments) }
}

/// A kernel that is there for f32 and bf16.
pub fn launch_in(
    gpu: &dyn Gpu,
    kernel: &str,
    kind: Kind,
    grid: Grid,
    arguments: &[Argument],
) -> Result<()> {
    let suffix = match kind {
        Kind::F32 => "f32",
        Kind::Bf16 => "bf16",
        Kind::F64 | Kind::Byte => panic!("there is no kernel `{kernel}` in {kind:?}"),
    };
    launch(gpu, &format!("{kernel}_{suffix}"), grid, arguments)
}

//! The cosines of the blocks of a component, and their way to values.

use super::frame::Component;
use crate::dct::{BLOCK, Group, LANES, values};
use proofmark_base::wide::wide;

/// Cosines of some rows of blocks. Blocks are counted along rows; the same cosine of sixteen
/// blocks lies together, so that they become values together.
#[derive(Clone, Debug)]
pub struct Blocks {
    /// Blocks in a row.
    pub across: usize,
    groups: Vec<Group>,
}

/// Values of a component, its rows filled up to whole blocks.
#[derive(Clone, Debug)]
pub struct Plane {
    /// Values in a row.
    pub width: usize,
    /// Row by row.
    pub values: Vec<u8>,
}

impl Blocks {
    /// Blocks of zeros.
    pub fn new(across: usize, down: usize) -> Self {
        Self { across, groups: vec![[[0; LANES]; BLOCK * BLOCK]; (across * down).div_ceil(LANES)] }
    }

    /// The cosines among which are those of a block, and which they are. Zeros if there is no
    /// such block: none is asked for.
    #[inline(always)]
    pub fn block(&mut self, row: usize, column: usize) -> (&mut Group, usize) {
        let place = row * self.across + column;
        (&mut self.groups[place / LANES], place % LANES)
    }

    /// Bytes that so many blocks take.
    pub fn bytes(component: &Component) -> u64 {
        (component.blocks.0 * component.blocks.1 * size_of::<Group>() / LANES) as u64
    }

    /// Makes the cosines of so many rows of blocks into values, in rows of a plane that begin at
    /// `top`, and leaves zeros.
    pub fn unload(&mut self, steps: &[i16; 64], plane: &mut Plane, top: usize, down: usize) {
        let mut bytes = [[[0; BLOCK]; LANES]; BLOCK];
        let rows = &mut plane.values[top * plane.width..];
        let (mut row, mut column) = (0, 0);
        for group in &mut self.groups {
            wide(
                #[inline(always)]
                || values(group, steps, &mut bytes),
            );
            *group = [[0; LANES]; BLOCK * BLOCK];
            for block in 0..LANES {
                if row == down {
                    return;
                }
                let corner = row * BLOCK * plane.width + column * BLOCK;
                for (y, bytes) in bytes.iter().enumerate() {
                    rows[corner + y * plane.width..][..BLOCK].copy_from_slice(&bytes[block]);
                }
                column += 1;
                if column == self.across {
                    (row, column) = (row + 1, 0);
                }
            }
        }
    }
}

impl Plane {
    /// Bytes that the plane of a component takes.
    pub fn bytes(component: &Component) -> u64 {
        (component.blocks.0 * component.blocks.1 * BLOCK * BLOCK) as u64
    }

    /// For a component.
    pub fn new(component: &Component) -> Self {
        let (across, down) = component.blocks;
        let width = BLOCK * across;
        Self { width, values: vec![0; width * BLOCK * down] }
    }
}

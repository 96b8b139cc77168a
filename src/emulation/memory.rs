//! Memory whose bytes begin as NaN, with watched ones around.

use std::collections::BTreeMap;

/// Bytes of alignment, as a GPU's driver gives it, and of what is watched on each side.
const ALIGNED: usize = 256;
/// What fresh bytes are: numbers of them are NaN in every kind.
const FRESH: u8 = 0xff;
/// What watched bytes are.
const WATCHED: u8 = 0xa5;

/// All that is allocated, by address.
#[derive(Debug, Default)]
pub struct Memory {
    all: BTreeMap<u64, Block>,
}

#[derive(Debug)]
struct Block {
    /// With what is watched, and room to begin at a multiple of [`ALIGNED`].
    bytes: Vec<u8>,
    /// Where the block begins in them.
    first: usize,
    len: usize,
}

impl Memory {
    /// The address of so many bytes.
    pub fn allocate(&mut self, len: usize) -> u64 {
        let mut bytes = vec![WATCHED; len + 3 * ALIGNED];
        let start = bytes.as_ptr().addr();
        let first = (start + ALIGNED).next_multiple_of(ALIGNED) - start;
        bytes[first..first + len].fill(FRESH);
        let address = bytes[first..].as_ptr().expose_provenance() as u64;
        self.all.insert(address, Block { bytes, first, len });
        address
    }

    /// Frees what begins at an address. Panics if anything was written beside it.
    pub fn free(&mut self, address: u64) {
        let block = self.all.remove(&address).expect("what is freed was allocated");
        let around = [&block.bytes[..block.first], &block.bytes[block.first + block.len..]];
        let written = around.into_iter().flatten().any(|byte| *byte != WATCHED);
        assert!(!written, "something was written beside {} bytes", block.len);
    }

    /// Bytes from an address on. Panics beyond what is allocated.
    pub fn at(&mut self, address: u64, len: usize) -> &mut [u8] {
        let (begin, block) =
            self.all.range_mut(..=address).next_back().expect("the address was allocated");
        let offset = (address - begin) as usize;
        assert!(offset + len <= block.len, "{len} bytes at {offset} of {}", block.len);
        &mut block.bytes[block.first + offset..block.first + offset + len]
    }
}

//! The lossless form of a crop: every row minus the one above it, byte by byte and modulo 256,
//! compressed with Zstandard. Its frame ends with a checksum of what it holds, which every reader
//! of Zstandard compares.
//!
//! Of the formats measured it is read fastest (`docs/performance.md`). In Python:
//!
//! ```python
//! rows = numpy.frombuffer(zstandard.decompress(crop), numpy.uint8).reshape(side, side, 3)
//! pixels = numpy.cumsum(rows, axis=0, dtype=numpy.uint8)
//! ```

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

/// Higher levels take longer and save little: what is left of a photograph is noise.
const LEVEL: i32 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs an RGB crop of `side` × `side`.
///
/// # Errors
/// What the compressor says.
pub fn pack(rgb: &[u8], side: u32) -> std::io::Result<Vec<u8>> {
    let row = 3 * side as usize;
    let mut rows = rgb.to_vec();
    for (below, above) in rows[row..].iter_mut().zip(rgb) {
        *below = below.wrapping_sub(*above);
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(compressor) => compressor,
            none => none.insert(with_checksums()?),
        };
        compressor.compress(&rows)
    })
}

fn with_checksums() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    Ok(compressor)
}

/// Unpacks a crop into `rgb`, side × side × 3 bytes.
///
/// # Errors
/// A crop that is damaged or of another size.
pub fn unpack(packed: &[u8], side: u32, rgb: &mut Vec<u8>) -> std::io::Result<()> {
    let row = 3 * side as usize;
    rgb.resize(row * side as usize, 0);
    let length = DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = match decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new()?),
        };
        decompressor.decompress_to_buffer(packed, &mut rgb[..])
    })?;
    if length != rgb.len() {
        let why = format!("a crop of {length} bytes, which should have {}", rgb.len());
        return Err(std::io::Error::other(why));
    }
    let mut rows = rgb.chunks_exact_mut(row);
    let Some(mut above) = rows.next() else { return Ok(()) };
    for below in rows {
        for (below, above) in below.iter_mut().zip(&*above) {
            *below = below.wrapping_add(*above);
        }
        above = below;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pixels_come_back(side in 1u32..20, seed: u32) {
            let rgb: Vec<u8> = (0..3 * side * side)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 23) as u8)
                .collect();
            let packed = pack(&rgb, side).unwrap();
            let mut back = vec![7; 5];
            unpack(&packed, side, &mut back).unwrap();
            prop_assert_eq!(back, rgb);
        }

        #[test]
        fn a_flipped_bit_is_an_error(seed: u32, at: prop::sample::Index) {
            let rgb: Vec<u8> = (0..3 * 64)
                .map(|i: u32| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 26) as u8)
                .collect();
            let mut packed = pack(&rgb, 8).unwrap();
            let bit = at.index(8 * packed.len());
            packed[bit / 8] ^= 1 << (bit % 8);
            let mut back = Vec::new();
            // A few bits of a header mean nothing, such as those of the size of its window.
            prop_assert!(unpack(&packed, 8, &mut back).is_err() || back == rgb);
        }

        #[test]
        fn what_is_damaged_or_of_another_size_is_an_error(junk: Vec<u8>) {
            let mut rgb = Vec::new();
            prop_assert!(unpack(&junk, 9, &mut rgb).is_err());
            let packed = pack(&[5; 3 * 64], 8).unwrap();
            prop_assert!(unpack(&packed, 9, &mut rgb).is_err());
            prop_assert!(unpack(&packed, 7, &mut rgb).is_err());
        }
    }
}

//! Blocks of a baseline or extended scan: the mean, then the other cosines with the zeros
//! between them left out (ISO 10918-1, F.2.2).

use super::bits::{Bits, Cursor};
use super::huffman::Codes;
use crate::dct::{Group, LANES};

/// Where the cosines lie in a block, by their place in the file. Places beyond the last are
/// those of files that are damaged; such a file is refused once the block is read.
#[rustfmt::skip]
pub const ZIGZAG: [u8; 128] = {
    const ORDER: [u8; 64] = [
         0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
        12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
        58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];
    let mut all = [63; 128];
    let mut i = 0;
    while i < ORDER.len() {
        all[i] = ORDER[i];
        i += 1;
    }
    all
};

/// Reads a block. `mean` is the one before, and becomes this one's. Returns false if what is
/// read is no block.
#[inline(always)]
pub fn block(
    bits: &mut Bits,
    (means, others): (&Codes, &Codes),
    mean: &mut i32,
    (group, lane): (&mut Group, usize),
) -> bool {
    let mut cursor = bits.cursor;
    let bytes = bits.bytes();
    let lane = lane % LANES;
    let group = group.as_flattened_mut();
    let mut set = |place: usize, value: i32| {
        group[LANES * usize::from(ZIGZAG[place & 127]) + lane] = value as i16;
    };
    cursor.refill(bytes);
    let Some(first) = means.next(&cursor) else { return false };
    *mean = mean.wrapping_add(first.value(cursor.bits));
    cursor.skip(first.bits());
    set(0, *mean);
    let read = rest(&mut cursor, bytes, others, set);
    bits.cursor = cursor;
    read && !bits.overrun(cursor)
}

/// The cosines of a block after the mean.
#[inline(always)]
fn rest(cursor: &mut Cursor, bytes: &[u8], codes: &Codes, mut set: impl FnMut(usize, i32)) -> bool {
    let mut place = 1;
    loop {
        cursor.refill(bytes);
        // There are bits for two codes that are looked up, or for one after a long one.
        for _ in 0..2 {
            let mut symbol = codes.quick(cursor);
            if symbol.valueless() {
                if symbol.bits() == 0 {
                    cursor.refill(bytes);
                    let Some(long) = codes.long(cursor.bits) else { return false };
                    symbol = long;
                }
                if symbol.size() == 0 {
                    cursor.skip(symbol.bits());
                    // Sixteen zeros, or nothing but zeros.
                    match symbol.zeros() {
                        15 => place += 16,
                        _ => return true,
                    }
                    if place > 63 {
                        return false;
                    }
                    break;
                }
            }
            place += symbol.zeros();
            set(place, symbol.value(cursor.bits));
            cursor.skip(symbol.bits());
            place += 1;
            if place > 63 {
                return place == 64;
            }
        }
    }
}

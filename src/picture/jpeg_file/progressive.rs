//! Blocks of progressive scans: means or a band of the other cosines, first without their last
//! bits, then a bit more of each (ISO 10918-1, annex G).

use super::bits::{Bits, Cursor};
use super::huffman::Codes;
use super::scan::Part;
use super::segments::ScanHeader;
use super::sequential::ZIGZAG;
use crate::dct::{Group, LANES};

/// Reads what a scan has of a block. Returns false if that is nothing that could be.
pub fn block(
    bits: &mut Bits,
    header: &ScanHeader,
    part: &mut Part<'_>,
    (group, lane): (&mut Group, usize),
) -> bool {
    let lane = lane % LANES;
    let (before, bit) = header.bits;
    let mut band = Band { group, lane, first: header.band.0, last: header.band.1, bit };
    let mut cursor = bits.cursor;
    let bytes = bits.bytes();
    let read = match (part.means, part.others) {
        (Some(means), _) => mean(&mut cursor, bytes, means, &mut part.mean, &mut band),
        (None, Some(others)) if before == 0 => {
            band.begin(&mut cursor, bytes, others, &mut part.zero_blocks)
        }
        (None, Some(others)) => band.refine(&mut cursor, bytes, others, &mut part.zero_blocks),
        (None, None) => {
            cursor.refill(bytes);
            *band.at(0) |= (cursor.take(1) << bit) as i16;
            Some(())
        }
    };
    bits.cursor = cursor;
    read.is_some() && !bits.overrun(cursor)
}

/// A mean, as its difference from the one before.
fn mean(
    cursor: &mut Cursor,
    bytes: &[u8],
    codes: &Codes,
    mean: &mut i32,
    band: &mut Band<'_>,
) -> Option<()> {
    cursor.refill(bytes);
    let symbol = codes.next(cursor)?;
    *mean = mean.wrapping_add(symbol.value(cursor.bits));
    cursor.skip(symbol.bits());
    *band.at(0) = (*mean << band.bit) as i16;
    Some(())
}

/// A band of a block's cosines.
struct Band<'a> {
    group: &'a mut Group,
    lane: usize,
    first: usize,
    last: usize,
    /// The lowest bit that the scan has.
    bit: u32,
}

impl Band<'_> {
    fn at(&mut self, place: usize) -> &mut i16 {
        &mut self.group[usize::from(ZIGZAG[place & 127])][self.lane]
    }

    /// The first bits of the band. `zero_blocks` counts blocks that have nothing more in it.
    fn begin(
        &mut self,
        cursor: &mut Cursor,
        bytes: &[u8],
        codes: &Codes,
        zero_blocks: &mut u32,
    ) -> Option<()> {
        if *zero_blocks > 0 {
            *zero_blocks -= 1;
            return Some(());
        }
        let mut place = self.first;
        while place <= self.last {
            cursor.refill(bytes);
            let symbol = codes.next(cursor)?;
            let value = symbol.value(cursor.bits);
            cursor.skip(symbol.bits());
            match (symbol.size(), symbol.zeros()) {
                (0, 15) => place += 16,
                (0, bits) => {
                    *zero_blocks = run(cursor, bits) - 1;
                    return Some(());
                }
                (_, zeros) => {
                    place += zeros;
                    if place > self.last {
                        return None;
                    }
                    *self.at(place) = (value << self.bit) as i16;
                    place += 1;
                }
            }
        }
        Some(())
    }

    /// A bit more of the band: of each number that is not 0 the next bit, and where numbers that
    /// were 0 are no longer.
    fn refine(
        &mut self,
        cursor: &mut Cursor,
        bytes: &[u8],
        codes: &Codes,
        zero_blocks: &mut u32,
    ) -> Option<()> {
        let mut place = self.first;
        while *zero_blocks == 0 && place <= self.last {
            cursor.refill(bytes);
            let symbol = codes.next(cursor)?;
            cursor.skip(symbol.bits() - symbol.size());
            let new = match (symbol.size(), symbol.zeros()) {
                (0, 15) => 0,
                (0, bits) => {
                    *zero_blocks = run(cursor, bits);
                    break;
                }
                (1, _) => {
                    if cursor.take(1) == 1 {
                        1 << self.bit
                    } else {
                        -1 << self.bit
                    }
                }
                _ => return None,
            };
            let mut zeros = symbol.zeros();
            while place <= self.last {
                if *self.at(place) != 0 {
                    self.next_bit(cursor, bytes, place);
                } else if zeros > 0 {
                    zeros -= 1;
                } else {
                    break;
                }
                place += 1;
            }
            if new != 0 {
                if place > self.last {
                    return None;
                }
                *self.at(place) = new;
            }
            place += 1;
        }
        if *zero_blocks > 0 {
            for place in place..=self.last {
                if *self.at(place) != 0 {
                    self.next_bit(cursor, bytes, place);
                }
            }
            *zero_blocks -= 1;
        }
        Some(())
    }

    /// The next bit of a number that is not 0.
    fn next_bit(&mut self, cursor: &mut Cursor, bytes: &[u8], place: usize) {
        cursor.refill(bytes);
        let bit = 1 << self.bit;
        let more = cursor.take(1) == 1;
        let value = self.at(place);
        if more && *value & bit == 0 {
            *value = value.wrapping_add(if *value > 0 { bit } else { -bit });
        }
    }
}

/// Of how many blocks there is nothing more, this one included.
fn run(cursor: &mut Cursor, bits: usize) -> u32 {
    let bits = bits as u32;
    let more = if bits > 0 { cursor.take(bits) } else { 0 };
    (1 << bits) + more
}

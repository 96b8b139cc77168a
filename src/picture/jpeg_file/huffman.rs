//! Huffman codes of a JPEG file (ISO 10918-1, annexes C and F).

use super::bits::Cursor;
use super::error::JpegError;

/// Codes of up to so many bits are looked up, longer ones are searched for.
const QUICK: u32 = 10;

/// A code and the value that follows it: bits of both, bits of the code, 63 minus bits of the
/// value, zeros to pass before it, a byte each from the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol(u32);

impl Symbol {
    /// No code that is looked up; the top bit as in all that have no value.
    const NONE: Self = Self(1 << 31);

    fn new(symbol: u8, length: u32) -> Self {
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let valueless = u32::from(size == 0) << 31;
        Self(valueless | zeros << 24 | (63 - size) << 16 | length << 8 | (length + size))
    }

    /// Whether no value follows, or there is no such code.
    #[inline(always)]
    pub fn valueless(self) -> bool {
        self.0 >> 31 == 1
    }

    /// Bits of the code and the value.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0 & 63
    }

    /// Zeros to pass before the value.
    #[inline(always)]
    pub fn zeros(self) -> usize {
        (self.0 >> 24 & 15) as usize
    }

    /// Bits of the value.
    pub fn size(self) -> u32 {
        63 - (self.0 >> 16 & 63)
    }

    /// The value, whose code is at the top of the bits: a first bit of 0 is a negative one, whose
    /// bits are turned over. 0 if there are no bits.
    #[inline(always)]
    pub fn value(self, bits: u64) -> i32 {
        let after = bits << (self.0 >> 8 & 63);
        let negative = !((after as i64) >> 63) as u64;
        let size = ((after ^ negative) >> 1 >> (self.0 >> 16 & 63)) as i32;
        (size ^ negative as i32).wrapping_sub(negative as i32)
    }
}

/// The codes of one kind of number.
#[derive(Clone, Debug)]
pub struct Codes {
    quick: Box<[Symbol; 1 << QUICK]>,
    /// By length, the first code that is longer, in 16 bits.
    ends: [u32; 17],
    /// By length, what is added to a code for the place of its symbol.
    places: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// From how many codes there are of each length, 1 to 16 bits, and their symbols.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, JpegError> {
        let bad = || JpegError::damaged("a table of codes is none");
        let mut quick = Box::new([Symbol::NONE; 1 << QUICK]);
        let (mut ends, mut places) = ([0; 17], [0; 17]);
        let (mut code, mut place) = (0u32, 0usize);
        for (length, count) in (1u32..).zip(counts) {
            places[length as usize] = place as i32 - code as i32;
            let of_length = symbols.get(place..place + usize::from(*count)).ok_or_else(bad)?;
            for symbol in of_length {
                if length <= QUICK {
                    let first = (code << (QUICK - length)) as usize;
                    let quick = quick.get_mut(first..first + (1 << (QUICK - length)));
                    quick.ok_or_else(bad)?.fill(Symbol::new(*symbol, length));
                }
                code += 1;
            }
            // No code is of ones alone.
            if !of_length.is_empty() && code >= 1 << length {
                return Err(bad());
            }
            place += of_length.len();
            ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { quick, ends, places, symbols: symbols.to_vec() })
    }

    /// The largest symbol; 0 if there are none.
    pub fn largest(&self) -> u8 {
        self.symbols.iter().copied().max().unwrap_or(0)
    }

    /// The next symbol if its code is short; [`Codes::long`] has the others.
    #[inline(always)]
    pub fn quick(&self, cursor: &Cursor) -> Symbol {
        self.quick[(cursor.bits >> (64 - QUICK)) as usize]
    }

    /// The next symbol, whatever the length of its code; none if there is no such code.
    #[inline(never)]
    pub fn long(&self, bits: u64) -> Option<Symbol> {
        let next = (bits >> 48) as u32;
        let length = (1..=16).find(|length| next < self.ends[*length as usize])?;
        let place = (next >> (16 - length)) as i32 + self.places[length as usize];
        let symbol = self.symbols.get(usize::try_from(place).ok()?)?;
        Some(Symbol::new(*symbol, length))
    }

    /// The next symbol after a refill, or none.
    #[inline(always)]
    pub fn next(&self, cursor: &Cursor) -> Option<Symbol> {
        let symbol = self.quick(cursor);
        if symbol == Symbol::NONE { self.long(cursor.bits) } else { Some(symbol) }
    }
}

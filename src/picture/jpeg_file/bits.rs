//! The bits of entropy-coded data, from one marker to the next.

/// Zeros behind the data. A block takes no more than 64 codes of 31 bits, so that it is enough
/// to look for the end between blocks.
const MARGIN: usize = 64 * 31 / 8 + 16;

/// Bits that are read one after the other. Beyond the end they are 0.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    /// The data without the zeros that follow each 255, and a margin.
    bytes: Vec<u8>,
    /// Bytes of data.
    length: usize,
    /// What is read.
    pub cursor: Cursor,
}

/// A place in the data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    /// The next byte.
    at: usize,
    /// The next bits, the first at the top.
    pub bits: u64,
    /// How many of them are counted; what lies below may be part of the data.
    left: u32,
}

impl Cursor {
    /// Makes sure of the next 56 bits at least.
    #[inline(always)]
    pub fn refill(&mut self, bytes: &[u8]) {
        let next = bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        let word = next.map_or(0, |next| u64::from_be_bytes(*next));
        self.bits |= word >> self.left;
        self.at += ((63 - self.left) >> 3) as usize;
        self.left |= 56;
    }

    /// Goes on by up to 56 bits.
    #[inline(always)]
    pub fn skip(&mut self, bits: u32) {
        self.bits <<= bits & 63;
        self.left = self.left.wrapping_sub(bits);
    }

    /// Takes 1 to 16 bits after a refill.
    #[inline(always)]
    pub fn take(&mut self, bits: u32) -> u32 {
        let taken = (self.bits >> ((64 - bits) & 63)) as u32;
        self.skip(bits);
        taken
    }
}

impl Bits {
    /// Reads on at the data that begin here. Returns where the marker is that ends them, or the
    /// end of the file.
    pub fn begin(&mut self, file: &[u8], from: usize) -> usize {
        self.bytes.clear();
        self.cursor = Cursor::default();
        let mut at = from;
        let end = loop {
            let plain = plain(&file[at..]);
            self.bytes.extend_from_slice(&file[at..at + plain]);
            at += plain;
            // Several bytes of 255 stand for one.
            let filled = file[at..].iter().take_while(|byte| **byte == 255).count();
            match file.get(at + filled) {
                Some(0) => self.bytes.push(255),
                Some(_) => break at + filled - 1,
                None => break file.len(),
            }
            at += filled + 1;
        };
        self.length = self.bytes.len();
        self.bytes.resize(self.length + MARGIN, 0);
        end
    }

    /// The data and their margin, for [`Cursor::refill`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether more was read than there is.
    #[inline(always)]
    pub fn overrun(&self, cursor: Cursor) -> bool {
        8 * cursor.at > 8 * self.length + cursor.left as usize
    }

    /// The bytes of which nothing was read.
    pub fn rest(&self) -> &[u8] {
        let read = (8 * self.cursor.at).saturating_sub(self.cursor.left as usize).div_ceil(8);
        &self.bytes[read.min(self.length)..self.length]
    }
}

/// How many bytes there are before the first of 255.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (eights, _) = bytes.as_chunks::<8>();
    // A byte of 255 is one of 0 in the complement, which borrows when 1 is taken away.
    let has_255 = |eight: &[u8; 8]| {
        let word = !u64::from_ne_bytes(*eight);
        word.wrapping_sub(ONES) & !word & (ONES << 7) != 0
    };
    let skipped = 8 * eights.iter().take_while(|eight| !has_255(eight)).count();
    skipped + bytes[skipped..].iter().take_while(|byte| **byte != 255).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_after_255_are_left_out_and_a_marker_ends_the_data() {
        let file = [9, 1, 2, 255, 0, 3, 255, 255, 0, 4, 5, 6, 7, 8, 9, 10, 255, 255, 0xD9, 1];
        let mut bits = Bits::default();
        assert_eq!(bits.begin(&file, 1), 17);
        assert_eq!(bits.rest(), [1, 2, 255, 3, 255, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(bits.begin(&file[..17], 1), 17);
        assert_eq!(bits.begin(&file[..4], 0), 4);
        assert_eq!(bits.rest(), [9, 1, 2]);
        assert_eq!(bits.begin(&file, 20), 20);
    }

    #[test]
    fn bits_come_in_order_and_the_end_is_noticed() {
        let file: Vec<u8> = (0..40).collect();
        let mut bits = Bits::default();
        assert_eq!(bits.begin(&file, 0), 40);
        let mut cursor = bits.cursor;
        for i in 0..80 {
            cursor.refill(bits.bytes());
            let nibble = if i % 2 == 0 { i / 2 / 16 } else { i / 2 % 16 };
            assert_eq!(cursor.take(4), nibble, "{i}");
            assert!(!bits.overrun(cursor));
        }
        bits.cursor = cursor;
        assert_eq!(bits.rest(), [0; 0]);
        cursor.refill(bits.bytes());
        cursor.take(1);
        assert!(bits.overrun(cursor));
    }
}

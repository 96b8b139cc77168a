//! The channels of a line of pixels apart and together again, so that loops over them take
//! many pixels at a time.

use proofmark_base::wide::wide;

/// Red, green and blue of a line of pixels, or what they were turned into, each in a line of
/// its own of as many bytes.
#[derive(Clone, Debug)]
pub struct Channels(pub [Vec<u8>; 3]);

impl Channels {
    /// Of black pixels.
    pub fn new(width: usize) -> Self {
        Self([0; 3].map(|_| vec![0; width]))
    }

    /// Takes the channels of pixels; of a longer line the rest stays.
    pub fn set(&mut self, pixels: &[[u8; 3]]) {
        let [a, b, c] = &mut self.0;
        wide(
            #[inline(always)]
            || {
                for (((pixel, a), b), c) in pixels.iter().zip(a).zip(b).zip(c) {
                    [*a, *b, *c] = *pixel;
                }
            },
        );
    }

    /// Writes the channels to as many pixels as are given.
    pub fn get(&self, pixels: &mut [[u8; 3]]) {
        let [a, b, c] = &self.0;
        wide(
            #[inline(always)]
            || {
                for (((pixel, a), b), c) in pixels.iter_mut().zip(a).zip(b).zip(c) {
                    *pixel = [*a, *b, *c];
                }
            },
        );
    }
}

/// The first half of the numbers and the second by turns.
#[inline(always)]
pub fn interleave<const N: usize>(numbers: &[u8; N]) -> [u8; N] {
    let (first, second) = numbers.split_at(N / 2);
    let mut out = [0; N];
    for i in 0..N / 2 {
        out[2 * i] = first[i];
        out[2 * i + 1] = second[i];
    }
    out
}

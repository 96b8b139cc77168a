//! Brightness, blueness and redness, in libjpeg's whole numbers.

use std::num::Wrapping;

use super::channels::Channels;
use proofmark_base::wide::wide;

/// Nothing here is large enough to wrap; checks would keep pixels from being computed together.
pub type Number = Wrapping<i32>;

/// Fractional bits of the weights of colours.
pub const BITS: usize = 16;
/// A half.
pub const HALF: Number = Wrapping(1 << (BITS - 1));

/// A weight with [`BITS`] fractional bits.
pub const fn fix(weight: f64) -> Number {
    Wrapping((weight * (1i64 << BITS) as f64 + 0.5) as i32)
}

/// A byte to compute with.
#[inline(always)]
pub fn number(byte: u8) -> Number {
    Wrapping(i32::from(byte))
}

/// A line of pixels from their brightness, blueness and redness.
pub fn to_rgb([luma, blue, red]: [&[u8]; 3], channels: &mut Channels) {
    let [r, g, b] = &mut channels.0;
    wide(
        #[inline(always)]
        || {
            let out = r.iter_mut().zip(g).zip(b);
            for (((r, g), b), ((y, blue), red)) in out.zip(luma.iter().zip(blue).zip(red)) {
                let middle = Wrapping(128);
                let (y, red, blue) = (number(*y), number(*red) - middle, number(*blue) - middle);
                let byte = |more: Number| (y + ((more + HALF) >> BITS)).0.clamp(0, 255) as u8;
                *r = byte(fix(1.402) * red);
                *g = byte(-fix(0.344_14) * blue - fix(0.714_14) * red);
                *b = byte(fix(1.772) * blue);
            }
        },
    );
}

//! The channels of a run of pixels apart and together again, so that loops over them take
//! many pixels at a time.

/// Pixels that are computed together.
pub const LANES: usize = 32;

/// As many pixels.
pub type Run = [[u8; 3]; LANES];

/// Their channels.
#[inline(always)]
pub fn apart(pixels: &Run) -> [[u8; LANES]; 3] {
    let mut channels = [[0; LANES]; 3];
    for i in 0..LANES {
        channels[0][i] = pixels[i][0];
        channels[1][i] = pixels[i][1];
        channels[2][i] = pixels[i][2];
    }
    channels
}

/// The pixels of channels.
#[inline(always)]
pub fn together(channels: &[[u8; LANES]; 3], pixels: &mut Run) {
    for i in 0..LANES {
        pixels[i] = [channels[0][i], channels[1][i], channels[2][i]];
    }
}

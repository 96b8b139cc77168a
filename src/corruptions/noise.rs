//! `noise`: Gaussian, on each channel.

use super::definition::{CorruptionKind, Definition, Strength, Values};
use proofmark_picture::Pixels;

/// Each byte with a normal number of this deviation added.
pub const NOISE: CorruptionKind = CorruptionKind(&Definition {
    word: "noise",
    doc: "Gaussian noise on each channel, the same for every row",
    at: "Of these deviations.",
    strength: Strength {
        name: "deviation",
        doc: "Standard deviation in grey levels, of 0 to 255.",
        values: Values::UpTo(255.0),
    },
    method: "noise by its standard deviation in grey levels, the same for every row",
    axis: "noise, grey levels",
    label: ["noise", ""],
    version: 2,
    apply: |image, deviation, rng| {
        let mut normal = vec![0f32; image.rgb.len()];
        rng.fill_normal(&mut normal);
        let noisy = |(&byte, n): (&u8, f32)| (f32::from(byte) + deviation as f32 * n).round() as u8;
        let rgb = image.rgb.iter().zip(normal).map(noisy).collect();
        Pixels { width: image.width, height: image.height, rgb }
    },
});

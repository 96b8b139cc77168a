//! A stored face to a training input, by a list of operations.

use super::definition::{Does, Operation, Phase};
use super::face::{Channels, Face, Patch, normalize, side_of, straight};
use proofmark_base::rng::Rng;
use proofmark_picture::Pixels;

/// A training input as it is before it is normalised.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmented {
    /// The image, of the input's side.
    pub image: Pixels,
    /// Whether it is still to be mirrored, left to right.
    pub mirrored: bool,
    /// What takes the place of normalised values, the last last.
    pub patches: Vec<Patch>,
}

/// Changes a face by the operations in their order, up to where it would be normalised. What is random is
/// drawn from `rng`.
pub fn augmented(
    face: Face<'_>,
    operations: &[Operation],
    by: &Channels,
    side: u32,
    rng: &mut Rng,
) -> Augmented {
    let of_image = |operation: &Operation| operation.kind.does.phase() == Phase::Image;
    let last = operations.iter().rposition(of_image);
    let (mut image, mut mirrored) = (None, false);
    for (number, operation) in operations.iter().enumerate() {
        match operation.kind.does {
            Does::Crop(crop) => image = Some(crop(operation, face, side, rng)),
            Does::Image(change) => {
                let image = image.get_or_insert_with(|| straight(face, side));
                change(operation, image, by.mean_colour(), rng);
            }
            Does::Mirror(draw) => match draw(operation, rng) {
                true if Some(number) == last => mirrored = true,
                true => image.get_or_insert_with(|| straight(face, side)).flip(),
                false => {}
            },
            Does::Input(_) => {}
        }
    }
    let mut patches = Vec::new();
    for operation in operations {
        match operation.kind.does {
            Does::Input(draw) => patches.extend(draw(operation, side as usize, rng)),
            Does::Crop(_) | Does::Image(_) | Does::Mirror(_) => {}
        }
    }
    Augmented { image: image.unwrap_or_else(|| straight(face, side)), mirrored, patches }
}

/// Writes a face, changed by the operations in their order, as a training input to `out` (3, S, S),
/// normalised. What is random is drawn from `rng`.
pub fn training(
    face: Face<'_>,
    operations: &[Operation],
    by: &Channels,
    rng: &mut Rng,
    out: &mut [f32],
) {
    let side = side_of(out);
    let Augmented { mut image, mirrored, patches } = augmented(face, operations, by, side, rng);
    if mirrored {
        image.flip();
    }
    normalize(&image.rgb, by, out);
    for patch in patches {
        patch.put(out, side as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{flip_crop, fsfm};
    use proofmark_base::rng::Stream;

    fn by(mean: [f64; 3], std: [f64; 3]) -> Channels {
        Channels { mean, std }
    }

    #[test]
    fn half_of_the_faces_are_flipped() {
        let rgb: Vec<u8> = (0..8 * 8).flat_map(|i| [(i % 8 * 30) as u8; 3]).collect();
        let by = by([0.0; 3], [1.0; 3]);
        let flipped = (0..2000u64)
            .filter(|&i| {
                let mut rng = Rng::new(1, Stream::Augment, 0, i);
                let mut out = [0f32; 3 * 64];
                let face = Face { rgb: &rgb, side: 8 };
                training(face, &flip_crop(), &by, &mut rng, &mut out);
                out[0] > out[7]
            })
            .count();
        assert!((900..1100).contains(&flipped), "{flipped}");
    }

    /// On a face of one colour, what each part of FSFM's recipe leaves is seen apart.
    #[test]
    fn fsfm_crops_and_flips_and_augments_and_erases() {
        let side = 32;
        let rgb = [120u8; 3 * 32 * 32];
        let by = by([0.25; 3], [0.5; 3]);
        let plain = (120.0 / 255.0 - 0.25) / 0.5;
        let (mut noisy, mut moved, mut untouched) = (0, 0, 0);
        for i in 0..2000 {
            let mut rng = Rng::new(1, Stream::Augment, 0, i);
            let mut out = vec![0f32; 3 * side * side];
            let face = Face { rgb: &rgb, side: 32 };
            training(face, &fsfm("bilinear"), &by, &mut rng, &mut out);
            let mut values: Vec<u32> = out.iter().map(|v| v.to_bits()).collect();
            values.sort_unstable();
            values.dedup();
            // Noise has as many values as places; all else on such a face has few.
            noisy += usize::from(values.len() > 40);
            moved += usize::from(out.iter().any(|v| v.abs() < 5e-3));
            untouched += usize::from(out.iter().all(|v| (v - plain).abs() < 1e-5));
        }
        // A quarter is erased. Of the steps, 5 of 15 leave a border.
        assert!((400..600).contains(&noisy), "{noisy}");
        assert!((500..1100).contains(&moved), "{moved}");
        assert!((300..900).contains(&untouched), "{untouched}");
    }
}

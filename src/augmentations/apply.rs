//! A stored face to a training input, by a list of operations.

use super::definition::{Does, Operation};
use super::face::{Channels, Face, normalize, side_of, straight};
use proofmark_base::rng::Rng;

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
    let mut image = None;
    for operation in operations {
        match operation.kind.does {
            Does::Crop(crop) => image = Some(crop(operation, face, side, rng)),
            Does::Image(change) => {
                let image = image.get_or_insert_with(|| straight(face, side));
                change(operation, image, by.mean_colour(), rng);
            }
            Does::Input(_) => {}
        }
    }
    normalize(&image.unwrap_or_else(|| straight(face, side)).rgb, by, out);
    for operation in operations {
        match operation.kind.does {
            Does::Input(change) => change(operation, out, side as usize, rng),
            Does::Crop(_) | Does::Image(_) => {}
        }
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

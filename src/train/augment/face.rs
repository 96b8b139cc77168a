//! A stored face to a normalised input: augmented while training, resized as declared
//! otherwise.

use super::erase::{erase, random_rectangle};
use super::randaugment;
use super::window::random_window;
use proofmark_base::rng::Rng;
use proofmark_base::wide::wide;
use proofmark_lang::model::{Augment, AugmentKind, Normalize, Resize};
use proofmark_picture::Pixels;
use proofmark_picture::affine::Sampling;
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};
use proofmark_prepare::cut::filter_of;

/// Area of a random crop over the face's, in `augment flip-crop`.
const GENTLE: (f64, f64) = (0.5, 1.0);
/// The same in `augment fsfm`.
const FSFM: (f64, f64) = (0.08, 1.0);

/// A stored face, square.
#[derive(Clone, Copy, Debug)]
pub struct Face<'a> {
    /// RGB bytes.
    pub rgb: &'a [u8],
    /// In pixels.
    pub side: u32,
}

/// Writes a face as a training input to `out` (3, S, S), normalised.
pub fn training(face: Face<'_>, augment: &Augment, by: &Normalize, rng: &mut Rng, out: &mut [f32]) {
    let target = side_of(out);
    match augment.kind {
        AugmentKind::None => normalize(&straight(face, target), by, out),
        AugmentKind::FlipCrop => {
            let image = crop_and_flip(face, GENTLE, target, Filter::Bilinear, rng);
            normalize(&image.rgb, by, out);
        }
        AugmentKind::Fsfm => {
            let filter = filter_of(augment.interpolation);
            let mut image = crop_and_flip(face, FSFM, target, filter, rng);
            let sampling = Sampling { filter, fill: mean_colour(by) };
            for step in randaugment::draw(rng) {
                step.apply(&mut image, sampling);
            }
            normalize(&image.rgb, by, out);
            if let Some(rectangle) = random_rectangle(rng, target as usize) {
                erase(out, target as usize, rectangle, rng);
            }
        }
    }
}

/// Writes a face as an evaluation input to `out` (3, S, S), normalised.
pub fn evaluation(face: Face<'_>, rule: Resize, by: &Normalize, out: &mut [f32]) {
    normalize(&resized(face, rule, side_of(out)), by, out);
}

/// A face at `target` × `target` pixels, as at evaluation: RGB bytes.
pub fn resized(face: Face<'_>, rule: Resize, target: u32) -> Vec<u8> {
    match rule {
        Resize::Straight => straight(face, target),
        Resize::CenterCrop => {
            // Short side to 8/7 of the target, then the centre (recipe 2.5).
            let short = (f64::from(target) * 8.0 / 7.0).floor() as u32;
            let whole = Window::whole(face.side, face.side);
            let large = resize(face.rgb, face.side, whole, short, Filter::Bicubic);
            let offset = ((short - target) as f64 / 2.0).round() as usize;
            let (short, target) = (short as usize, target as usize);
            (offset..offset + target)
                .flat_map(|y| {
                    let start = (y * short + offset) * 3;
                    large[start..start + target * 3].iter().copied()
                })
                .collect()
        }
    }
}

fn crop_and_flip(
    face: Face<'_>,
    scale: (f64, f64),
    target: u32,
    filter: Filter,
    rng: &mut Rng,
) -> Pixels {
    let window = random_window(rng, face.side, scale);
    let rgb = resize(face.rgb, face.side, window, target, filter);
    let mut image = Pixels::square(rgb, target as usize);
    if rng.chance(0.5) {
        image.flip();
    }
    image
}

fn straight(face: Face<'_>, target: u32) -> Vec<u8> {
    if face.side == target {
        return face.rgb.to_vec();
    }
    let whole = Window::whole(face.side, face.side);
    resize(face.rgb, face.side, whole, target, Filter::Bicubic)
}

/// The colour that is 0 after normalisation.
fn mean_colour(by: &Normalize) -> [u8; 3] {
    by.mean.map(|mean| (255.0 * mean).round() as u8)
}

/// Side of an image (3, S, S).
fn side_of(out: &[f32]) -> u32 {
    ((out.len() / 3) as f64).sqrt().round() as u32
}

/// RGB bytes to normalised planes: (value / 255 - mean) / std, (3, S, S) row-major.
pub fn normalize(rgb: &[u8], by: &Normalize, out: &mut [f32]) {
    let scale = [0, 1, 2].map(|c| (1.0 / (255.0 * by.std[c])) as f32);
    let shift = [0, 1, 2].map(|c| (by.mean[c] / by.std[c]) as f32);
    let (pixels, _) = rgb.as_chunks::<3>();
    let (red, rest) = out.split_at_mut(pixels.len());
    let (green, blue) = rest.split_at_mut(pixels.len());
    wide(
        #[inline(always)]
        || {
            // Copies, which stay in registers.
            let (scale, shift) = (scale, shift);
            for (((pixel, r), g), b) in pixels.iter().zip(red).zip(green).zip(blue) {
                *r = f32::from(pixel[0]) * scale[0] - shift[0];
                *g = f32::from(pixel[1]) * scale[1] - shift[1];
                *b = f32::from(pixel[2]) * scale[2] - shift[2];
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::rng::Stream;
    use proofmark_lang::model::Interpolation;

    fn by(mean: [f64; 3], std: [f64; 3]) -> Normalize {
        Normalize { mean, std }
    }

    fn augment(kind: AugmentKind) -> Augment {
        Augment { kind, interpolation: Interpolation::Bilinear }
    }

    #[test]
    fn normalising_is_per_channel() {
        let mut out = [0f32; 6];
        let by = by([0.5, 0.25, 0.0], [0.5, 0.25, 1.0]);
        normalize(&[255, 0, 51, 0, 255, 102], &by, &mut out);
        for (got, expected) in out.iter().zip([1.0, -1.0, -1.0, 3.0, 0.2, 0.4]) {
            assert!((got - expected).abs() < 1e-6, "{out:?}");
        }
    }

    #[test]
    fn the_centre_stays_in_the_centre() {
        // A face that is one colour outside its centre half.
        let rgb: Vec<u8> = (0..64 * 64)
            .flat_map(|i| {
                let inside = (16..48).contains(&(i % 64)) && (16..48).contains(&(i / 64));
                [if inside { 200 } else { 10 }; 3]
            })
            .collect();
        let face = Face { rgb: &rgb, side: 64 };
        let centre = resized(face, Resize::CenterCrop, 28);
        assert_eq!(centre.len(), 28 * 28 * 3);
        assert_eq!(centre[(14 * 28 + 14) * 3], 200);
        assert!(centre[0] < 60);
        assert_eq!(resized(face, Resize::Straight, 32).len(), 32 * 32 * 3);
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
                training(face, &augment(AugmentKind::FlipCrop), &by, &mut rng, &mut out);
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
            training(face, &augment(AugmentKind::Fsfm), &by, &mut rng, &mut out);
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

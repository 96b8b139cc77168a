//! A stored face to a normalised input: augmentation while training, the declared
//! resize otherwise.

use crate::lang::model::{Augment, Normalize, Resize};
use crate::prepare::crop::{Filter, Window, resize};
use crate::rng::Rng;

/// Area of a random crop over the face's, in `augment flip-crop`.
const CROP_SCALE: (f64, f64) = (0.5, 1.0);
/// Width over height of a random crop.
const CROP_RATIO: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);
/// Tries before the whole face is taken.
const CROP_TRIES: usize = 10;

/// The random window of RandomResizedCrop: area uniform in `scale`, the logarithm of
/// the aspect uniform (recipe 3.1).
pub fn random_window(rng: &mut Rng, side: u32, scale: (f64, f64)) -> Window {
    let whole = f64::from(side);
    for _ in 0..CROP_TRIES {
        let area = rng.range(scale.0, scale.1) * whole * whole;
        let aspect = rng.range(CROP_RATIO.0.ln(), CROP_RATIO.1.ln()).exp();
        let width = (area * aspect).sqrt().round() as u32;
        let height = (area / aspect).sqrt().round() as u32;
        if (1..=side).contains(&width) && (1..=side).contains(&height) {
            let x = rng.below(u64::from(side - width) + 1) as u32;
            let y = rng.below(u64::from(side - height) + 1) as u32;
            return Window { x, y, width, height };
        }
    }
    Window::whole(side, side)
}

/// A face of `side` × `side` as a training input of `target` × `target`, RGB bytes.
pub fn training(face: &[u8], side: u32, target: u32, augment: Augment, rng: &mut Rng) -> Vec<u8> {
    match augment {
        Augment::None => straight(face, side, target),
        Augment::FlipCrop | Augment::Fsfm => {
            let window = random_window(rng, side, CROP_SCALE);
            let mut pixels = resize(face, side, window, target, Filter::Bilinear);
            if rng.chance(0.5) {
                flip(&mut pixels, target as usize);
            }
            pixels
        }
    }
}

/// A face of `side` × `side` as an evaluation input of `target` × `target`.
pub fn evaluation(face: &[u8], side: u32, target: u32, rule: Resize) -> Vec<u8> {
    match rule {
        Resize::Straight => straight(face, side, target),
        Resize::CenterCrop => {
            // Short side to 8/7 of the target, then the centre (recipe 2.5).
            let short = (f64::from(target) * 8.0 / 7.0).floor() as u32;
            let large = resize(face, side, Window::whole(side, side), short, Filter::Bicubic);
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

fn straight(face: &[u8], side: u32, target: u32) -> Vec<u8> {
    resize(face, side, Window::whole(side, side), target, Filter::Bicubic)
}

/// Mirrors each row.
fn flip(pixels: &mut [u8], side: usize) {
    for row in pixels.chunks_exact_mut(side * 3) {
        for x in 0..side / 2 {
            for c in 0..3 {
                row.swap(x * 3 + c, (side - 1 - x) * 3 + c);
            }
        }
    }
}

/// RGB bytes to normalised planes: (value / 255 - mean) / std, (3, S, S) row-major.
pub fn normalize(pixels: &[u8], by: &Normalize, out: &mut [f32]) {
    let plane = pixels.len() / 3;
    for c in 0..3 {
        let scale = 1.0 / (255.0 * by.std.value[c]);
        let shift = by.mean.value[c] / by.std.value[c];
        let (scale, shift) = (scale as f32, shift as f32);
        for (out, pixel) in out[c * plane..(c + 1) * plane].iter_mut().zip(pixels.chunks_exact(3)) {
            *out = f32::from(pixel[c]) * scale - shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::span::Spanned;
    use crate::rng::{Rng, Stream};

    #[test]
    fn normalising_is_per_channel() {
        let by = Normalize {
            mean: Spanned::default_of([0.5, 0.25, 0.0]),
            std: Spanned::default_of([0.5, 0.25, 1.0]),
        };
        let mut out = [0f32; 6];
        normalize(&[255, 0, 51, 0, 255, 102], &by, &mut out);
        for (got, expected) in out.iter().zip([1.0, -1.0, -1.0, 3.0, 0.2, 0.4]) {
            assert!((got - expected).abs() < 1e-6, "{out:?}");
        }
    }

    #[test]
    fn a_flip_mirrors_and_the_centre_stays() {
        let mut row: Vec<u8> = (0..9).collect();
        flip(&mut row, 3);
        assert_eq!(row, [6, 7, 8, 3, 4, 5, 0, 1, 2]);
        // A face that is one colour outside its centre half.
        let face: Vec<u8> = (0..64 * 64)
            .flat_map(|i| {
                let inside = (16..48).contains(&(i % 64)) && (16..48).contains(&(i / 64));
                [if inside { 200 } else { 10 }; 3]
            })
            .collect();
        let centre = evaluation(&face, 64, 28, Resize::CenterCrop);
        assert_eq!(centre.len(), 28 * 28 * 3);
        let middle = (14 * 28 + 14) * 3;
        assert_eq!(centre[middle], 200);
        assert!(centre[0] < 60);
        let straight = evaluation(&face, 64, 32, Resize::Straight);
        assert_eq!(straight.len(), 32 * 32 * 3);
    }

    #[test]
    fn half_of_the_faces_are_flipped() {
        let face: Vec<u8> = (0..8 * 8).flat_map(|i| [(i % 8 * 30) as u8; 3]).collect();
        let flipped = (0..2000u64)
            .filter(|&i| {
                let mut rng = Rng::new(1, Stream::Augment, 0, i);
                let out = training(&face, 8, 8, Augment::FlipCrop, &mut rng);
                out[0] > out[21]
            })
            .count();
        assert!((900..1100).contains(&flipped), "{flipped}");
    }

    proptest! {
        #[test]
        fn windows_lie_inside_and_have_the_declared_area(seed in 0u64..10_000, side in 24u32..300) {
            let mut rng = Rng::new(seed, Stream::Augment, 0, 0);
            let w = random_window(&mut rng, side, CROP_SCALE);
            prop_assert!(w.x + w.width <= side && w.y + w.height <= side);
            let area = f64::from(w.width * w.height) / f64::from(side * side);
            // Rounding to pixels moves the area by up to half a pixel a side.
            prop_assert!(area > CROP_SCALE.0 - 0.06 && area <= 1.0, "{}", area);
        }
    }
}

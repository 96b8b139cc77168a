//! A stored face to a normalised input, as at evaluation.

use proofmark_augmentations::face::{Channels, Face, normalize, side_of, straight};
use proofmark_lang::model::{Normalize, Resize};
use proofmark_picture::resize::{Filter, Window, resize};

/// Writes a face as an evaluation input to `out` (3, S, S), normalised.
pub fn evaluation(face: Face<'_>, rule: Resize, by: &Channels, out: &mut [f32]) {
    normalize(&resized(face, rule, side_of(out)), by, out);
}

/// What a model's inputs are normalised by.
pub fn channels(of: &Normalize) -> Channels {
    Channels { mean: of.mean, std: of.std }
}

/// A face at `target` × `target` pixels, as at evaluation: RGB bytes.
pub fn resized(face: Face<'_>, rule: Resize, target: u32) -> Vec<u8> {
    match rule {
        Resize::Straight => straight(face, target).rgb,
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

#[cfg(test)]
mod tests {
    use super::*;

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
}

//! `crop`: a random window of the face at the size of an input, torchvision's `RandomResizedCrop`.

use super::definition::{Definition, Does, INTERPOLATION, OperationKind, Parameter, Value, Values};
use proofmark_base::math::{exp, ln};
use proofmark_base::rng::Rng;
use proofmark_picture::Pixels;
use proofmark_picture::resize::{Window, resize};

/// A random window, resized.
pub const CROP: OperationKind = OperationKind(&Definition {
    word: "crop",
    doc: "A random part of the face, of a width from 3/4 to 4/3 of its height, at the size of an input. Without it, the whole face.",
    parameters: &[
        Parameter {
            name: "smallest",
            doc: "Least area of the part, as a share of the face.",
            values: Values::From(0.01, 1.0),
            default: Value::Number(0.08),
        },
        Parameter {
            name: "largest",
            doc: "Greatest area of the part.",
            values: Values::From(0.01, 1.0),
            default: Value::Number(1.0),
        },
        INTERPOLATION,
    ],
    ordered: &[("smallest", "largest")],
    does: Does::Crop(|crop, face, side, rng| {
        let window = random_window(rng, face.side, crop.range("smallest", "largest"));
        Pixels::square(resize(face.rgb, face.side, window, side, crop.filter()), side as usize)
    }),
});

/// Width over height of a random window.
const RATIO: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);
/// Tries before the whole face is taken.
const TRIES: usize = 10;

/// A random window of a square of `side` pixels: its share of the area uniform in
/// `scale`, the logarithm of its aspect uniform between 3:4 and 4:3 (recipe 3.1). The
/// whole square after ten windows that do not fit.
pub fn random_window(rng: &mut Rng, side: u32, scale: (f64, f64)) -> Window {
    let whole = f64::from(side);
    for _ in 0..TRIES {
        let area = rng.range(scale.0, scale.1) * whole * whole;
        let aspect = exp(rng.range(ln(RATIO.0), ln(RATIO.1)));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use proofmark_base::rng::{Rng, Stream};

    #[test]
    fn areas_and_aspects_are_distributed_as_declared() {
        let n = 20_000;
        let (mut area, mut aspect, mut left) = (0.0, 0.0, 0.0);
        let mut seen = (f64::MAX, f64::MIN);
        for i in 0..n {
            let w = random_window(&mut Rng::new(1, Stream::Augment, 0, i), 1000, (0.08, 0.5));
            let (width, height) = (f64::from(w.width), f64::from(w.height));
            let share = width * height / 1e6;
            seen = (seen.0.min(share), seen.1.max(share));
            area += share;
            aspect += ln(width / height);
            left += f64::from(w.x) / (1000.0 - width);
        }
        let n = n as f64;
        // Uniform: mean 0.29, standard deviation 0.12 over the root of n.
        assert!((area / n - 0.29).abs() < 0.004, "{}", area / n);
        assert!((0.079..0.082).contains(&seen.0) && (0.498..0.501).contains(&seen.1), "{seen:?}");
        assert!((aspect / n).abs() < 0.005, "{}", aspect / n);
        assert!((left / n - 0.5).abs() < 0.01, "{}", left / n);
    }

    proptest! {
        #[test]
        fn windows_lie_inside_and_have_the_declared_area(seed in 0u64..10_000, side in 24u32..300) {
            let mut rng = Rng::new(seed, Stream::Augment, 0, 0);
            let w = random_window(&mut rng, side, (0.5, 1.0));
            prop_assert!(w.x + w.width <= side && w.y + w.height <= side);
            let area = f64::from(w.width * w.height) / f64::from(side * side);
            // Rounding to pixels moves the area by up to half a pixel a side.
            prop_assert!(area > 0.5 - 0.06 && area <= 1.0, "{}", area);
        }
    }
}

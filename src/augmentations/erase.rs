//! `erase`: a rectangle of a normalised image becomes noise (recipe 3.3), timm's `RandomErasing`.

use super::definition::{Definition, Does, OperationKind, Parameter, Value, Values};
use super::face::Patch;
use proofmark_base::math::{exp, ln};
use proofmark_base::rng::Rng;

/// Erases a rectangle, at random.
pub const ERASE: OperationKind = OperationKind(&Definition {
    word: "erase",
    doc: "A rectangle of the normalised input becomes Gaussian noise (random erasing). Its height is from 0.3 to 1/0.3 of its width.",
    parameters: &[
        Parameter {
            name: "probability",
            doc: "Share of the faces that are erased in part.",
            values: Values::Share,
            default: Value::Number(0.25),
        },
        Parameter {
            name: "smallest",
            doc: "Least area of the rectangle, as a share of the input.",
            values: Values::From(0.001, 1.0),
            default: Value::Number(0.02),
        },
        Parameter {
            name: "largest",
            doc: "Greatest area of the rectangle.",
            values: Values::From(0.001, 1.0),
            default: Value::Number(1.0 / 3.0),
        },
    ],
    ordered: &[("smallest", "largest")],
    does: Does::Input(|operation, side, rng| {
        if !rng.chance(operation.number("probability")) {
            return None;
        }
        let at = random_rectangle(rng, side, operation.range("smallest", "largest"))?;
        Some(noise(at, rng))
    }),
});

/// Height over width of the rectangle; the inverse is as likely.
const ASPECT: f64 = 0.3;
/// Tries before the face is left as it is.
const TRIES: usize = 10;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rectangle {
    /// Left edge.
    x: usize,
    /// Top edge.
    y: usize,
    /// Width.
    width: usize,
    /// Height.
    height: usize,
}

/// The rectangle to erase from a square of `side` pixels, if one fits: its area uniform in these shares, the
/// logarithm of its aspect uniform.
fn random_rectangle(rng: &mut Rng, side: usize, share: (f64, f64)) -> Option<Rectangle> {
    for _ in 0..TRIES {
        let area = rng.range(share.0, share.1) * (side * side) as f64;
        let aspect = exp(rng.range(ln(ASPECT), ln(1.0 / ASPECT)));
        let height = (area * aspect).sqrt().round() as usize;
        let width = (area / aspect).sqrt().round() as usize;
        if width < side && height < side {
            let y = rng.below((side - height) as u64 + 1) as usize;
            let x = rng.below((side - width) as u64 + 1) as usize;
            return Some(Rectangle { x, y, width, height });
        }
    }
    None
}

/// Standard normal noise for a rectangle, each pixel and channel by itself.
fn noise(at: Rectangle, rng: &mut Rng) -> Patch {
    let Rectangle { x, y, width, height } = at;
    // Normals come in pairs. A row of odd width leaves one unused.
    let stride = width.next_multiple_of(2);
    let mut values = vec![0.0; 3 * height * stride];
    if !values.is_empty() {
        values.chunks_exact_mut(height * stride).for_each(|plane| rng.fill_normal(plane));
    }
    Patch { x, y, width, height, stride, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::rng::Stream;

    #[test]
    fn rectangles_are_distributed_as_declared() {
        let (mut erased, mut area, mut aspect) = (0u32, 0.0, 0.0);
        let n = 40_000;
        for i in 0..n {
            let mut rng = Rng::new(1, Stream::Augment, 0, i);
            if !rng.chance(0.25) {
                continue;
            }
            let Some(r) = random_rectangle(&mut rng, 500, (0.02, 1.0 / 3.0)) else { continue };
            assert!(r.x + r.width <= 500 && r.y + r.height <= 500);
            erased += 1;
            area += (r.width * r.height) as f64 / 250_000.0;
            aspect += ln(r.height as f64 / r.width as f64);
        }
        let share = f64::from(erased) / n as f64;
        // Four standard deviations of a binomial share.
        assert!((share - 0.25).abs() < 0.009, "{share}");
        // Uniform in 0.02 to 1/3; the few largest, longest rectangles do not fit.
        let mean = area / f64::from(erased);
        assert!((0.165..0.18).contains(&mean), "{mean}");
        assert!((aspect / f64::from(erased)).abs() < 0.03, "{aspect}");
    }

    #[test]
    fn a_rectangle_becomes_noise_and_nothing_else_does() {
        let side = 64;
        let mut image = vec![9f32; 3 * side * side];
        let at = Rectangle { x: 3, y: 5, width: 41, height: 33 };
        noise(at, &mut Rng::new(1, Stream::Augment, 0, 0)).put(&mut image, side);
        let inside = |i: usize| {
            let (x, y) = (i % side, i / side % side);
            (3..44).contains(&x) && (5..38).contains(&y)
        };
        let noise: Vec<f32> = (0..image.len()).filter(|i| inside(*i)).map(|i| image[i]).collect();
        assert!((0..image.len()).filter(|i| !inside(*i)).all(|i| image[i] == 9.0));
        let n = noise.len() as f32;
        let mean = noise.iter().sum::<f32>() / n;
        let variance = noise.iter().map(|x| x * x).sum::<f32>() / n;
        assert!(mean.abs() < 0.07 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
    }

    #[test]
    fn tiny_images_are_left_alone() {
        for side in 1..4 {
            for i in 0..100 {
                let mut rng = Rng::new(1, Stream::Augment, 0, i);
                if let Some(at) = random_rectangle(&mut rng, side, (0.02, 1.0 / 3.0)) {
                    noise(at, &mut rng).put(&mut vec![0.0; 3 * side * side], side);
                }
            }
        }
    }
}

//! `blur`: a Gaussian of random width.

use super::definition::{Definition, Does, OperationKind, Parameter, Value, Values};
use proofmark_picture::blur::{Border, blur};

/// Blurs the image, at random, as torchvision's `RandomApply` of `GaussianBlur`.
pub const BLUR: OperationKind = OperationKind(&Definition {
    word: "blur",
    doc: "Gaussian blur; what is beyond the border is mirrored about its last pixel.",
    parameters: &[
        Parameter {
            name: "probability",
            doc: "Share of the faces that are blurred.",
            values: Values::Share,
            default: Value::Number(0.5),
        },
        Parameter {
            name: "least",
            doc: "Least standard deviation in pixels of the input; it is drawn uniformly.",
            values: Values::From(0.01, 100.0),
            default: Value::Number(0.1),
        },
        Parameter {
            name: "greatest",
            doc: "Greatest standard deviation.",
            values: Values::From(0.01, 100.0),
            default: Value::Number(2.0),
        },
    ],
    ordered: &[("least", "greatest")],
    does: Does::Image(|operation, image, _, rng| {
        if rng.chance(operation.number("probability")) {
            let (least, greatest) = operation.range("least", "greatest");
            let sigma = rng.range(least, greatest);
            *image = blur(image, window(sigma), sigma, Border::Mirrored);
        }
    }),
});

/// Pixels of a window that reaches three standard deviations to each side: beyond are 0.3 % of a Gaussian.
fn window(sigma: f64) -> usize {
    2 * (3.0 * sigma).ceil() as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::rng::{Rng, Stream};
    use proofmark_picture::Pixels;

    #[test]
    fn half_of_the_faces_are_blurred_between_the_least_and_the_greatest() {
        let mut spot = Pixels::square(vec![0; 3 * 41 * 41], 41);
        spot.rgb[3 * (20 * 41 + 20)..][..3].fill(255);
        let operation =
            BLUR.but(&[("least", Value::Number(0.5)), ("greatest", Value::Number(1.0))]);
        let Does::Image(change) = operation.kind.does else { panic!("it changes an image") };
        let (mut blurred, mut tops) = (0, (255, 0));
        for i in 0..2000 {
            let mut image = spot.clone();
            change(&operation, &mut image, [0; 3], &mut Rng::new(1, Stream::Augment, 0, i));
            if image != spot {
                blurred += 1;
                let top = *image.rgb.iter().max().unwrap();
                tops = (top.min(tops.0), top.max(tops.1));
            }
        }
        assert!((900..1100).contains(&blurred), "{blurred}");
        // Of a Gaussian of 1 and of 0.5 pixels: 255 / 2π, and 255 / (1 + 4 e^-2 + ..)^2.
        assert!((40..43).contains(&tops.0) && (155..159).contains(&tops.1), "{tops:?}");
    }
}

//! `randaugment`: some of fifteen transforms, by default as FSFM uses it, `rand-m9-mstd0.5-inc1`
//! (recipe 3.2).

use super::definition::{
    Definition, Does, INTERPOLATION, Operation, OperationKind, Parameter, Value, Values,
};
use proofmark_base::rng::Rng;
use proofmark_picture::Pixels;
use proofmark_picture::affine::{self, Sampling};
use proofmark_picture::enhance as colour;

/// Some of the fifteen transforms, drawn for each face.
pub const RANDAUGMENT: OperationKind = OperationKind(&Definition {
    word: "randaugment",
    doc: "Some of fifteen transforms of colour and place (timm's RandAugment with increasing severity).",
    parameters: &[
        Parameter {
            name: "transforms",
            doc: "How many are drawn for a face, with replacement.",
            values: Values::Whole(1, 15),
            default: Value::Number(2.0),
        },
        Parameter {
            name: "probability",
            doc: "Share of those that are applied.",
            values: Values::Share,
            default: Value::Number(0.5),
        },
        Parameter {
            name: "magnitude",
            doc: "Mean of their strength.",
            values: Values::From(0.0, 10.0),
            default: Value::Number(9.0),
        },
        Parameter {
            name: "deviation",
            doc: "Standard deviation of their strength, which is then clipped to 0 to 10.",
            values: Values::From(0.0, 10.0),
            default: Value::Number(0.5),
        },
        INTERPOLATION,
    ],
    ordered: &[],
    does: Does::Image(|operation, image, fill, rng| {
        let sampling = Sampling { filter: operation.filter(), fill };
        for step in draw(operation, rng) {
            step.apply(image, sampling);
        }
    }),
});

/// The fifteen transforms. Their parameters are functions of a level from 0 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is called as the function that does it")]
pub enum Transform {
    AutoContrast,
    Equalize,
    Invert,
    Rotate,
    Posterize,
    Solarize,
    SolarizeAdd,
    Colour,
    Contrast,
    Brightness,
    Sharpness,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
}

/// All of them.
pub const TRANSFORMS: [Transform; 15] = [
    Transform::AutoContrast,
    Transform::Equalize,
    Transform::Invert,
    Transform::Rotate,
    Transform::Posterize,
    Transform::Solarize,
    Transform::SolarizeAdd,
    Transform::Colour,
    Transform::Contrast,
    Transform::Brightness,
    Transform::Sharpness,
    Transform::ShearX,
    Transform::ShearY,
    Transform::TranslateX,
    Transform::TranslateY,
];

/// A transform and how strongly it is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Which.
    pub transform: Transform,
    /// Strength, 0 to 10.
    pub level: f64,
    /// Whether it goes the other way, where there are two.
    pub negative: bool,
}

/// What is done to a face. All is drawn before anything is applied.
fn draw(of: &Operation, rng: &mut Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..of.number("transforms") as usize {
        let transform = TRANSFORMS[rng.below(TRANSFORMS.len() as u64) as usize];
        if rng.chance(of.number("probability")) {
            let level = of.number("magnitude") + of.number("deviation") * rng.normal();
            let negative = rng.chance(0.5);
            steps.push(Step { transform, level: level.clamp(0.0, 10.0), negative });
        }
    }
    steps
}

impl Step {
    /// Does it.
    pub fn apply(self, image: &mut Pixels, by: Sampling) {
        let share = self.level / 10.0;
        let signed = if self.negative { -share } else { share };
        let factor = (1.0 + 0.9 * signed) as f32;
        match self.transform {
            Transform::AutoContrast => colour::auto_contrast(image),
            Transform::Equalize => colour::equalize(image),
            Transform::Invert => colour::invert(image),
            Transform::Rotate => affine::rotate(image, 30.0 * signed, by),
            Transform::Posterize => colour::posterize(image, 4 - (4.0 * share) as u32),
            Transform::Solarize => colour::solarize(image, 256 - (256.0 * share) as u32),
            Transform::SolarizeAdd => colour::solarize_add(image, (110.0 * share) as u8),
            Transform::Colour => colour::colour(image, factor),
            Transform::Contrast => colour::contrast(image, factor),
            Transform::Brightness => colour::brightness(image, factor),
            Transform::Sharpness => colour::sharpness(image, factor),
            Transform::ShearX => affine::shear_x(image, 0.3 * signed, by),
            Transform::ShearY => affine::shear_y(image, 0.3 * signed, by),
            Transform::TranslateX => affine::translate_x(image, 0.45 * signed, by),
            Transform::TranslateY => affine::translate_y(image, 0.45 * signed, by),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use proofmark_base::rng::{Rng, Stream};
    use proofmark_picture::resize::Filter;

    #[test]
    fn steps_are_distributed_as_declared() {
        let n = 60_000u64;
        let by_default = RANDAUGMENT.but(&[]);
        let mut counts: HashMap<Transform, u64> = HashMap::new();
        let (mut steps, mut negative, mut sum, mut squares, mut full) = (0u64, 0, 0.0, 0.0, 0);
        for i in 0..n {
            for step in draw(&by_default, &mut Rng::new(3, Stream::Augment, 0, i)) {
                *counts.entry(step.transform).or_default() += 1;
                steps += 1;
                negative += u64::from(step.negative);
                sum += step.level;
                squares += (step.level - 9.0) * (step.level - 9.0);
                full += u64::from(step.level == 10.0);
            }
        }
        // n draws of two, half done: within four standard deviations.
        let near = |count: u64, of: u64, p: f64| {
            let (of, sigma) = (of as f64, (of as f64 * p * (1.0 - p)).sqrt());
            (count as f64 - of * p).abs() < 4.0 * sigma
        };
        assert!(near(steps, 2 * n, 0.5), "{steps}");
        assert!(near(negative, steps, 0.5), "{negative}");
        // Two standard deviations up is the end of the scale.
        assert!(near(full, steps, 0.022_75), "{full}");
        assert_eq!(counts.len(), 15);
        for transform in TRANSFORMS {
            let count = counts[&transform];
            assert!(near(count, 2 * n, 0.5 / 15.0), "{transform:?}: {count}");
        }
        let steps = steps as f64;
        // Clipping at 10 takes 0.0042 off the mean and 0.01 off the variance of 0.25.
        assert!((sum / steps - 8.996).abs() < 0.01, "{}", sum / steps);
        assert!((squares / steps - 0.240).abs() < 0.006, "{}", squares / steps);
    }

    proptest! {
        #[test]
        fn any_step_on_any_image_keeps_its_shape(
            (width, height) in (1usize..40, 1usize..40),
            which in 0usize..15,
            level in 0.0f64..=10.0,
            negative: bool,
            bicubic: bool,
            seed in 0u64..1000,
        ) {
            let mut rng = Rng::new(seed, Stream::Augment, 0, 0);
            let rgb: Vec<u8> = (0..3 * width * height).map(|_| rng.next_u32() as u8).collect();
            let mut image = Pixels { width, height, rgb };
            let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
            let step = Step { transform: TRANSFORMS[which], level, negative };
            step.apply(&mut image, Sampling { filter, fill: [1, 2, 3] });
            prop_assert_eq!(image.rgb.len(), 3 * width * height);
        }
    }
}

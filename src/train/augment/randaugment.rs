//! RandAugment as FSFM uses it, `rand-m9-mstd0.5-inc1` (recipe 3.2): two of fifteen
//! operations, each done half the time, of a strength near 9 of 10.

use proofmark_base::rng::Rng;
use proofmark_picture::Pixels;
use proofmark_picture::affine::{self, Sampling};
use proofmark_picture::enhance as colour;

/// Operations drawn for a face, with replacement.
const DRAWN: usize = 2;
/// Probability that a drawn operation is done.
const PROBABILITY: f64 = 0.5;
/// Mean and standard deviation of a level, which is then clipped to 0 to 10.
const LEVEL: (f64, f64) = (9.0, 0.5);

/// The fifteen operations. Their parameters are functions of a level from 0 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is called as the function that does it")]
pub enum Operation {
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
pub const ALL: [Operation; 15] = [
    Operation::AutoContrast,
    Operation::Equalize,
    Operation::Invert,
    Operation::Rotate,
    Operation::Posterize,
    Operation::Solarize,
    Operation::SolarizeAdd,
    Operation::Colour,
    Operation::Contrast,
    Operation::Brightness,
    Operation::Sharpness,
    Operation::ShearX,
    Operation::ShearY,
    Operation::TranslateX,
    Operation::TranslateY,
];

/// An operation and how strongly it is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Which.
    pub operation: Operation,
    /// Strength, 0 to 10.
    pub level: f64,
    /// Whether it goes the other way, where there are two.
    pub negative: bool,
}

/// What is done to a face: at most two steps.
pub fn draw(rng: &mut Rng) -> impl Iterator<Item = Step> {
    let steps: [Option<Step>; DRAWN] = std::array::from_fn(|_| {
        let operation = ALL[rng.below(ALL.len() as u64) as usize];
        rng.chance(PROBABILITY).then(|| Step {
            operation,
            level: (LEVEL.0 + LEVEL.1 * rng.normal()).clamp(0.0, 10.0),
            negative: rng.chance(0.5),
        })
    });
    steps.into_iter().flatten()
}

impl Step {
    /// Does it.
    pub fn apply(self, image: &mut Pixels, by: Sampling) {
        let share = self.level / 10.0;
        let signed = if self.negative { -share } else { share };
        let factor = (1.0 + 0.9 * signed) as f32;
        match self.operation {
            Operation::AutoContrast => colour::auto_contrast(image),
            Operation::Equalize => colour::equalize(image),
            Operation::Invert => colour::invert(image),
            Operation::Rotate => affine::rotate(image, 30.0 * signed, by),
            Operation::Posterize => colour::posterize(image, 4 - (4.0 * share) as u32),
            Operation::Solarize => colour::solarize(image, 256 - (256.0 * share) as u32),
            Operation::SolarizeAdd => colour::solarize_add(image, (110.0 * share) as u8),
            Operation::Colour => colour::colour(image, factor),
            Operation::Contrast => colour::contrast(image, factor),
            Operation::Brightness => colour::brightness(image, factor),
            Operation::Sharpness => colour::sharpness(image, factor),
            Operation::ShearX => affine::shear_x(image, 0.3 * signed, by),
            Operation::ShearY => affine::shear_y(image, 0.3 * signed, by),
            Operation::TranslateX => affine::translate_x(image, 0.45 * signed, by),
            Operation::TranslateY => affine::translate_y(image, 0.45 * signed, by),
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
        let mut counts: HashMap<Operation, u64> = HashMap::new();
        let (mut steps, mut negative, mut sum, mut squares, mut full) = (0u64, 0, 0.0, 0.0, 0);
        for i in 0..n {
            for step in draw(&mut Rng::new(3, Stream::Augment, 0, i)) {
                *counts.entry(step.operation).or_default() += 1;
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
        for operation in ALL {
            let count = counts[&operation];
            assert!(near(count, 2 * n, 0.5 / 15.0), "{operation:?}: {count}");
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
            let step = Step { operation: ALL[which], level, negative };
            step.apply(&mut image, Sampling { filter, fill: [1, 2, 3] });
            prop_assert_eq!(image.rgb.len(), 3 * width * height);
        }
    }
}

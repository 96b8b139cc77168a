//! Augmentation and resizing against Pillow, timm and torchvision.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use proofmark_augmentations::face::Face;
use proofmark_augmentations::randaugment::{Step, TRANSFORMS, Transform};
use proofmark_lang::model::Resize;
use proofmark_picture::Pixels;
use proofmark_picture::affine::Sampling;
use proofmark_picture::blur::{Border, blur};
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};
use proofmark_train::input::resized;

struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden/transforms/transforms.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect())
    }

    fn image(&self, name: &str) -> Pixels {
        let tensor = &self.0[name];
        let (height, width, _) = tensor.dims3().unwrap();
        Pixels { width, height, rgb: tensor.flatten_all().unwrap().to_vec1().unwrap() }
    }

    /// The parts of the names of one kind, with what was made.
    fn of(&self, kind: &str) -> Vec<(Vec<String>, Pixels)> {
        let mut found: Vec<(Vec<String>, Pixels)> = Vec::new();
        for name in self.0.keys() {
            let parts: Vec<String> = name.split('|').map(str::to_owned).collect();
            if parts.len() > 1 && parts[1] == kind {
                found.push((parts, self.image(name)));
            }
        }
        found
    }
}

fn filter(word: &str) -> Filter {
    match word {
        "bilinear" | "none" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        other => panic!("no filter is called {other}"),
    }
}

/// timm's names.
fn transform(word: &str) -> Transform {
    let names = [
        "AutoContrast",
        "Equalize",
        "Invert",
        "Rotate",
        "PosterizeIncreasing",
        "SolarizeIncreasing",
        "SolarizeAdd",
        "ColorIncreasing",
        "ContrastIncreasing",
        "BrightnessIncreasing",
        "SharpnessIncreasing",
        "ShearX",
        "ShearY",
        "TranslateXRel",
        "TranslateYRel",
    ];
    TRANSFORMS[names.iter().position(|name| *name == word).unwrap()]
}

/// Largest and mean difference in grey levels.
fn difference(got: &[u8], expected: &[u8]) -> (u8, f64) {
    assert_eq!(got.len(), expected.len());
    let off: Vec<u8> = got.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: u64 = off.iter().map(|d| u64::from(*d)).sum();
    (off.iter().copied().max().unwrap(), sum as f64 / off.len() as f64)
}

/// To the byte.
#[test]
fn the_fifteen_operations_are_those_of_timm_and_pillow() {
    let golden = Golden::read();
    let cases = golden.of("step");
    let mut seen = std::collections::HashSet::new();
    assert_eq!(cases.len(), 2 * (6 * 3 - 1 + 4 * 3 * 2 + 5 * 3 * 2 * 2));
    for (parts, expected) in cases {
        let step = Step {
            transform: transform(&parts[2]),
            level: parts[3].parse().unwrap(),
            negative: parts[4] == "-",
        };
        seen.insert(step.transform);
        let mut image = golden.image(&parts[0]);
        let before = image.clone();
        step.apply(&mut image, Sampling { filter: filter(&parts[5]), fill: [140, 108, 93] });
        let (largest, mean) = difference(&image.rgb, &expected.rgb);
        assert!(largest == 0, "{parts:?}: {largest}, {mean}");
        assert!(step.level < 1.0 || before != image, "{parts:?} did nothing");
    }
    assert_eq!(seen.len(), 15);
}

#[test]
fn windows_are_resized_as_by_pillow() {
    let golden = Golden::read();
    let image = golden.image("large");
    let cases = golden.of("window");
    assert_eq!(cases.len(), 12);
    for (parts, expected) in cases {
        let numbers: Vec<u32> = parts[2].split(',').map(|n| n.parse().unwrap()).collect();
        let [x, y, width, height] = numbers[..] else { panic!("{parts:?}") };
        let window = Window { x, y, width, height };
        let side = parts[3].parse().unwrap();
        let got = resize(&image.rgb, image.width as u32, window, side, filter(&parts[4]));
        let (largest, mean) = difference(&got, &expected.rgb);
        assert!(largest == 0, "{parts:?}: {largest}, {mean}");
    }
}

#[test]
fn evaluation_is_that_of_torchvision() {
    let golden = Golden::read();
    let image = golden.image("large");
    let cases = golden.of("evaluation");
    assert_eq!(cases.len(), 5);
    for (parts, expected) in cases {
        let rule = match parts[2].as_str() {
            "center-crop" => Resize::CenterCrop,
            "straight" => Resize::Straight,
            other => panic!("no way is called {other}"),
        };
        let face = Face { rgb: &image.rgb, side: image.width as u32 };
        let got = resized(face, rule, parts[3].parse().unwrap());
        let (largest, mean) = difference(&got, &expected.rgb);
        assert!(largest == 0, "{parts:?}: {largest}, {mean}");
    }
}

#[test]
fn blurs_are_those_of_torchvision() {
    let golden = Golden::read();
    let cases = golden.of("blur");
    assert_eq!(cases.len(), 6);
    for (parts, expected) in cases {
        let (kernel, sigma) = (parts[2].parse().unwrap(), parts[3].parse().unwrap());
        let got = blur(&golden.image(&parts[0]), kernel, sigma, Border::Mirrored);
        let (largest, mean) = difference(&got.rgb, &expected.rgb);
        // A sum that ends near a half may be rounded the other way.
        assert!(largest <= 1 && mean < 1e-3, "{parts:?}: {largest}, {mean}");
    }
}

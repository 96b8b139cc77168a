//! Each step of a self-blended image against OpenCV and numpy.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use proofmark_picture::hsv::shift_hsv;
use proofmark_picture::linear::resize;
use proofmark_picture::resize::Window;
use proofmark_picture::shift::{brightness_contrast, shift_rgb};
use proofmark_picture::{Pixels, jpeg};
use proofmark_train::blend::{
    Affine, Field, Mask, Outline, Softening, blend, coarsen, elastic, hull, sharpen, soften,
};

struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    fn load() -> Self {
        let path = "tests/golden/blend/blend.safetensors";
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect())
    }

    fn image(&self, name: &str) -> Pixels {
        let tensor = &self.0[name];
        let (height, width, _) = tensor.dims3().unwrap();
        Pixels { width, height, rgb: tensor.flatten_all().unwrap().to_vec1().unwrap() }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let tensor = self.0[name].to_dtype(candle_core::DType::F32).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn field(&self, name: &str) -> Field {
        let (height, width) = self.0[name].dims2().unwrap();
        Field { width, height, values: self.floats(name) }
    }

    /// Golden masks are 0 and 1.
    fn mask(&self, name: &str) -> Mask {
        let Field { width, height, values } = self.field(name);
        let values = values.iter().map(|v| if *v > 0.0 { 255 } else { 0 }).collect();
        Mask { width, height, values }
    }

    /// The middle of each whole pixel that is a landmark.
    fn points(&self) -> Vec<[f64; 2]> {
        let points = self.0["points"].to_dtype(candle_core::DType::F64).unwrap();
        let points: Vec<f64> = points.flatten_all().unwrap().to_vec1().unwrap();
        points.chunks(2).map(|p| [p[0] + 0.5, p[1] + 0.5]).collect()
    }

    /// How many bytes differ from `name` by more than `most`, of all.
    fn share_beyond(&self, ours: &Pixels, name: &str, most: u8) -> f64 {
        let theirs = self.image(name);
        assert_eq!((ours.width, ours.height), (theirs.width, theirs.height), "{name}");
        let pairs = ours.rgb.iter().zip(&theirs.rgb);
        let beyond = pairs.filter(|(a, b)| a.abs_diff(**b) > most).count();
        beyond as f64 / ours.rgb.len() as f64
    }

    fn changed(&self, change: impl FnOnce(&mut Pixels)) -> Pixels {
        let mut image = self.image("image");
        change(&mut image);
        image
    }
}

/// Share of the pixels on which two masks differ.
fn differing(ours: &Mask, theirs: &Mask) -> f64 {
    let pairs = ours.values.iter().zip(&theirs.values);
    pairs.filter(|(a, b)| a.abs_diff(**b) > 127).count() as f64 / ours.values.len() as f64
}

#[test]
fn colours_are_those_of_the_tables_to_the_byte() {
    let golden = Golden::load();
    let shifted = golden.changed(|image| shift_rgb(image, [-17.3, 4.6, 19.9]));
    assert_eq!(shifted, golden.image("rgb"));
    let changed = golden.changed(|image| brightness_contrast(image, 0.19, -0.27));
    // numpy computes in f32, so that a value next to a whole number may fall on either side.
    assert_eq!(golden.share_beyond(&changed, "contrast", 0), 0.0);
}

#[test]
fn hue_saturation_and_value_are_those_of_opencv() {
    let golden = Golden::load();
    for (name, by) in [("hsv.down", [-0.2, -0.1, -0.3]), ("hsv.same", [0.2, 0.1, 0.3])] {
        let mut colours = golden.image("colours");
        shift_hsv(&mut colours, by);
        assert_eq!(golden.share_beyond(&colours, name, 1), 0.0, "{name}");
        let off = golden.share_beyond(&colours, name, 0);
        // OpenCV computes several at a time, in another order.
        assert!(off < 0.02, "{name}: {off}");
    }
}

#[test]
fn textures_are_those_of_opencv() {
    let golden = Golden::load();
    let image = golden.image("image");
    for factor in [2, 4] {
        assert_eq!(coarsen(&image, factor), golden.image(&format!("coarse.{factor}")));
    }
    let sharp = sharpen(&image, 0.37, 0.81);
    assert_eq!(golden.share_beyond(&sharp, "sharp", 1), 0.0);
    assert!(golden.share_beyond(&sharp, "sharp", 0) < 0.01);
}

#[test]
fn sizes_are_those_of_opencv_to_the_byte() {
    let golden = Golden::load();
    let window = Window { x: 5, y: 4, width: 55, height: 51 };
    for (name, size) in [("final", (48, 48)), ("large", (97, 113))] {
        assert!(resize(&golden.image("image"), window, size) == golden.image(name), "{name}");
    }
}

#[test]
fn jpeg_is_that_of_libjpeg_to_the_byte() {
    let golden = Golden::load();
    let image = golden.image("image");
    for quality in [40, 75, 100] {
        let theirs = golden.image(&format!("jpeg.{quality}"));
        assert!(jpeg(&image, quality) == theirs, "{quality}");
        assert_ne!(image, theirs);
    }
    let part = |x, width, height| {
        resize(&image, Window { x, y: 0, width, height }, (width as usize, height as usize))
    };
    // Sides that are no whole blocks, nor even; and so narrow that colours are not mixed.
    assert!(jpeg(&part(0, 47, 51), 60) == golden.image("jpeg.odd"));
    assert!(jpeg(&part(30, 3, 60), 75) == golden.image("jpeg.narrow"));
    assert!(jpeg(&golden.image("colours"), 90) == golden.image("jpeg.colours"));
}

#[test]
fn hulls_are_those_of_opencv_but_for_their_outermost_pixels() {
    let golden = Golden::load();
    let (points, image) = (golden.points(), golden.image("image"));
    let size = (image.width, image.height);
    for (outline, name) in [
        (Outline::Full, "full"),
        (Outline::Components, "components"),
        (Outline::Extended, "extended"),
        (Outline::Convex, "convex"),
    ] {
        let (ours, theirs) = (hull(outline, &points, size), golden.mask(&format!("hull.{name}")));
        let off = differing(&ours, &theirs);
        assert!(off < 0.015, "{name}: {off}");
        let inside = theirs.values.iter().filter(|v| **v > 0).count();
        assert!(inside > 500);
    }
    let soft = hull(Outline::Face, &points, size);
    assert!(differing(&soft, &golden.mask("hull.convex")) < 0.03);
    assert!(soft.values.iter().any(|v| (26..230).contains(v)), "its edge is soft");
}

#[test]
fn movements_are_those_of_opencv() {
    let golden = Golden::load();
    let affine = Affine { scale: [1.04, 0.96], shift: [2.5, -1.25] };
    let image = golden.image("image");
    let whole = Window { x: 0, y: 0, width: image.width as u32, height: image.height as u32 };
    let moved = affine.image(&image, whole);
    // OpenCV places pixels in steps of 1/32.
    assert!(golden.share_beyond(&moved, "moved", 4) < 0.005);
    let mask = affine.mask(&golden.mask("hull.convex"));
    assert!(differing(&mask, &golden.mask("mask.moved")) < 0.002);
    let noise = golden.floats("noise");
    let (width, height) = (mask.width, mask.height);
    let [dx, dy] = [0, 1].map(|i| {
        let values = noise[i * width * height..][..width * height].to_vec();
        Field { width, height, values }
    });
    let moved = elastic(&golden.mask("hull.convex"), [dx, dy]);
    // Noise is smoothed in cells, so that single pixels of the edge differ; about as many
    // move, and those that do not move in the same way are fewer than those that move.
    let (hull, theirs) = (golden.mask("hull.convex"), golden.mask("mask.elastic"));
    let (ours_moved, theirs_moved) = (differing(&moved, &hull), differing(&theirs, &hull));
    assert!((ours_moved / theirs_moved - 1.0).abs() < 0.2, "{ours_moved} and {theirs_moved}");
    let off = differing(&moved, &theirs);
    assert!(off < 0.5 * theirs_moved, "{off} of {theirs_moved}");
}

#[test]
fn softening_and_blending_are_those_of_opencv() {
    let golden = Golden::load();
    let by = Softening { size: (200, 240), first: 15, second: 9, sigma: 12.0 };
    let soft = soften(&golden.mask("hull.convex"), by).unwrap();
    let theirs = golden.field("mask.soft");
    let [left, top] = [soft.window.x, soft.window.y].map(|v| v as usize);
    let (mut off, mut beyond) = (0f32, 0f32);
    for (i, theirs) in theirs.values.iter().enumerate() {
        let (x, y) = (i % 64, i / 64);
        let inside = |v: usize, from: usize, length: usize| (from..from + length).contains(&v);
        if inside(x, left, soft.values.width) && inside(y, top, soft.values.height) {
            let ours = soft.values.values[(y - top) * soft.values.width + x - left];
            off = off.max((ours - theirs).abs());
        } else {
            beyond = beyond.max(*theirs);
        }
    }
    assert!(off < 2e-3, "{off}");
    assert!(beyond < 1e-6, "{beyond} outside of the window");
    let mixed = blend(&golden.image("sharp"), &golden.image("image"), &theirs, 0.75);
    assert_eq!(golden.share_beyond(&mixed, "blend", 1), 0.0);
    assert!(golden.share_beyond(&mixed, "blend", 0) < 0.002);
}

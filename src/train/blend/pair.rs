//! A real and the fake that is made of it, from a stored face: what is drawn, and the order
//! of the steps.

use super::crop::{around_box, around_points};
use super::deform::{Affine, elastic};
use super::field::Field;
use super::hull::{Outline, Point, hull};
use super::mask::Mask;
use super::part::{around, image_beside, overlap, paste, shared, whole};
use super::soften::{Softening, blend, soften};
use super::texture::{coarsen, sharpen};
use proofmark_augmentations::face::Face;
use proofmark_base::rng::Rng;
use proofmark_lang::model::{Hull, PseudoFake};
use proofmark_picture::hsv::shift_hsv;
use proofmark_picture::linear::{cut, image, places};
use proofmark_picture::resize::Window;
use proofmark_picture::shift::{brightness_contrast, shift_rgb};
use proofmark_picture::{Pixels, jpeg};
use proofmark_prepare::landmarks::{FaceMark, Marks, Points, UnitBox};

/// Chance that points of the forehead are left out.
const WITHOUT_FOREHEAD: f64 = 0.25;
/// How much of the mask is blended in.
const RATIOS: [f32; 6] = [0.25, 0.5, 0.75, 1.0, 1.0, 1.0];
/// Factors on the quarter of a box's side that is its margin.
const MARGINS: (f64, f64) = (0.2, 0.8);
/// The factor where nothing is drawn.
const MARGIN: f64 = 0.5;

/// What pseudo-fakes of a data set are made with.
#[derive(Clone, Debug)]
pub struct PseudoSet {
    /// The landmarks of its faces.
    pub marks: Marks,
    /// As declared.
    pub settings: PseudoFake,
    /// Seed of the recipe.
    pub seed: u64,
}

/// What a sample is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Gradient steps: mirrored, augmented and cut at random.
    Training,
    /// Selection: blended alike, and nothing else.
    Selection,
}

/// A real and the fake made of it, of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The target of the blend, whose colours may have been changed.
    pub real: Pixels,
    /// The blend.
    pub fake: Pixels,
}

/// Makes a pair of `side` × `side` pixels. The result is a function of the face, its
/// landmarks, the settings and the numbers that `rng` gives.
///
/// # Panics
/// If the face has no landmarks; such faces are not sampled.
pub fn pair(
    face: Face<'_>,
    mark: &FaceMark,
    settings: &PseudoFake,
    usage: Use,
    side: u32,
    rng: &mut Rng,
) -> Pair {
    let points = mark.points.as_ref().expect("only faces with landmarks are sampled");
    let training = usage == Use::Training;
    let mut picture = Pixels::square(face.rgb.to_vec(), face.side as usize);
    let mut place = Placed::new(points, mark.bbox, face.side);
    if training && rng.chance(0.5) {
        picture.flip();
        place = place.mirrored(f64::from(face.side));
    }
    let window = around_points(place.bounds, (picture.width, picture.height));
    let target = cut(&picture, window);
    let place = place.within(window);
    let factors = match usage {
        Use::Training => [0; 4].map(|_| rng.range(MARGINS.0, MARGINS.1)),
        Use::Selection => [MARGIN; 4],
    };
    let last = around_box(place.bbox, factors, (target.width, target.height));
    let kept = around(last, (target.width, target.height));
    let blended = self_blend(target, kept, &place.points, settings, rng);
    let Blended { mut real, mut fake, part } = blended;
    if training && settings.post_augment {
        augment([&mut real, &mut fake], rng);
    }
    let (fake, changed) = whole(&real, &fake, part);
    let (rows, columns) = places(shared(last, kept), (side as usize, side as usize));
    let real = image(&real, &rows, &columns);
    let fake = image_beside(&real, &fake, changed, &rows, &columns);
    Pair { real, fake }
}

/// An image blended with itself.
struct Blended {
    real: Pixels,
    /// The part in which it differs from the real.
    fake: Pixels,
    part: Window,
}

/// Points and boxes in pixels of an image.
struct Placed {
    points: Vec<Point>,
    /// Around the first 68.
    bounds: [f64; 4],
    /// The detector's.
    bbox: [f64; 4],
}

impl Placed {
    fn new(points: &Points, bbox: UnitBox, side: u32) -> Self {
        let scaled = |v: f32| f64::from(v) * f64::from(side);
        Self {
            points: points.all().iter().map(|p| p.map(scaled)).collect(),
            bounds: points.bounds().map(scaled),
            bbox: bbox.map(scaled),
        }
    }

    /// In the mirrored image. Points keep their numbers: no outline is changed by that.
    fn mirrored(self, width: f64) -> Self {
        let bbox =
            |[left, top, right, bottom]: [f64; 4]| [width - right, top, width - left, bottom];
        Self {
            points: self.points.into_iter().map(|[x, y]| [width - x, y]).collect(),
            bounds: bbox(self.bounds),
            bbox: bbox(self.bbox),
        }
    }

    /// In a part of the image.
    fn within(self, window: Window) -> Self {
        let (x, y) = (f64::from(window.x), f64::from(window.y));
        let bbox =
            |[left, top, right, bottom]: [f64; 4]| [left - x, top - y, right - x, bottom - y];
        Self {
            points: self.points.into_iter().map(|p| [p[0] - x, p[1] - y]).collect(),
            bounds: bbox(self.bounds),
            bbox: bbox(self.bbox),
        }
    }
}

/// The blend of an image with itself, before any augmentation of both, as far as it is kept.
fn self_blend(
    target: Pixels,
    kept: Window,
    points: &[Point],
    settings: &PseudoFake,
    rng: &mut Rng,
) -> Blended {
    let points = if rng.chance(WITHOUT_FOREHEAD) { &points[..68] } else { points };
    let size = (target.width, target.height);
    let outline = outline(settings.hull, rng);
    // A hull of few points may lie outside the picture where that of all does not.
    let mask = first_seen([hull(outline, points, size)], || hull(Outline::Convex, points, size));
    let mut target = target;
    let mut source = target.clone();
    match rng.chance(0.5) {
        true => recolour(&mut source, rng),
        false => recolour(&mut target, rng),
    }
    let moved = draw_affine(size, rng);
    let noise = [0, 1].map(|_| noise(size, rng));
    let softening = draw_softening(rng);
    // Likewise a mask in a corner may be moved out of the picture.
    let mask = first_seen([elastic(&moved.mask(&mask), noise)], || mask);
    let share = soften(&mask, softening);
    let ratio = RATIOS[rng.below(RATIOS.len() as u64) as usize];
    let seen = share.as_ref().map_or(kept, |share| share.window);
    // Beyond its units nothing of the mask is seen.
    let part = shared(around(seen, size), kept);
    let real = cut(&target, kept);
    let mut fake = cut(&real, part);
    if let (Some(share), Some(both)) = (share, overlap(seen, kept)) {
        let source = moved.image(&source, both);
        let mixed = blend(&source, &cut(&target, both), &share.cut(both), ratio);
        let at = (both.x - kept.x - part.x, both.y - kept.y - part.y);
        let all = Window::whole(both.width, both.height);
        paste(&mixed, all, &mut fake, (at.0 as usize, at.1 as usize));
    }
    Blended { real, fake, part }
}

/// The mask, or the other if nothing of it is seen.
fn first_seen([mask]: [Mask; 1], other: impl FnOnce() -> Mask) -> Mask {
    if mask.seen().is_none() { other() } else { mask }
}

fn outline(declared: Hull, rng: &mut Rng) -> Outline {
    const MIXED: [Outline; 4] =
        [Outline::Full, Outline::Extended, Outline::Components, Outline::Face];
    match declared {
        Hull::Mixed => MIXED[rng.below(MIXED.len() as u64) as usize],
        Hull::Face => Outline::Face,
        Hull::Full => Outline::Full,
        Hull::Components => Outline::Components,
        Hull::Extended => Outline::Extended,
        Hull::Convex => Outline::Convex,
    }
}

/// The changes of colour and texture that source and target may differ by.
fn recolour(image: &mut Pixels, rng: &mut Rng) {
    if rng.chance(0.3) {
        shift_rgb(image, [0; 3].map(|_| rng.range(-20.0, 20.0)));
    }
    shift_hsv(image, [0; 3].map(|_| rng.range(-0.3, 0.3)));
    brightness_contrast(image, rng.range(-0.1, 0.1), rng.range(-0.1, 0.1));
    *image = if rng.chance(0.5) {
        coarsen(image, if rng.chance(0.5) { 2 } else { 4 })
    } else {
        sharpen(image, rng.range(0.2, 0.5) as f32, rng.range(0.5, 1.0) as f32)
    };
}

fn draw_affine((width, height): (usize, usize), rng: &mut Rng) -> Affine {
    let mut scale = || rng.range(0.95, 1.0 / 0.95);
    let scale = [scale(), scale()];
    let shift = [rng.range(-0.03, 0.03) * width as f64, rng.range(-0.015, 0.015) * height as f64];
    Affine { scale, shift }
}

/// Uniform from -1 to 1.
fn noise((width, height): (usize, usize), rng: &mut Rng) -> Field {
    let mut bits = vec![0u32; width * height];
    rng.fill_u32(&mut bits);
    // 24 bits, which a signed number holds too.
    let value = |bits: &u32| (bits >> 8) as i32 as f32 / (1u32 << 23) as f32 - 1.0;
    Field { width, height, values: bits.iter().map(value).collect() }
}

fn draw_softening(rng: &mut Rng) -> Softening {
    let mut whole = |from: u64, to: u64| from + rng.below(to - from + 1);
    Softening {
        size: (whole(192, 256) as usize, whole(192, 256) as usize),
        first: 2 * whole(2, 12) as usize + 1,
        second: 2 * whole(2, 12) as usize + 1,
        sigma: whole(5, 45) as f64,
    }
}

/// Changes real and fake with the same numbers.
fn augment([real, fake]: [&mut Pixels; 2], rng: &mut Rng) {
    let mut both = |change: &dyn Fn(&mut Pixels)| {
        change(real);
        change(fake);
    };
    if rng.chance(0.3) {
        let by = [0; 3].map(|_| rng.range(-20.0, 20.0));
        both(&|image| shift_rgb(image, by));
    }
    if rng.chance(0.3) {
        let by = [0; 3].map(|_| rng.range(-0.3, 0.3));
        both(&|image| shift_hsv(image, by));
    }
    if rng.chance(0.3) {
        let (brightness, contrast) = (rng.range(-0.3, 0.3), rng.range(-0.3, 0.3));
        both(&|image| brightness_contrast(image, brightness, contrast));
    }
    if rng.chance(0.5) {
        let quality = 40 + rng.below(61) as u32;
        both(&|image| *image = jpeg(image, quality));
    }
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;

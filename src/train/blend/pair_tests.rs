//! Laws of pairs: what they are a function of, and that something is always blended in.

use proptest::prelude::*;

use super::*;
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{PseudoFakeKind, Split};
use proofmark_prepare::landmarks::example;

fn settings(hull: Hull, post_augment: bool) -> PseudoFake {
    PseudoFake {
        kind: PseudoFakeKind::SelfBlended,
        from: "a".to_owned(),
        train: Split::Train,
        val: Split::Val,
        hull,
        post_augment,
    }
}

/// A picture whose every part differs, so that what is blended shows.
fn picture(side: u32) -> Vec<u8> {
    let value = |i: u32| {
        let (x, y) = (i % side, i / side);
        [
            x * 200 / side + ((i * 7919) >> 4) % 30,
            y * 200 / side + (x * y) % 40,
            (x + y) * 90 / side,
        ]
    };
    (0..side * side).flat_map(|i| value(i).map(|v| (v + 20) as u8)).collect()
}

fn mark(points: Vec<[f32; 2]>) -> FaceMark {
    FaceMark { bbox: [0.2, 0.1, 0.8, 0.9], points: Points::new(points) }
}

fn rng(seed: u64, sample: u64) -> Rng {
    Rng::new(seed, Stream::Blend, 0, sample)
}

#[test]
fn a_pair_is_a_function_of_its_numbers() {
    let rgb = picture(96);
    let face = Face { rgb: &rgb, side: 96 };
    let (settings, mark) = (settings(Hull::Mixed, true), mark(example(81)));
    let make = |sample| pair(face, &mark, &settings, Use::Training, 64, &mut rng(1, sample));
    assert_eq!(make(3), make(3));
    assert_ne!(make(3), make(4));
    assert_eq!((make(3).real.width, make(3).fake.rgb.len()), (64, 64 * 64 * 3));
}

#[test]
fn outside_the_mask_real_and_fake_are_the_same() {
    let rgb = picture(128);
    let face = Face { rgb: &rgb, side: 128 };
    let settings = settings(Hull::Convex, true);
    // Points that leave the corners alone.
    let points = example(68).iter().map(|p| p.map(|v| 0.5 + 0.4 * (v - 0.5))).collect();
    let mark = FaceMark { bbox: [0.3, 0.3, 0.7, 0.7], ..mark(points) };
    for sample in 0..40 {
        let mut numbers = rng(2, sample);
        // Without JPEG, which spreads over blocks.
        let mut plain = settings.clone();
        plain.post_augment = false;
        let Pair { real, fake } = pair(face, &mark, &plain, Use::Selection, 128, &mut numbers);
        assert_eq!(real.rgb[..9], fake.rgb[..9], "sample {sample}");
        assert_ne!(real, fake, "sample {sample}");
    }
}

#[test]
fn selection_is_neither_mirrored_nor_augmented() {
    let rgb = picture(96);
    let face = Face { rgb: &rgb, side: 96 };
    let (settings, mark) = (settings(Hull::Mixed, true), mark(example(68)));
    // Half of the reals are as they were; none is mirrored.
    let left = |p: &Pair| p.real.rgb.chunks(3).step_by(64).map(|v| u32::from(v[0])).sum::<u32>();
    let right =
        |p: &Pair| p.real.rgb.chunks(3).skip(63).step_by(64).map(|v| u32::from(v[0])).sum::<u32>();
    for sample in 0..30 {
        let made = pair(face, &mark, &settings, Use::Selection, 64, &mut rng(1, sample));
        assert!(left(&made) < right(&made));
    }
    let mirrored = (0..100).filter(|sample| {
        let made = pair(face, &mark, &settings, Use::Training, 64, &mut rng(1, *sample));
        left(&made) > right(&made)
    });
    assert!((30..70).contains(&mirrored.count()));
}

/// Something of a face, scaled and moved so, is blended in, in pictures of this size.
fn blends_something(
    seed: u64,
    sample: u64,
    size: (usize, usize),
    scale: f32,
    [x, y]: [f32; 2],
    forehead: bool,
) {
    let place = |p: [f32; 2]| [0.5 + x + scale * (p[0] - 0.5), 0.5 + y + scale * (p[1] - 0.5)];
    let count = if forehead { 81 } else { 68 };
    let points = example(count).into_iter().map(place).collect();
    let Some(points) = Points::new(points) else { return };
    let at = |p: &[f32; 2]| [f64::from(p[0]) * size.0 as f64, f64::from(p[1]) * size.1 as f64];
    let points: Vec<Point> = points.all().iter().map(at).collect();
    let mut rng = rng(seed, sample);
    let outline = outline(Hull::Mixed, &mut rng);
    let mask = first_seen([hull(outline, &points, size)], || hull(Outline::Convex, &points, size));
    assert!(mask.seen().is_some(), "hull");
    let moved = draw_affine(size, &mut rng);
    let noise = [0, 1].map(|_| noise(size, &mut rng));
    let moved = first_seen([elastic(&moved.mask(&mask), noise)], || mask);
    let soft = soften(&moved, draw_softening(&mut rng)).unwrap().values;
    assert!(soft.top() > 0.0, "softened");
    assert!(soft.values.iter().all(|v| (0.0..=1.000_01).contains(v)));
}

#[test]
fn faces_that_hardly_reach_into_a_small_picture_are_blended() {
    blends_something(13102739732436386889, 10, (33, 46), 0.5920689, [-0.578414, 0.0], false);
    blends_something(16544208320640501059, 296, (8, 8), 0.86742586, [0.0, 0.59763676], false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever is drawn, wherever the points are: something is blended in.
    #[test]
    fn masks_are_never_empty(
        seed: u64, sample in 0u64..1000, side in 8usize..200, height in 8usize..200,
        scale in 0.2f32..2.0, x in -0.6f32..0.6, y in -0.6f32..0.6, forehead: bool,
    ) {
        blends_something(seed, sample, (side, height), scale, [x, y], forehead);
    }

    /// Nor does it matter how small a face is, or that it leaves the picture.
    #[test]
    fn any_face_makes_a_pair(
        seed: u64, side in 8u32..120, to in 1u32..100, scale in 0.2f32..2.0,
        x in -0.6f32..0.6, y in -0.6f32..0.6, left in -0.3f32..0.9, top in -0.3f32..0.9,
        width in 0.0f32..0.9, height in 0.0f32..0.9, training: bool,
    ) {
        let place = |p: [f32; 2]| [0.5 + x + scale * (p[0] - 0.5), 0.5 + y + scale * (p[1] - 0.5)];
        let points = Points::new(example(68).into_iter().map(place).collect());
        let mark = FaceMark { bbox: [left, top, left + width, top + height], points };
        if mark.points.is_none() { return Ok(()) }
        let rgb = picture(side);
        let face = Face { rgb: &rgb, side };
        let usage = if training { Use::Training } else { Use::Selection };
        let made = pair(face, &mark, &settings(Hull::Mixed, true), usage, to, &mut rng(seed, 0));
        for image in [made.real, made.fake] {
            prop_assert_eq!(image.rgb.len() as u32, 3 * to * to);
        }
    }
}

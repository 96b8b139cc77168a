//! Laws of decoding and of non-maximum suppression.

use proptest::prelude::*;

use super::*;
use crate::detect::network::OUTPUTS;
use proofmark_base::math::ln_f32 as ln;

fn detection() -> impl Strategy<Value = Detection> {
    let side = || 1f32..60.0;
    (0f32..100.0, 0f32..100.0, side(), side(), 0f32..1.0).prop_map(
        |(x, y, width, height, score)| Detection {
            bbox: [x, y, x + width, y + height],
            score,
            landmarks: [[x, y]; 5],
        },
    )
}

/// Heads of an input of 40 x 33 pixels, with values of any kind.
fn levels() -> impl Strategy<Value = [Vec<f32>; 3]> {
    let value = prop_oneof![
        8 => -4f32..4.0,
        1 => prop::num::f32::ANY,
        1 => Just(1e30),
    ];
    [25, 9, 4].map(|places| prop::collection::vec(value.clone(), places * OUTPUTS))
}

fn borrowed(levels: &[Vec<f32>; 3]) -> [&[f32]; 3] {
    [&levels[0], &levels[1], &levels[2]]
}

#[test]
fn a_box_from_3_to_5_is_three_pixels_wide() {
    let (a, b) = ([0.0, 0.0, 9.0, 9.0], [5.0, 0.0, 14.0, 9.0]);
    assert_eq!(overlap(&a, &b), 50.0 / 150.0);
    assert_eq!(overlap(&a, &[10.0, 0.0, 19.0, 9.0]), 0.0);
}

#[test]
fn anchors_lie_as_published() {
    let levels = [25, 9, 4].map(|places| vec![0f32; places * OUTPUTS]);
    let priors: Vec<Prior> =
        candidates(borrowed(&levels), 40).map(|candidate| candidate.prior((40, 33))).collect();
    assert_eq!(priors.len(), 2 * (25 + 9 + 4));
    let prior = |x: f32, y: f32, side: f32| Prior {
        x: x / 40.0,
        y: y / 33.0,
        width: side / 40.0,
        height: side / 33.0,
    };
    assert_eq!(priors[0], prior(4.0, 4.0, 16.0));
    assert_eq!(priors[3], prior(12.0, 4.0, 32.0));
    assert_eq!(priors[10], prior(4.0, 12.0, 16.0));
    assert_eq!(priors[50], prior(8.0, 8.0, 64.0));
    // Beyond the input: places are counted upwards.
    assert_eq!(priors[75], prior(48.0, 48.0, 512.0));
}

#[test]
fn equals_stay_in_order() {
    let at =
        |x: f32| Detection { bbox: [x, 0.0, x + 10.0, 10.0], score: 0.5, landmarks: [[x, 0.0]; 5] };
    let kept = suppress(vec![at(1.0), at(0.0), at(50.0), at(51.0)], 0.4);
    assert_eq!(kept, [at(1.0), at(50.0)]);
}

proptest! {
    /// Values that were encoded from a box by the paper's formula give it back.
    #[test]
    fn decoding_inverts_encoding(
        (x, y, width, height) in (0f32..1.0, 0f32..1.0, 0.05f32..1.0, 0.05f32..1.0),
        (dx, dy, w, h) in (-0.5f32..0.5, -0.5f32..0.5, 0.05f32..1.0, 0.05f32..1.0),
    ) {
        let prior = Prior { x, y, width, height };
        let (cx, cy) = (x + dx, y + dy);
        let offset = [dx / (0.1 * width), dy / (0.1 * height)];
        let size = [ln(w / width) / 0.2, ln(h / height) / 0.2];
        let values = Values {
            bbox: [offset[0], offset[1], size[0], size[1]],
            classes: [0.0, ln(3.0)],
            landmarks: std::array::from_fn(|i| offset[i % 2]),
        };
        let face = decode(&prior, &values, (200.0, 100.0));
        let [left, right] = [cx - w / 2.0, cx + w / 2.0].map(|x| 200.0 * x);
        let [top, bottom] = [cy - h / 2.0, cy + h / 2.0].map(|y| 100.0 * y);
        for (ours, exact) in face.bbox.into_iter().zip([left, top, right, bottom]) {
            prop_assert!((ours - exact).abs() < 1e-2, "{ours} {exact}");
        }
        for [lx, ly] in face.landmarks {
            prop_assert!((lx - 200.0 * cx).abs() < 1e-2 && (ly - 100.0 * cy).abs() < 1e-2);
        }
        prop_assert!((face.score - 0.75).abs() < 1e-6);
    }

    #[test]
    fn overlap_is_symmetric_and_a_share(a in detection(), b in detection()) {
        let share = overlap(&a.bbox, &b.bbox);
        prop_assert!((0.0..=1.0).contains(&share));
        prop_assert_eq!(share, overlap(&b.bbox, &a.bbox));
        prop_assert_eq!(overlap(&a.bbox, &a.bbox), 1.0);
    }

    #[test]
    fn suppression_keeps_what_no_better_box_covers(
        found in prop::collection::vec(detection(), 0..40), nms in 0f32..1.0,
    ) {
        let kept = suppress(found.clone(), nms);
        for (i, face) in kept.iter().enumerate() {
            for better in &kept[..i] {
                prop_assert!(better.score >= face.score);
                prop_assert!(overlap(&better.bbox, &face.bbox) <= nms);
            }
        }
        for face in &found {
            let covered = |better: &Detection| {
                better.score >= face.score && overlap(&better.bbox, &face.bbox) > nms
            };
            prop_assert!(kept.contains(face) || kept.iter().any(covered));
        }
        let best = found.iter().map(|face| face.score).fold(0.0, f32::max);
        prop_assert_eq!(kept.first().map_or(0.0, |face| face.score), best);
        prop_assert_eq!(suppress(kept.clone(), nms), kept);
    }

    #[test]
    fn suppression_does_not_depend_on_order(
        (found, mixed) in prop::collection::vec(detection(), 0..40)
            .prop_flat_map(|found| (Just(found.clone()), Just(found).prop_shuffle())),
    ) {
        let mut scores: Vec<f32> = found.iter().map(|face| face.score).collect();
        scores.sort_by(f32::total_cmp);
        prop_assume!(scores.windows(2).all(|pair| pair[0] != pair[1]));
        prop_assert_eq!(suppress(found, 0.4), suppress(mixed, 0.4));
    }

    /// Whatever the network says: no panic, and only faces that were asked for.
    #[test]
    fn faces_are_finite_and_as_asked_for(levels in levels(), score: f32, min_side in -1f32..50.0) {
        let options = Options { score, nms: 0.4, min_side, long_side: 0 };
        for face in faces(borrowed(&levels), (40, 33), (80.0, 66.0), &options) {
            let [x1, y1, x2, y2] = face.bbox;
            prop_assert!(face.bbox.iter().all(|v| v.is_finite()));
            prop_assert!(face.landmarks.as_flattened().iter().all(|v| v.is_finite()));
            prop_assert!(face.score >= score && x2 - x1 >= min_side && y2 - y1 >= min_side);
        }
    }
}

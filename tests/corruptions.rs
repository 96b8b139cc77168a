//! Corruptions of faces against Pillow and SciPy, and the laws of noise.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use proofmark_base::rng::{Rng, Stream};
use proofmark_corruptions::{
    ALL, BLUR, Corruption, CorruptionKind, JPEG, NOISE, RESIZE, SOCIAL, Values,
};
use proofmark_picture::Pixels;

const SIDE: u32 = 96;

fn golden() -> BTreeMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/corruptions/corruptions.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect()
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// A face after a corruption; `id` is its number for random streams.
fn corrupt(face: &[u8], kind: CorruptionKind, at: f64, id: u64) -> Vec<u8> {
    let image = Pixels::square(face.to_vec(), SIDE as usize);
    Corruption { kind, at }.apply(&image, &mut Rng::new(0, Stream::Corruption, 0, id)).rgb
}

/// Largest and mean difference in grey levels from the golden results of a kind.
fn differences(kind: CorruptionKind) -> Vec<(f64, u8, f64)> {
    let golden = golden();
    let face = bytes(&golden["face"]);
    let mut found = Vec::new();
    for (name, expected) in &golden {
        let Some(at) = name.strip_prefix(&format!("{}|", kind.word)) else { continue };
        let at: f64 = at.parse().unwrap();
        let ours = corrupt(&face, kind, at, 0);
        let off: Vec<u8> = ours.iter().zip(bytes(expected)).map(|(a, b)| a.abs_diff(b)).collect();
        assert_eq!(off.len(), face.len());
        let mean = off.iter().map(|d| f64::from(*d)).sum::<f64>() / off.len() as f64;
        found.push((at, off.into_iter().max().unwrap(), mean));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

#[test]
fn jpeg_is_pillows_to_the_byte() {
    let found = differences(JPEG);
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(_, most, _)| *most == 0), "{found:?}");
}

#[test]
fn shrinking_and_enlarging_is_pillows_to_the_byte() {
    let found = differences(RESIZE);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, most, _)| *most == 0), "{found:?}");
}

#[test]
fn a_picture_that_is_shared_twice_is_pillows_to_the_byte() {
    let found = differences(SOCIAL);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, most, _)| *most == 0), "{found:?}");
}

#[test]
fn blur_is_scipys_to_a_grey_level_where_rounding_differs() {
    let found = differences(BLUR);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|(_, most, mean)| *most <= 1 && *mean < 1e-3), "{found:?}");
}

#[test]
fn noise_has_its_deviation_and_belongs_to_the_face() {
    let face = vec![128u8; (3 * SIDE * SIDE) as usize];
    let noise = |at: f64, id| corrupt(&face, NOISE, at, id);
    for at in [2.0, 10.0, 30.0] {
        let off: Vec<f64> = noise(at, 7).iter().map(|b| f64::from(*b) - 128.0).collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        let deviation =
            (off.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / off.len() as f64).sqrt();
        assert!(mean.abs() < 0.05 * at, "{mean}");
        // Rounding to whole levels adds a twelfth to the variance.
        let expected = (at * at + 1.0 / 12.0).sqrt();
        assert!((deviation / expected - 1.0).abs() < 0.03, "{at}: {deviation}");
    }
    assert_eq!(noise(10.0, 7), noise(10.0, 7));
    assert_ne!(noise(10.0, 7), noise(10.0, 8));
}

#[test]
fn the_weakest_corruptions_leave_a_face_alone() {
    let face = bytes(&golden()["face"]);
    let after = |kind, at| corrupt(&face, kind, at, 0);
    assert!(after(RESIZE, 1.0) == face);
    assert!(after(NOISE, 1e-6) == face);
    assert!(after(BLUR, 0.1) == face);
    // A face of one pixel is a colour.
    let gone = after(RESIZE, 1e-6);
    assert!(gone.chunks(3).all(|pixel| pixel == &gone[..3]));
}

#[test]
fn every_kind_says_what_it_is_and_keeps_the_size_at_every_strength() {
    let face = bytes(&golden()["face"]);
    for kind in ALL {
        assert_eq!(CorruptionKind::of(kind.word), Some(*kind));
        let strengths = match kind.strength.values {
            Values::Whole(low, high) => [f64::from(low), f64::from(high)],
            Values::From(low, high) => [low, high],
            Values::UpTo(high) => [high / 1e6, high],
            Values::Share => [1e-6, 1.0],
        };
        for at in strengths {
            assert_eq!(corrupt(&face, *kind, at, 0).len(), face.len(), "{kind:?} {at}");
            let corruption = Corruption { kind: *kind, at };
            let text = serde_json::to_string(&corruption).unwrap();
            assert_eq!(serde_json::from_str::<Corruption>(&text).unwrap(), corruption);
        }
    }
    let unknown = serde_json::from_str::<Corruption>(r#"{"kind":"fog","at":1.0}"#).unwrap_err();
    assert!(unknown.to_string().starts_with("no corruption `fog`"), "{unknown}");
}

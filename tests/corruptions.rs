//! Corruptions of faces against Pillow and SciPy, and the laws of noise.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use proofmark_lang::model::{Corruption, CorruptionKind};
use proofmark_prepare::corrupt::corrupt;

const SIDE: u32 = 96;

fn golden() -> BTreeMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/corruptions/corruptions.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect()
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Largest and mean difference in grey levels from the golden results of a kind.
fn differences(kind: CorruptionKind, word: &str) -> Vec<(f64, u8, f64)> {
    let golden = golden();
    let face = bytes(&golden["face"]);
    let mut found = Vec::new();
    for (name, expected) in &golden {
        let Some(at) = name.strip_prefix(&format!("{word}|")) else { continue };
        let at: f64 = at.parse().unwrap();
        let ours = corrupt(&face, SIDE, Corruption { kind, at }, 0);
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
    let found = differences(CorruptionKind::Jpeg, "jpeg");
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(_, most, _)| *most == 0), "{found:?}");
}

#[test]
fn shrinking_and_enlarging_is_pillows_to_the_byte() {
    let found = differences(CorruptionKind::Resize, "resize");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, most, _)| *most == 0), "{found:?}");
}

#[test]
fn blur_is_scipys_within_two_grey_levels() {
    let found = differences(CorruptionKind::Blur, "blur");
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|(_, most, mean)| *most <= 2 && *mean < 0.2), "{found:?}");
}

#[test]
fn noise_has_its_deviation_and_belongs_to_the_face() {
    let face = vec![128u8; (3 * SIDE * SIDE) as usize];
    let noise = |at, id| corrupt(&face, SIDE, Corruption { kind: CorruptionKind::Noise, at }, id);
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
    let after = |kind, at| corrupt(&face, SIDE, Corruption { kind, at }, 0);
    assert!(after(CorruptionKind::Resize, 1.0) == face);
    assert!(after(CorruptionKind::Noise, 1e-6) == face);
    assert!(after(CorruptionKind::Blur, 0.1) == face);
    // A face of one pixel is a colour.
    let gone = after(CorruptionKind::Resize, 1e-6);
    assert!(gone.chunks(3).all(|pixel| pixel == &gone[..3]));
}

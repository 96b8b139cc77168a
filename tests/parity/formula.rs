//! Numbers that Python and Rust compute alike, to the last bit, and the fingerprints of
//! tensors too large for a golden file. tests/golden/parity/formula.py is the same in
//! Python.

use serde::Deserialize;

/// The finaliser of MurmurHash3.
fn mix(mut x: u32) -> u32 {
    x = (x ^ x >> 16).wrapping_mul(0x85EB_CA6B);
    x = (x ^ x >> 13).wrapping_mul(0xC2B2_AE35);
    x ^ x >> 16
}

/// Pseudo-random words of the stream called `stream`.
fn words(stream: &str, count: usize) -> impl Iterator<Item = u32> + use<> {
    let fnv = |seed: u32, byte: u8| (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let seed = stream.bytes().fold(0x811C_9DC5, fnv);
    (0..count as u32).map(move |i| mix(mix(i) ^ seed))
}

/// `count` numbers in [-1, 1) with 24 random bits.
pub fn units(stream: &str, count: usize) -> impl Iterator<Item = f32> + use<> {
    words(stream, count).map(|word| ((word >> 8) as i32 - (1 << 23)) as f32 / (1 << 23) as f32)
}

/// First values of a network's parameter.
pub fn parameter(name: &str, shape: &[usize]) -> Vec<f32> {
    let values = units(name, shape.iter().product());
    if name == "cls_token" || name == "pos_embed" {
        return values.map(|v| v / 4.0).collect();
    }
    if shape.len() == 1 {
        return match name.ends_with("weight") {
            true => values.map(|v| 1.0 + v / 4.0).collect(),
            false => values.map(|v| v / 8.0).collect(),
        };
    }
    let inputs: usize = shape[1..].iter().product();
    let mut scale = 1;
    while 3 * scale * scale < inputs {
        scale *= 2;
    }
    values.map(|v| v / scale as f32).collect()
}

/// A tensor in a few numbers.
#[derive(Debug, Deserialize)]
pub struct Fingerprint {
    norm: f64,
    max: f64,
    projections: Vec<f64>,
    entries: Vec<f64>,
}

impl Fingerprint {
    /// How far `values` are from the tensor that left this fingerprint: along random
    /// directions in shares of its norm, at some entries in shares of the largest.
    pub fn distance(&self, name: &str, values: &[f32]) -> f64 {
        assert!(self.norm > 0.0 && self.max > 0.0, "{name} is zero in the reference");
        let mut worst = 0f64;
        for (k, theirs) in self.projections.iter().enumerate() {
            let direction = units(&format!("projection {k} {name}"), values.len());
            let ours: f64 =
                values.iter().zip(direction).map(|(v, d)| f64::from(*v) * f64::from(d)).sum();
            worst = worse(worst, (ours - theirs) / self.norm);
        }
        let places = words(&format!("entries {name}"), self.entries.len());
        for (theirs, place) in self.entries.iter().zip(places) {
            let ours = f64::from(values[place as usize % values.len()]);
            worst = worse(worst, (ours - theirs) / self.max);
        }
        worst
    }
}

/// The larger error; one that is not a number is the largest.
pub fn worse(worst: f64, error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { worst.max(error.abs()) }
}

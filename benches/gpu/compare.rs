//! What a network computes on a device, held against the same on our own CPU: embeddings, the gradient of every
//! parameter, running statistics. Weights and images are random; nothing but this program is needed.

use std::collections::BTreeMap;
use std::time::Instant;

use candle_core::Tensor;
use proofmark_model::architecture::Architecture;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::params::Params;

use crate::network::{Place, Training};
use crate::{Outcome, tell};

/// How far embeddings, gradients and statistics may be off, relative to the largest number of each. Batch norm makes
/// much of rounding where maps are small.
const NEAR: [f32; 3] = [1e-4, 1e-3, 1e-5];
/// Gradients that are smaller than this part of the largest are nothing but rounding: shifts that a batch norm behind
/// takes away have none.
const NOTHING: f32 = 1e-6;

/// Values by name: embeddings, gradients, statistics.
type Found = [BTreeMap<String, Vec<f32>>; 3];

fn values(tensor: &Tensor) -> Outcome<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

/// The first weights of a network; what is one number for all channels is not.
fn begin(params: &Params) -> Outcome<()> {
    randomize(params, Scheme::Xavier, 0, |_| true)?;
    for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.shape.len() == 1) {
        let wave = (0..spec.count()).map(|k| ((37 * k + 11 * i) % 101) as f32 / 500.0 - 0.1);
        let wave: Vec<f32> = wave.collect();
        let wave = Tensor::from_vec(wave, spec.count(), &candle_core::Device::Cpu)?;
        params.set(i, &(params.tensor(i)? + wave)?)?;
    }
    Ok(())
}

fn compute(
    network: &Architecture,
    place: &Place,
    images: &[f32],
    classes: &[u32],
) -> Outcome<Found> {
    let params = place.params(network)?;
    begin(&params)?;
    let mut training = Training::new(network, &params, place.precision)?;
    let alone = values(&training.network.embed(images, None)?)?;
    training.differentiate(images.into(), classes)?;
    let mut found =
        [BTreeMap::from([("alone".to_owned(), alone)]), BTreeMap::new(), BTreeMap::new()];
    for (i, spec) in params.specs().iter().enumerate() {
        let (kind, tensor) = match spec.trained() {
            true => (1, training.grads.tensor(i)?),
            false => (2, params.tensor(i)?),
        };
        found[kind].insert(spec.name.clone(), values(&tensor)?);
    }
    Ok(found)
}

fn largest(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0, |top, v| top.max(v.abs()))
}

/// The largest difference relative to the largest number, and whose it is. What is no number is infinitely far.
fn off<'a>(
    got: &BTreeMap<String, Vec<f32>>,
    expected: &'a BTreeMap<String, Vec<f32>>,
    nothing: f32,
) -> (f32, &'a str) {
    let mut worst = (0f32, "");
    for (name, expected) in expected {
        let top = largest(expected);
        let differences = got[name].iter().zip(expected).map(|(a, b)| (a - b).abs());
        let most =
            differences.fold(0f32, |most, d| if d.is_nan() { f32::INFINITY } else { most.max(d) });
        if top <= nothing && most <= 10.0 * nothing {
            continue;
        }
        if most / top > worst.0 {
            worst = (most / top, name);
        }
    }
    worst
}

/// Computes on both, and prints how far they are apart.
pub fn run(device: &str, network: &str, batch: usize) -> Outcome<()> {
    let network = crate::network::read(network)?;
    let pixels = 3 * network.image() * network.image();
    let images: Vec<f32> =
        (0..batch * pixels).map(|i| (i * i % 7919) as f32 / 2000.0 - 2.0).collect();
    let classes: Vec<u32> = (0..batch as u32).map(|i| i % 2).collect();
    let begun = Instant::now();
    let place = Place::new(device, "f32")?;
    let got = compute(&network, &place, &images, &classes)?;
    let seconds = begun.elapsed().as_secs_f64();
    let expected = compute(&network, &Place::new("cpu", "f32")?, &images, &classes)?;
    let nothing = expected[1].values().fold(0f32, |top, v| top.max(largest(v))) * NOTHING;
    let apart: Vec<(f32, &str)> = (0..3)
        .map(|kind| off(&got[kind], &expected[kind], if kind == 1 { nothing } else { 0.0 }))
        .collect();
    let ok = apart.iter().zip(NEAR).all(|((off, _), near)| *off <= near);
    let [embedding, gradient, statistics] = [0, 1, 2].map(|kind| apart[kind].0);
    tell(&serde_json::json!({
        "device": place.name(), "embedding": embedding, "gradient": gradient, "worst": apart[1].1,
        "statistics": statistics, "ok": ok, "seconds": seconds,
    }));
    match ok {
        true => Ok(()),
        false => Err("they are not near enough".into()),
    }
}

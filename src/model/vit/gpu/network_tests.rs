use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};

use super::*;
use crate::backbone::{Backbone as _, Trunk};
use crate::gradients::Gradients;
use crate::init::{Scheme, randomize};
use crate::params::Params;
use crate::vit::composed::Composed;
use proofmark_base::rng::{Rng, Stream};
use proofmark_emulation::{Emulation, Order};

fn config() -> VitConfig {
    VitConfig {
        patch: 4,
        width: 24,
        depth: 3,
        heads: 3,
        image: 12,
        hidden: 44,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.4,
        classes: 2,
    }
}

fn variants() -> [VitConfig; 3] {
    [
        config(),
        VitConfig { layer_scale: Some(0.3), registers: 2, ..config() },
        VitConfig { pool: Pool::Cls, patch: 6, ..config() },
    ]
}

/// Numbers that a seed decides.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// A network's parameters, none at what it begins with.
fn params(config: &VitConfig) -> Params {
    let params = Params::zeros(config.parameters(), &Device::Cpu).unwrap();
    randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
    for (i, var) in params.vars().iter().enumerate() {
        let noise = numbers(var.elem_count(), i as u64);
        let noise = Tensor::from_vec(noise, var.shape(), &Device::Cpu).unwrap();
        var.set(&(var.as_tensor() + (noise * 0.1).unwrap()).unwrap()).unwrap();
    }
    params
}

/// Embeddings, and the gradients of all parameters but the head's, by name.
type Pass = (Vec<f32>, Vec<(String, Vec<f32>)>);

/// What a trunk of candle's or our own on the CPU computes.
fn on_cpu(
    trunk: &mut dyn Trunk,
    params: &Params,
    images: &[f32],
    dembedding: &[f32],
    drop: Option<DropPath>,
) -> Pass {
    let mut grads = Gradients::new(params);
    let embedding = trunk.embed_keeping(params, images, drop).unwrap();
    let given = Tensor::from_slice(dembedding, embedding.shape(), &Device::Cpu).unwrap();
    trunk.backward(params, &given, &mut grads).unwrap();
    let trained = params.specs().iter().enumerate().filter(|(i, _)| grads.is_written(*i));
    let gradients = trained.map(|(i, spec)| {
        (spec.name.clone(), grads.tensor(i).unwrap().flatten_all().unwrap().to_vec1().unwrap())
    });
    (embedding.flatten_all().unwrap().to_vec1().unwrap(), gradients.collect())
}

/// What the network on the GPU computes, twice if `add`.
fn on_gpu(
    config: &VitConfig,
    (precision, order): (Precision, Order),
    params: &Params,
    images: &[f32],
    dembedding: &[f32],
    drop: Option<DropPath>,
    add: bool,
) -> Pass {
    let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(order));
    let specs = params.specs().iter().filter(|spec| !spec.name.starts_with("head."));
    let places = Arc::new(Places::new(specs));
    let values = Resident::zeros(&gpu, Arc::clone(&places)).unwrap();
    for (name, range) in places.all() {
        let host: Vec<f32> = params.get(name).flatten_all().unwrap().to_vec1().unwrap();
        values.change().part(range).set(&*gpu, &host).unwrap();
    }
    let mut network = OnGpu::new(&gpu, config.clone(), precision).unwrap();
    let gradient = gradients(&gpu, &places).unwrap();
    // A pass of more images first: buffers are larger than needed then.
    let more = [images, images].concat();
    network.forward(&values, &more, None, false).unwrap();
    let embedding = network.forward(&values, images, drop, true).unwrap();
    network.backward(&values, dembedding, &gradient, false).unwrap();
    if add {
        network.backward(&values, dembedding, &gradient, true).unwrap();
    }
    let read = |(name, range): (&str, Range<usize>)| {
        (name.to_owned(), gradient.all().part(range).get(&*gpu).unwrap())
    };
    (embedding, places.all().map(read).collect())
}

/// The largest difference relative to the largest number.
fn off(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let top = expected.iter().fold(1e-12f32, |top, v| top.max(v.abs()));
    got.iter().zip(expected).fold(0f32, |off, (a, b)| off.max((a - b).abs() / top))
}

fn assert_near(got: &Pass, expected: &Pass, forward: f32, backward: f32) {
    assert!(off(&got.0, &expected.0) < forward, "embeddings: {}", off(&got.0, &expected.0));
    let mut expected_by_name = expected.1.clone();
    expected_by_name.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(got.1.len(), expected_by_name.len());
    for ((name, got), (expected_name, expected)) in got.1.iter().zip(&expected_by_name) {
        assert_eq!(name, expected_name);
        assert!(off(got, expected) < backward, "{name}: {}", off(got, expected));
    }
}

const DROP: DropPath = DropPath { seed: 1, epoch: 0, step: 7, offset: 0 };

#[test]
fn embeddings_and_gradients_are_those_of_the_cpu() {
    for config in variants() {
        let params = params(&config);
        let images = numbers(5 * 3 * 144, 90);
        let dembedding = numbers(5 * config.width, 91);
        for drop in [None, Some(DROP)] {
            let mut trunk = config.trunk(true, Precision::F32);
            let expected = on_cpu(&mut *trunk, &params, &images, &dembedding, drop);
            let run = |order| {
                let how = (Precision::F32, order);
                on_gpu(&config, how, &params, &images, &dembedding, drop, false)
            };
            let got = run(Order::Forwards);
            assert_near(&got, &expected, 1e-5, 1e-4);
            assert_eq!(got, run(Order::Backwards), "the order of threads counts");
        }
    }
}

#[test]
fn gradients_of_parts_are_added() {
    let config = variants()[1].clone();
    let params = params(&config);
    let (images, dembedding) = (numbers(2 * 3 * 144, 92), numbers(2 * config.width, 93));
    let run = |add| {
        let how = (Precision::F32, Order::Forwards);
        on_gpu(&config, how, &params, &images, &dembedding, Some(DROP), add)
    };
    let (mut once, twice) = (run(false), run(true));
    once.1.iter_mut().flat_map(|(_, values)| values).for_each(|v| *v *= 2.0);
    assert_near(&twice, &once, 1e-6, 1e-5);
}

/// Root of the mean square of differences, relative to that of what is expected.
fn apart(got: &[f32], expected: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v) * f64::from(v);
    let differences: f64 = got.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (differences / expected.iter().map(|v| square(*v)).sum::<f64>()).sqrt()
}

#[test]
fn in_bf16_it_is_nearer_to_f32_than_candle_in_bf16() {
    let (mut ours, mut theirs) = ([0f64; 2], [0f64; 2]);
    for config in variants() {
        let params = params(&config);
        let images = numbers(5 * 3 * 144, 94);
        let dembedding = numbers(5 * config.width, 95);
        let mut exact = config.trunk(true, Precision::F32);
        let mut composed = Composed::new(config.clone(), DType::BF16);
        let exact = on_cpu(&mut *exact, &params, &images, &dembedding, Some(DROP));
        let composed = on_cpu(&mut composed, &params, &images, &dembedding, Some(DROP));
        let how = (Precision::Bf16, Order::Forwards);
        let got = on_gpu(&config, how, &params, &images, &dembedding, Some(DROP), false);
        ours[0] += apart(&got.0, &exact.0);
        theirs[0] += apart(&composed.0, &exact.0);
        let by_name = |pass: Pass| pass.1.into_iter().collect::<BTreeMap<_, _>>();
        let (exact, composed) = (by_name(exact), by_name(composed));
        for (name, got) in &got.1 {
            let off = apart(got, &exact[name]);
            assert!(off < 0.05, "{name}: {off}");
            ours[1] += off;
            theirs[1] += apart(&composed[name], &exact[name]);
        }
    }
    assert!(ours[0] > 0.001 && ours[0] < theirs[0], "embeddings: {ours:?}, candle {theirs:?}");
    assert!(ours[1] < theirs[1], "gradients: {ours:?}, candle {theirs:?}");
}

#[test]
fn what_cannot_be_run_is_refused() {
    let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
    let narrow = VitConfig { width: 30, ..config() };
    let error = OnGpu::new(&gpu, narrow, Precision::F32).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the GPU cannot run this network: its width, 30, is no multiple of 4 up to 4096"
    );
    let mut network = OnGpu::new(&gpu, config(), Precision::F32).unwrap();
    let places = Arc::new(Places::new(&config().parameters()));
    let values = Resident::zeros(&gpu, Arc::clone(&places)).unwrap();
    let gradient = gradients(&gpu, &places).unwrap();
    let error = network.backward(&values, &[0.0], &gradient, false).unwrap_err();
    assert_eq!(error.to_string(), "the GPU cannot go back: no forward pass was kept for it");
    let error = network.forward(&values, &[0.0; 7], None, true).unwrap_err();
    assert_eq!(error.to_string(), "the GPU cannot embed: 7 values are not images of 432");
}

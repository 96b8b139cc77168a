use std::collections::{BTreeMap, BTreeSet};

use candle_core::Device::Cpu;
use candle_core::Tensor;

use super::*;
use crate::architecture::Architecture;
use crate::backbone::Trunk;
use crate::efficientnet::EfficientNetConfig;
use crate::gradients::Gradients;
use crate::init::{Scheme, randomize};
use crate::params::Params;
use crate::xception::XceptionConfig;
use proofmark_base::rng::{Rng, Stream};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_lang::model::Precision;

/// All stages, one of two blocks, so that there are shortcuts with drop path; between two and six channels squeezed.
fn efficientnet(image: usize) -> Architecture {
    let config = EfficientNetConfig {
        width: 0.3,
        depth: 0.4,
        image,
        dropout: 0.3,
        momentum: 0.1,
        drop_path: 0.5,
        classes: 2,
    };
    config.into()
}

fn xception(image: usize) -> Architecture {
    XceptionConfig { image, dropout: 0.3, momentum: 0.1, classes: 2 }.into()
}

/// Numbers that a seed decides.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// A network's parameters, none at what it begins with.
fn params(network: &Architecture) -> Params {
    let params = Params::zeros(network.parameters()).unwrap();
    randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
    for (i, spec) in params.specs().iter().enumerate().filter(|(_, spec)| spec.shape.len() == 1) {
        let noise = Tensor::from_vec(numbers(spec.count(), i as u64), spec.count(), &Cpu).unwrap();
        params.set(i, &(params.tensor(i).unwrap() + (noise * 0.1).unwrap()).unwrap()).unwrap();
    }
    params
}

/// The same on a GPU.
fn moved(network: &Architecture, params: &Params, order: Order) -> Params {
    let device = Device::Gpu(Arc::new(Emulation::new(order)));
    let there = network.params(&device).unwrap();
    for i in 0..params.specs().len() {
        there.set(i, &params.tensor(i).unwrap()).unwrap();
    }
    there
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

const DROP: Option<DropPath> = Some(DropPath { seed: 1, epoch: 0, step: 7, offset: 0 });

/// What a network computes.
#[derive(PartialEq)]
struct Pass {
    embedding: Vec<f32>,
    /// Without running statistics, and without what is kept.
    alone: Vec<f32>,
    /// By name, of all parameters but the head's.
    gradients: BTreeMap<String, Vec<f32>>,
    /// By name.
    statistics: BTreeMap<String, Vec<f32>>,
}

fn pass(network: &Architecture, params: &Params, images: &[f32], drop: Option<DropPath>) -> Pass {
    let gpu = params.resident().map(Resident::gpu);
    let mut trunk = network.trunk(gpu, Precision::F32);
    let trained = || params.specs().iter().enumerate().filter(|(_, spec)| spec.trained());
    let embedding = trunk.embed_keeping(params, images.into(), drop).unwrap();
    // More images, of which nothing is kept: buffers are larger than needed then, and what is kept stays.
    trunk.embed(params, (&[images, images].concat()).into(), None).unwrap();
    let given = numbers(embedding.elem_count(), 91);
    let given = Tensor::from_slice(&given, embedding.shape(), &Cpu).unwrap();
    let mut grads = Gradients::new(params);
    trunk.backward(params, &given, &mut grads).unwrap();
    let named = |i: usize, values: Tensor| (params.specs()[i].name.clone(), self::values(&values));
    let written = trained().filter(|(i, _)| grads.is_written(*i));
    let gradients = written.map(|(i, _)| named(i, grads.tensor(i).unwrap())).collect();
    for _ in 0..2 {
        trunk.update_running_statistics(params).unwrap();
    }
    let statistics = params.specs().iter().enumerate().filter(|(_, spec)| !spec.trained());
    Pass {
        embedding: values(&embedding),
        alone: values(&trunk.embed(params, images.into(), drop).unwrap()),
        gradients,
        statistics: statistics.map(|(i, _)| named(i, params.tensor(i).unwrap())).collect(),
    }
}

/// The largest difference relative to the largest number.
fn off(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let top = largest(expected).max(1e-12);
    got.iter().zip(expected).fold(0f32, |off, (a, b)| match (a - b).is_nan() {
        true => f32::INFINITY,
        false => off.max((a - b).abs() / top),
    })
}

/// The largest of some numbers.
fn largest<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> f32 {
    numbers.into_iter().fold(0.0, |top, v| top.max(v.abs()))
}

/// Gradients that are nothing but rounding are those of shifts that the next batch norm takes away by the batch.
fn assert_near(got: &Pass, expected: &Pass, own: bool) {
    let embedding = off(&got.embedding, &expected.embedding);
    assert!(embedding < 1e-5, "embeddings: {embedding}");
    let alone = off(&got.alone, &expected.alone);
    assert!(alone < 1e-5, "embeddings that are not kept: {alone}");
    let least = if own { 1e-6 } else { 0.0 };
    let nothing = least * largest(expected.gradients.values().flatten());
    assert!(got.gradients.keys().eq(expected.gradients.keys()));
    let mut vanishing = 0;
    for (name, got) in &got.gradients {
        let expected = &expected.gradients[name];
        if largest(expected) < nothing {
            vanishing += 1;
            assert!(largest(got) < nothing && name.ends_with("bias"), "gradient of {name}");
            continue;
        }
        let off = off(got, expected);
        assert!(off < 1e-4, "gradient of {name}: {off}");
    }
    assert!(vanishing < got.gradients.len() / 5, "{vanishing} gradients are nothing");
    assert!(got.statistics.keys().eq(expected.statistics.keys()));
    for (name, got) in &got.statistics {
        let off = off(got, &expected.statistics[name]);
        assert!(off < 1e-5, "{name}: {off}");
    }
}

/// Holds a network on a GPU that works in these orders against the CPU's.
fn hold(network: &Architecture, images: usize, drop: Option<DropPath>, orders: &[Order]) {
    let images = numbers(images * 3 * network.image() * network.image(), 90);
    let params = params(network);
    let run = |order: &Order| pass(network, &moved(network, &params, *order), &images, drop);
    let got: Vec<Pass> = orders.iter().map(run).collect();
    let expected = pass(network, &params.copy().unwrap(), &images, drop);
    assert_near(&got[0], &expected, drop.is_some());
    assert!(got.iter().all(|other| *other == got[0]), "the order of threads counts");
    let trained = params.specs().iter().filter(|spec| spec.trained()).map(|spec| &spec.name);
    let below = trained.filter(|name| !network.head().contains(&name.as_str()));
    assert!(got[0].gradients.keys().eq(below.collect::<BTreeSet<_>>()), "all but the head's");
    for (name, now) in &got[0].statistics {
        let same = &values(params.get(name)) == now;
        assert_eq!(same, drop.is_none(), "{name}: training alone moves it");
    }
}

const BOTH: [Order; 2] = [Order::Forwards, Order::Backwards];

#[test]
fn an_efficientnet_is_that_of_the_cpu() {
    hold(&efficientnet(33), 3, DROP, &BOTH);
    hold(&efficientnet(48), 2, None, &BOTH[..1]);
}

/// While training it takes images of which more than a few pixels are left: a batch norm of two or three numbers
/// makes much of rounding.
#[test]
fn an_xception_is_that_of_the_cpu() {
    hold(&xception(7), 2, None, &BOTH);
    hold(&xception(39), 3, DROP, &BOTH[..1]);
}

#[test]
fn gradients_of_parts_are_added() {
    let network = efficientnet(32);
    let params = moved(&network, &params(&network), Order::Forwards);
    let images = numbers(2 * 3 * 32 * 32, 92);
    let mut trunk = network.trunk(params.resident().map(Resident::gpu), Precision::F32);
    let embedding = trunk.embed_keeping(&params, (&images).into(), DROP).unwrap();
    let mut grads = Gradients::new(&params);
    let mut after = Vec::new();
    for _ in 0..2 {
        trunk.backward(&params, &embedding, &mut grads).unwrap();
        let trained = params.specs().iter().enumerate().filter(|(_, spec)| spec.trained());
        let written = trained.filter(|(i, _)| grads.is_written(*i));
        after.push(written.map(|(i, _)| values(&grads.tensor(i).unwrap())).collect::<Vec<_>>());
    }
    for (once, twice) in after[0].iter().zip(&after[1]) {
        let expected: Vec<f32> = once.iter().map(|v| 2.0 * v).collect();
        assert!(off(twice, &expected) < 1e-6);
    }
}

#[test]
fn what_cannot_be_run_is_refused() {
    let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
    let network = efficientnet(32);
    let params = network.params(&Device::Gpu(Arc::clone(&gpu))).unwrap();
    let mut trunk: Box<dyn Trunk> = network.trunk(Some(&gpu), Precision::Bf16);
    let says = |error: candle_core::Error, what: &str| {
        let error = error.to_string();
        assert!(error.starts_with(what), "{error}");
    };
    let mut grads = Gradients::new(&params);
    let width = network.embedding_width();
    let given = Tensor::zeros((1, width), candle_core::DType::F32, &Cpu).unwrap();
    let error = trunk.backward(&params, &given, &mut grads).unwrap_err();
    says(error, "the GPU cannot go back: no forward pass was kept for it");
    let error = trunk.embed(&params, (&vec![0.0; 7]).into(), None).unwrap_err();
    says(error, "the GPU cannot embed: 7 values are not images of 3072");
    trunk.embed_keeping(&params, (&vec![0.5; 2 * 3072]).into(), None).unwrap();
    let error = trunk.backward(&params, &given, &mut grads).unwrap_err();
    says(error, &format!("the GPU cannot go back: {width} values are no gradient of 2 embeddings"));
    // There are no moments of a pass that did not train.
    let before = params.snapshot().unwrap();
    trunk.update_running_statistics(&params).unwrap();
    for (name, value) in params.snapshot().unwrap() {
        assert_eq!(values(&value), values(&before[&name]), "{name}");
    }
}

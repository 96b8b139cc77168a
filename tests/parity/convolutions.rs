//! Networks with batch norm against timm: logits and every gradient, while training and at
//! evaluation, and what batch norm counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device as Place;
use proofmark_lang::model::{Loss, Precision};
use proofmark_model::architecture::Architecture;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::{Gradient, Gradients};
use proofmark_model::losses::{Targets, cross_entropy};
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_train::step::{Batch, gradients};
use serde::Deserialize;

use crate::engine::cross_entropy as entropy;
use crate::formula::{Fingerprint, parameter, units, worse};

/// What timm gave.
#[derive(Deserialize)]
pub struct Golden {
    pub image: usize,
    classes: Vec<u32>,
    eval: Pass,
    train: Pass,
    statistics: BTreeMap<String, Fingerprint>,
}

#[derive(Deserialize)]
struct Pass {
    logits: Vec<f64>,
    embedding: Option<Fingerprint>,
    gradients: BTreeMap<String, Fingerprint>,
    /// Shifts that the next batch norm takes away again.
    vanishing: Vec<String>,
}

const DROP: DropPath = DropPath { seed: 0, epoch: 0, step: 0, offset: 0 };

/// The formula's parameters; variances are above 0.
fn params(architecture: &Architecture, place: &Place) -> Params {
    let params = architecture.params(place).unwrap();
    for (i, spec) in params.specs().iter().enumerate() {
        let values = match spec.name.ends_with("running_var") {
            true => units(&spec.name, spec.count()).map(|v| 1.0 + v / 2.0).collect(),
            false => parameter(&spec.name, &spec.shape),
        };
        let values = Tensor::from_vec(values, spec.shape.as_slice(), &Device::Cpu).unwrap();
        params.set(i, &values).unwrap();
    }
    params
}

fn images(golden: &Golden) -> Vec<f32> {
    let pixels = golden.classes.len() * 3 * golden.image * golden.image;
    units("images", pixels).map(|v| v * 2.0).collect()
}

/// What a pass gave: values of logits and embeddings, and the gradient of cross-entropy by name.
struct Ours {
    logits: Vec<f32>,
    embedding: Vec<f32>,
    gradients: Gradients<'static>,
}

fn run(network: &Network<'_>, golden: &Golden, train: bool) -> Ours {
    let images = images(golden);
    let params: &'static Params = Box::leak(Box::new(network.params().copy().unwrap()));
    let mut grads = Gradients::new(params);
    let embedding = network.embed_keeping(&images, train.then_some(DROP)).unwrap();
    let (gradient, logits) = network
        .head_backward(&embedding, &mut grads, |_, logits| {
            Ok((cross_entropy(logits, &golden.classes, 0.0)?, logits.detach()))
        })
        .unwrap();
    network.backward(&gradient, &mut grads).unwrap();
    Ours { logits: host(&logits), embedding: host(&embedding), gradients: grads }
}

fn host(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn compare(ours: &Ours, theirs: &Pass, params: &Params, most: f64) {
    let largest = theirs.logits.iter().fold(0f64, |a, b| a.max(b.abs()));
    assert_eq!(ours.logits.len(), theirs.logits.len());
    let errors = ours.logits.iter().zip(&theirs.logits).map(|(a, b)| f64::from(*a) - b);
    let logits = errors.fold(0.0, |worst, e| worse(worst, e / largest));
    assert!(logits < most / 10.0, "logits: {logits}");
    if let Some(embedding) = &theirs.embedding {
        let error = embedding.distance("embedding", &ours.embedding);
        assert!(error < most / 10.0, "embedding: {error}");
    }
    let trained: Vec<&str> =
        params.specs().iter().filter(|s| s.trained()).map(|s| s.name.as_str()).collect();
    assert_eq!(trained.len(), theirs.gradients.len() + theirs.vanishing.len());
    for name in trained {
        let values = host(&ours.gradients.tensor(params.index(name)).unwrap());
        let Some(theirs) = theirs.gradients.get(name) else {
            assert!(values.iter().all(|v| v.abs() < 1e-4), "gradient of {name} is not nothing");
            continue;
        };
        let error = theirs.distance(name, &values);
        assert!(error < most, "gradient of {name}: {error}");
    }
}

/// Holds a network against what timm gave.
pub fn hold(architecture: &Architecture, golden: &Golden) {
    let params = params(architecture, &Place::Cpu);
    let network = || Network::new(architecture.clone(), &params, Precision::F32);
    let whole = network();
    compare(&run(&whole, golden, false), &golden.eval, &params, 1e-4);
    compare(&run(&whole, golden, true), &golden.train, &params, 1e-3);
    hold_statistics(&whole, golden);
    // What a step is asked for is the same whether or not activations are kept.
    let kept = step(&whole, golden, 4);
    assert!(kept == step(&network().with_checkpointing(), golden, 1), "the same to the bit");
}

/// What batch norm counted in the last pass.
fn hold_statistics(network: &Network<'_>, golden: &Golden) {
    network.update_running_statistics().unwrap();
    let params = network.params();
    for (name, theirs) in &golden.statistics {
        let values = host(&params.tensor(params.index(name)).unwrap());
        let error = theirs.distance(name, &values);
        assert!(error < 1e-5, "{name}: {error}");
    }
}

/// Holds a network on a GPU, while training, against what timm gave.
pub fn hold_on_a_gpu(architecture: &Architecture, golden: &Golden) {
    let gpu = Place::Gpu(Arc::new(Emulation::new(Order::Backwards)));
    let params = params(architecture, &gpu);
    let network = Network::new(architecture.clone(), &params, Precision::F32);
    compare(&run(&network, golden, true), &golden.train, &params, 1e-3);
    hold_statistics(&network, golden);
}

/// The gradients of a step with micro-batches, in order.
fn step(network: &Network<'_>, golden: &Golden, micro: usize) -> Vec<Vec<f32>> {
    let loss = Loss { terms: vec![entropy(0.0)] };
    let images = images(golden);
    let targets = Targets { classes: &golden.classes, own: 1.0 };
    let batch = Batch { images: (&images).into(), targets };
    let mut grads = Gradients::new(network.params());
    gradients(network, &loss, batch, micro, DROP, &mut grads).unwrap();
    let trained = network.params().specs().iter().enumerate().filter(|(_, s)| s.trained());
    let values = |i| match grads.get(i).unwrap() {
        Gradient::Host(values) => values.to_vec(),
        Gradient::OnGpu(_) => panic!("all lies on the CPU"),
    };
    trained.map(|(i, _)| values(i)).collect()
}

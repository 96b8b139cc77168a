//! Twenty steps of training: every triplet loss with every attribution, label smoothing,
//! layer-wise rates, decay groups, warm-up and cosine, against the same in PyTorch.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_lang::model::{AdamW, Loss, Pool, Schedule, ScheduleKind};
use proofmark_train::schedule::learning_rate;
use serde::Deserialize;

use crate::engine::{self, Engine, cross_entropy, triplet};
use crate::formula::{Fingerprint, parameter, units};
use crate::golden::{Shape, read};

#[derive(Deserialize)]
struct Golden {
    shape: Shape,
    recipe: Recipe,
    batch: usize,
    /// Per epoch, how far apart in the list neighbours in the order are.
    strides: Vec<usize>,
    /// Per face; 0 is real.
    manipulation: Vec<u32>,
    /// Classes of the faces by each attribution.
    attribution: BTreeMap<String, Vec<u32>>,
    /// Learning rate of each step, before layer scales.
    rates: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Recipe {
    lr: f64,
    min_lr: f64,
    warmup: f64,
    epochs: f64,
    weight_decay: f64,
    layer_decay: f64,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    attribution: String,
    mining: Option<String>,
    margin: f64,
    weight: f64,
    normalize: bool,
    smoothing: f64,
    layer_scale: Option<f32>,
    cls: bool,
    losses: Vec<f64>,
    /// What training added to each parameter.
    updates: BTreeMap<String, Fingerprint>,
}

impl Recipe {
    fn adamw(&self) -> AdamW {
        AdamW {
            lr: self.lr,
            weight_decay: self.weight_decay,
            layer_decay: self.layer_decay,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
        }
    }

    fn rate(&self, t: f64) -> f64 {
        let schedule = Schedule {
            kind: ScheduleKind::Cosine,
            warmup: self.warmup,
            min_lr: self.min_lr,
            hold: None,
        };
        learning_rate(&schedule, self.lr, self.epochs, t)
    }
}

impl Case {
    fn loss(&self) -> Loss {
        let mut terms = vec![cross_entropy(self.smoothing)];
        if let Some(word) = &self.mining {
            let mining = engine::mining(word);
            terms.push(triplet(mining, self.margin, self.weight, self.normalize));
        }
        Loss { terms }
    }
}

/// The bias of the keys moves every score of a query alike, so softmax ignores it. Its
/// gradient is rounding, which Adam scales up to a step: nothing to compare.
fn without_key_bias(name: &str, mut values: Vec<f32>) -> Vec<f32> {
    if name.ends_with("attn.qkv.bias") {
        let third = values.len() / 3;
        values[third..2 * third].fill(0.0);
    }
    values
}

fn train(golden: &Golden, case: &Case, place: &Device) {
    let classes = &golden.attribution[&case.attribution];
    let pixels = 3 * golden.shape.image * golden.shape.image;
    let face = |i: usize| {
        let noise = units(&format!("face {i}"), pixels);
        let pattern = units(&format!("pattern {}", golden.manipulation[i]), pixels);
        noise.zip(pattern).map(|(a, b)| a + b)
    };
    let pool = if case.cls { Pool::Cls } else { Pool::PatchMean };
    let count = classes.iter().max().map_or(0, |c| *c as usize + 1);
    let engine = Engine::on(golden.shape.config(count, case.layer_scale, pool), place);
    let mut optimizer = engine.optimizer(&golden.recipe.adamw());
    let loss = case.loss();
    let steps = classes.len() / golden.batch;
    for (step, expected) in case.losses.iter().enumerate() {
        let stride = golden.strides[step / steps];
        let begin = step % steps * golden.batch;
        let batch = (begin..begin + golden.batch).map(|k| k * stride % classes.len());
        let images = batch.clone().flat_map(face).collect();
        let labels: Vec<u32> = batch.map(|i| classes[i]).collect();
        let rate = golden.recipe.rate(step as f64 / steps as f64);
        let got = engine.step(&mut optimizer, rate, images, &labels, &loss);
        let error = (got / expected - 1.0).abs();
        assert!(error < 1e-4, "{}, step {step}: {got}, not {expected}", case.name);
    }
    let names: Vec<&str> = engine.parameters().map(|(name, _, _)| name).collect();
    assert_eq!(names.len(), case.updates.len());
    for (name, shape, values) in engine.parameters() {
        let first = parameter(name, shape);
        let update = values.iter().zip(first).map(|(last, first)| last - first).collect();
        let error = case.updates[name].distance(name, &without_key_bias(name, update));
        assert!(error < 1e-3, "{}: update of {name}: {error}", case.name);
    }
}

fn train_all(select: impl Fn(&Case) -> bool) {
    let golden: Golden = read("training.json");
    let cases: Vec<&Case> = golden.cases.iter().filter(|c| select(c)).collect();
    assert!(!cases.is_empty());
    for case in cases {
        assert_eq!(case.losses.len(), 20);
        train(&golden, case, &Device::Cpu);
    }
}

/// Triplets on embeddings, and the class token with LayerScale.
#[test]
fn on_a_gpu_too() {
    let golden: Golden = read("training.json");
    let named = |name: &str| golden.cases.iter().find(|case| case.name == name).unwrap();
    for name in ["cross-entropy and batch-all by dataset", "layer scale and class token"] {
        let gpu = Device::Gpu(Arc::new(Emulation::new(Order::Backwards)));
        train(&golden, named(name), &gpu);
    }
}

#[test]
fn rates_are_timms_at_every_step() {
    let golden: Golden = read("training.json");
    let steps = golden.manipulation.len() / golden.batch;
    assert_eq!(golden.rates.len(), 20);
    for (step, expected) in golden.rates.iter().enumerate() {
        let got = golden.recipe.rate(step as f64 / steps as f64);
        assert!((got - expected).abs() < 1e-15, "step {step}: {got}, not {expected}");
    }
}

#[test]
fn cross_entropy_learns_as_in_pytorch() {
    train_all(|case| case.mining.is_none());
}

#[test]
fn batch_all_learns_as_in_pytorch() {
    train_all(|case| case.mining.as_deref() == Some("batch-all"));
}

#[test]
fn hard_positives_learn_as_in_pytorch() {
    train_all(|case| case.mining.as_deref() == Some("hard-positive-hard-negative"));
}

#[test]
fn easy_positives_learn_as_in_pytorch() {
    train_all(|case| case.mining.as_deref() == Some("easy-positive-hard-negative"));
}

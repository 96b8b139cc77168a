//! Blocks in the shape of ViT-B/16 at 224 pixels: outputs and every gradient of an
//! objective that uses both logits and embeddings.

use std::collections::BTreeMap;

use proofmark_lang::model::{Loss, Mining, Pool};
use serde::Deserialize;

use crate::engine::{Engine, cross_entropy, triplet};
use crate::formula::{Fingerprint, units, worse};
use crate::golden::{Shape, read};

#[derive(Deserialize)]
struct Golden {
    shape: Shape,
    classes: Vec<u32>,
    margin: f64,
    weight: f64,
    smoothing: f64,
    loss: f64,
    logits: Vec<f64>,
    embedding: Fingerprint,
    gradients: BTreeMap<String, Fingerprint>,
}

#[test]
fn outputs_and_every_gradient_are_timms() {
    let golden: Golden = read("vit_b.json");
    let classes = golden.logits.len() / golden.classes.len();
    let engine = Engine::new(golden.shape.config(classes, None, Pool::PatchMean));
    let pixels = golden.classes.len() * 3 * golden.shape.image * golden.shape.image;
    let images = units("images", pixels).map(|v| v * 2.0).collect();
    let term = triplet(Mining::BatchAll, golden.margin, golden.weight, false);
    let loss = Loss { terms: vec![cross_entropy(golden.smoothing), term] };
    let pass = engine.pass(images, &golden.classes, &loss);

    let largest = golden.logits.iter().fold(0f64, |a, b| a.max(b.abs()));
    assert_eq!(pass.logits.len(), golden.logits.len());
    let errors = pass.logits.iter().zip(&golden.logits).map(|(a, b)| f64::from(*a) - b);
    let logits = errors.fold(0.0, |worst, e| worse(worst, e / largest));
    let embedding = golden.embedding.distance("embedding", &pass.embedding);
    let loss = (pass.loss / golden.loss - 1.0).abs();
    assert!(logits < 1e-5 && embedding < 1e-5 && loss < 1e-5, "{logits} {embedding} {loss}");

    assert!(pass.gradients.keys().eq(golden.gradients.keys()), "the parameters are timm's");
    for (name, theirs) in &golden.gradients {
        let error = theirs.distance(name, &pass.gradients[name]);
        assert!(error < 1e-4, "gradient of {name}: {error}");
    }
}

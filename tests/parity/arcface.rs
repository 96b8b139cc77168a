//! ArcFace: loss and gradients of embeddings and centres by pytorch-metric-learning in float64.

use candle_core::{Device, Var};
use proofmark_lang::model::ArcFace;
use proofmark_model::arcface::arcface;
use serde::Deserialize;

use crate::golden::read;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    points: Vec<Vec<f32>>,
    centres: Vec<Vec<f32>>,
    classes: Vec<u32>,
    margin: f64,
    scale: f64,
    loss: f64,
    of_points: Vec<Vec<f64>>,
    of_centres: Vec<Vec<f64>>,
}

/// The largest difference, over the largest of theirs.
fn apart(ours: &Var, gradients: &candle_core::backprop::GradStore, theirs: &[Vec<f64>]) -> f64 {
    let ours = gradients.get(ours).unwrap().to_vec2::<f32>().unwrap();
    let pairs = ours.iter().flatten().zip(theirs.iter().flatten());
    let (off, size) = pairs.fold((0f64, 0f64), |(off, size), (a, b)| {
        (off.max((f64::from(*a) - b).abs()), size.max(b.abs()))
    });
    off / size
}

#[test]
fn arcface_agrees_with_pytorch_metric_learning() {
    let golden: Golden = read("arcface.json");
    assert_eq!(golden.cases.len(), 6);
    for case in golden.cases {
        let device = Device::Cpu;
        let points = Var::new(case.points, &device).unwrap();
        let centres = Var::new(case.centres, &device).unwrap();
        let term = ArcFace { margin: case.margin, scale: case.scale, weight: 1.0 };
        let value = arcface(&points, &centres, &case.classes, &term).unwrap();
        let loss = f64::from(value.to_scalar::<f32>().unwrap());
        let (what, off) = (&case.name, (loss - case.loss).abs() / case.loss.abs().max(1e-3));
        assert!(off < 1e-6, "{what}: {loss}, not {}", case.loss);
        let gradients = value.backward().unwrap();
        for (of, ours, theirs) in
            [("points", &points, &case.of_points), ("centres", &centres, &case.of_centres)]
        {
            let off = apart(ours, &gradients, theirs);
            assert!(off < 1e-6, "{what}: gradient of {of} off by {off}");
        }
    }
}

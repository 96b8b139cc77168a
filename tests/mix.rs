//! Mixup and cutmix, and the loss of mixed classes, against timm.

use candle_core::{Device, Tensor, Var};
use proofmark_model::losses::{Targets, mixed_cross_entropy, scalar};
use proofmark_train::mix::{MixPlan, Region, apply};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    side: usize,
    classes: Vec<u32>,
    images: Vec<f32>,
    logits: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    beta: f64,
    centre: (usize, usize),
    smoothing: f64,
    images: Vec<f32>,
    loss: f64,
    gradient: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/mix/mix.json")).unwrap()
}

#[test]
fn batches_are_mixed_as_timm_mixes_them() {
    let golden = golden();
    assert_eq!(golden.cases.len(), 6);
    for case in &golden.cases {
        let plan = match case.kind.as_str() {
            "blend" => MixPlan::Blend(case.beta),
            "paste" => MixPlan::Paste(Region::around(case.centre, golden.side, case.beta)),
            other => panic!("nothing is called {other}"),
        };
        let mut images = golden.images.clone();
        let own = apply(plan, &mut images, golden.classes.len(), golden.side);
        for (got, expected) in images.iter().zip(&case.images) {
            assert!((got - expected).abs() < 1e-5, "{plan:?}: {got} for {expected}");
        }
        let logits = Tensor::from_slice(&golden.logits, (4, 3), &Device::Cpu).unwrap();
        let logits = Var::from_tensor(&logits).unwrap();
        let targets = Targets { classes: &golden.classes, own };
        let loss = mixed_cross_entropy(&logits, targets, case.smoothing).unwrap();
        assert!((scalar(&loss).unwrap() - case.loss).abs() < 1e-6, "{plan:?}");
        let gradient = loss.backward().unwrap().remove(&logits).unwrap();
        let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        for (got, expected) in gradient.iter().zip(&case.gradient) {
            assert!((got - expected).abs() < 1e-6, "{plan:?}: {gradient:?}");
        }
    }
}

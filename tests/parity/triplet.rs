//! Triplet losses: values, counts and gradients by brute force in float64, and values by
//! pytorch-metric-learning (tests/golden/parity/mining.py says how its definitions map).

use std::collections::BTreeMap;

use candle_core::{Device, Var};
use proofmark_model::triplet::triplet;
use serde::Deserialize;

use crate::engine::mining;
use crate::formula::worse;
use crate::golden::read;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    points: Vec<Vec<f64>>,
    classes: Vec<u32>,
    margin: f64,
    normalize: bool,
    minings: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    loss: f64,
    metric_learning: f64,
    considered: u64,
    active: u64,
    /// None where two picks are equally far, so that either's gradient is right.
    gradient: Option<Vec<Vec<f64>>>,
}

/// Unit vectors are made in f32, everything after that in f64.
fn tolerance(case: &Case) -> f64 {
    if case.normalize { 1e-6 } else { 1e-9 }
}

fn check(case: &Case, word: &str, expected: &Expected) {
    let what = format!("{}, {word}", case.name);
    let (batch, width) = (case.points.len(), case.points[0].len());
    let points: Vec<f32> = case.points.iter().flatten().map(|v| *v as f32).collect();
    let points = Var::from_vec(points, (batch, width), &Device::Cpu).unwrap();
    let (value, stats) =
        triplet(&points, &case.classes, mining(word), case.margin, case.normalize).unwrap();

    let off = (stats.loss - expected.loss).abs();
    assert!(off < tolerance(case), "{what}: {}, not {}", stats.loss, expected.loss);
    // cdist goes by matrix products, which costs near duplicates some digits.
    let off = (stats.loss - expected.metric_learning).abs();
    assert!(off < 1e-6, "{what}: {}, not {}", stats.loss, expected.metric_learning);
    assert_eq!((stats.considered, stats.active), (expected.considered, expected.active), "{what}");

    let gradients = value.backward().unwrap();
    let ours = gradients.get(&points).unwrap().to_vec2::<f32>().unwrap();
    let Some(theirs) = &expected.gradient else {
        assert!(ours.iter().flatten().all(|g| g.is_finite()), "{what}");
        return;
    };
    let largest = theirs.iter().flatten().fold(0f64, |a, b| a.max(b.abs()));
    let pairs = ours.iter().flatten().zip(theirs.iter().flatten());
    let error = pairs.fold(0.0, |worst, (a, b)| worse(worst, f64::from(*a) - b));
    assert!(error <= 2e-6 * largest, "gradient of {what}: {error} of {largest}");
}

#[test]
fn values_counts_and_gradients_are_those_of_brute_force() {
    let golden: Golden = read("triplet.json");
    assert_eq!(golden.cases.len(), 15);
    for case in &golden.cases {
        assert_eq!(case.minings.len(), 3);
        for (word, expected) in &case.minings {
            check(case, word, expected);
        }
    }
}

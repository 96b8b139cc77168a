//! The recipe's learning rates and parameter groups: those of recipe 2.7, and timm's.

use std::collections::BTreeMap;

use proofmark_lang::model::{AdamW, Pool, Schedule, ScheduleKind};
use proofmark_train::schedule::learning_rate;
use serde::Deserialize;

use crate::engine::group;
use crate::golden::{Shape, read};

#[derive(Deserialize)]
struct Golden {
    /// By layer decay.
    groups: BTreeMap<String, Vec<Group>>,
    steps_per_epoch: usize,
    rates: Vec<f64>,
}

#[derive(Deserialize)]
struct Group {
    scale: f64,
    decay: f64,
    names: Vec<String>,
}

const VIT_B: Shape =
    Shape { patch: 16, width: 768, depth: 12, heads: 12, image: 224, hidden: 3072 };

/// Layer scales as recipe 2.7 prints them, with half a unit of its last digit.
const SCALES: [f64; 14] = [
    0.023757, 0.031676, 0.042235, 0.056314, 0.075085, 0.100113, 0.133484, 0.177979, 0.237305,
    0.316406, 0.421875, 0.5625, 0.75, 1.0,
];
const HALF_A_DIGIT: f64 = 5e-7;

fn adamw(layer_decay: f64) -> AdamW {
    AdamW { lr: 1e-4, weight_decay: 0.05, layer_decay, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
}

/// Scale, decay and members of each group of ViT-B, in order of scale and decay.
fn ours(layer_decay: f64) -> Vec<(f64, f64, Vec<String>)> {
    let config = VIT_B.config(2, None, Pool::PatchMean);
    let mut groups: BTreeMap<(u64, u64), Vec<String>> = BTreeMap::new();
    for (name, scale, decay) in group(&config, &adamw(layer_decay)) {
        groups.entry((scale.to_bits(), decay.to_bits())).or_default().push(name);
    }
    let group = |((scale, decay), mut names): ((u64, u64), Vec<String>)| {
        names.sort_unstable();
        (f64::from_bits(scale), f64::from_bits(decay), names)
    };
    groups.into_iter().map(group).collect()
}

#[test]
fn the_28_groups_are_timms() {
    let golden: Golden = read("optimizer.json");
    for (layer_decay, mut theirs) in golden.groups {
        let ours = ours(layer_decay.parse().unwrap());
        assert_eq!((ours.len(), theirs.len()), (28, 28));
        theirs.sort_by(|a, b| (a.scale, a.decay).partial_cmp(&(b.scale, b.decay)).unwrap());
        for ((scale, decay, names), mut theirs) in ours.into_iter().zip(theirs) {
            theirs.names.sort_unstable();
            assert_eq!(names, theirs.names, "layer decay {layer_decay}");
            assert!((scale / theirs.scale - 1.0).abs() < 1e-14, "{scale} {}", theirs.scale);
            assert_eq!(decay, theirs.decay, "{names:?}");
        }
    }
}

#[test]
fn the_28_groups_are_the_recipes() {
    for (layer, pair) in ours(0.75).chunks_exact(2).enumerate() {
        for ((scale, decay, names), expected) in pair.iter().zip([0.0, 0.05]) {
            assert!((scale - SCALES[layer]).abs() <= HALF_A_DIGIT, "layer {layer}: {scale}");
            assert_eq!(*decay, expected);
            for name in names {
                let belongs = match layer {
                    0 => ["cls_token", "pos_embed", "patch_embed."].map(|p| name.starts_with(p)),
                    13 => ["fc_norm.", "head.", "head."].map(|p| name.starts_with(p)),
                    block => [name.starts_with(&format!("blocks.{}.", block - 1)); 3],
                };
                assert!(belongs.contains(&true), "{name} is in layer {layer}");
            }
        }
    }
}

fn schedule() -> Schedule {
    Schedule { kind: ScheduleKind::Cosine, warmup: 5.0, min_lr: 1e-6, hold: None }
}

#[test]
fn rates_are_timms_at_every_step_of_the_paper() {
    let golden: Golden = read("optimizer.json");
    let steps = golden.steps_per_epoch;
    assert_eq!(golden.rates.len(), 30 * steps + 1);
    for (step, expected) in golden.rates.iter().enumerate() {
        let t = (step / steps) as f64 + (step % steps) as f64 / steps as f64;
        let got = learning_rate(&schedule(), 1e-4, 30.0, t);
        assert!((got - expected).abs() < 1e-17, "step {step}: {got}, not {expected}");
    }
}

#[test]
fn rates_are_the_recipes() {
    for (t, printed, half_a_digit) in [
        (0.0, 0.0, 0.0),
        (1.0, 2e-5, 1e-19),
        (2.5, 5e-5, 1e-19),
        (5.0, 1e-4, 1e-19),
        (10.0, 9.055e-5, 5e-9),
        (17.5, 5.05e-5, 5e-9),
        (25.0, 1.045e-5, 5e-9),
        (30.0, 1e-6, 1e-19),
    ] {
        let got = learning_rate(&schedule(), 1e-4, 30.0, t);
        assert!((got - printed).abs() <= half_a_digit, "t = {t}: {got}, not {printed}");
    }
}

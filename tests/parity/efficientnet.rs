//! EfficientNet-B4 against timm.

use proofmark_model::architecture::Architecture;
use proofmark_model::efficientnet::EfficientNetConfig;

use crate::convolutions::{Golden, hold, hold_on_a_gpu};
use crate::golden::read;

fn b4(image: usize) -> Architecture {
    let b4 = EfficientNetConfig {
        width: 1.4,
        depth: 1.8,
        image,
        dropout: 0.0,
        momentum: 0.01,
        drop_path: 0.0,
        classes: 3,
    };
    b4.into()
}

#[test]
fn logits_gradients_and_statistics_are_timms() {
    let golden: Golden = read("efficientnet.json");
    hold(&b4(golden.image), &golden);
}

#[test]
fn on_a_gpu_too() {
    let golden: Golden = read("efficientnet.json");
    hold_on_a_gpu(&b4(golden.image), &golden);
}

//! EfficientNet-B4 against timm.

use proofmark_model::efficientnet::EfficientNetConfig;

use crate::convolutions::{Golden, hold};
use crate::golden::read;

#[test]
fn logits_gradients_and_statistics_are_timms() {
    let golden: Golden = read("efficientnet.json");
    let b4 = EfficientNetConfig {
        width: 1.4,
        depth: 1.8,
        image: golden.image,
        dropout: 0.0,
        momentum: 0.01,
        drop_path: 0.0,
        classes: 3,
    };
    hold(&b4.into(), &golden);
}

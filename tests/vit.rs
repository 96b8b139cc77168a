//! The network against timm and PyTorch: outputs, and the gradient of every parameter.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use proofmark_lang::model::{Pool, Precision};
use proofmark_model::backbone::Backbone as _;
use proofmark_model::gradients::{Gradient, Gradients};
use proofmark_model::losses::cross_entropy;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::{Composed, VitConfig};

fn golden() -> BTreeMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vit/vit.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect()
}

fn max_abs(x: &Tensor) -> f32 {
    x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// Largest difference over the largest value of the reference.
fn relative(ours: &Tensor, theirs: &Tensor) -> f32 {
    let difference = (ours - theirs).unwrap();
    max_abs(&difference) / max_abs(theirs).max(1e-12)
}

fn agrees_with_timm(name: &str, layer_scale: Option<f32>) {
    let golden = golden();
    let get = |key: &str| golden[&format!("{name}.{key}")].clone();
    let config = VitConfig {
        patch: 8,
        width: 24,
        depth: 3,
        heads: 3,
        image: 24,
        hidden: 48,
        layer_scale,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 3,
    };
    let params = Params::zeros(config.parameters()).unwrap();
    let prefix = format!("{name}.weight.");
    let theirs: Vec<&str> = golden.keys().filter_map(|k| k.strip_prefix(&prefix)).collect();
    let mut ours: Vec<&str> = params.specs().iter().map(|s| s.name.as_str()).collect();
    ours.sort_unstable();
    assert_eq!(ours, theirs, "parameter names are timm's");
    for (i, spec) in params.specs().iter().enumerate() {
        params.set(i, &get(&format!("weight.{}", spec.name))).unwrap();
    }
    let images = get("images").flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for network in [
        Network::new(config.clone(), &params, Precision::F32),
        Network::with_trunk(config.clone(), &params, Composed::new(config.clone(), DType::F32)),
    ] {
        let mut grads = Gradients::new(&params);
        let embedding = network.embed_keeping(&images, None).unwrap();
        assert!(relative(&embedding, &get("embedding")) < 1e-5);
        let loss = |embedding: &Tensor, logits: &Tensor| {
            assert!(relative(logits, &get("logits")) < 1e-5);
            let loss = cross_entropy(logits, &[0, 1, 2, 1, 0], 0.0)?;
            let loss = (loss + (embedding.sqr()?.sum_all()? * 0.01)?)?;
            assert!(relative(&loss.reshape(1)?, &get("loss")) < 1e-5);
            Ok((loss, ()))
        };
        let (dembedding, ()) = network.head_backward(&embedding, &mut grads, loss).unwrap();
        network.backward(&dembedding, &mut grads).unwrap();
        for (i, spec) in params.specs().iter().enumerate() {
            let Gradient::Host(ours) = grads.get(i).unwrap() else { panic!("not on the CPU") };
            let ours = Tensor::from_slice(ours, spec.shape.as_slice(), &Device::Cpu).unwrap();
            let theirs = get(&format!("grad.{}", spec.name));
            assert!(max_abs(&theirs) > 0.0, "PyTorch's gradient of {} is zero", spec.name);
            let error = relative(&ours, &theirs);
            assert!(error < 1e-4, "{}: {error}", spec.name);
        }
    }
}

#[test]
fn outputs_and_all_gradients_are_timms() {
    agrees_with_timm("plain", None);
}

#[test]
fn with_layer_scale_too() {
    agrees_with_timm("scaled", Some(0.1));
}

#[test]
fn vit_b_has_the_published_number_of_parameters() {
    let config = VitConfig {
        patch: 16,
        width: 768,
        depth: 12,
        heads: 12,
        image: 224,
        hidden: 3072,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.1,
        classes: 2,
    };
    let count: usize = config.parameters().iter().map(|s| s.shape.iter().product::<usize>()).sum();
    // Recipe 2.1.
    assert_eq!(count, 85_800_194);
    assert_eq!(config.layer_of("pos_embed"), 0);
    assert_eq!(config.layer_of("patch_embed.proj.weight"), 0);
    assert_eq!(config.layer_of("blocks.11.mlp.fc2.bias"), 12);
    assert_eq!(config.layer_of("fc_norm.weight"), 13);
    assert_eq!(config.layer_of("head.bias"), 13);
}

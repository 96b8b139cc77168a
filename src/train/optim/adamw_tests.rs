//! AdamW against its definition.

use candle_core::Device;

use super::*;
use proofmark_lang::model::Pool;
use proofmark_model::backbone::Backbone as _;
use proofmark_model::spec::{Begin, ParamSpec};
use proofmark_model::vit::VitConfig;

fn settings() -> Settings {
    Settings { lr: 0.1, weight_decay: 0.05, layer_decay: 0.75, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
}

#[test]
fn a_deep_model_has_the_groups_of_the_recipe() {
    let config = VitConfig {
        patch: 8,
        width: 4,
        depth: 12,
        heads: 1,
        image: 16,
        hidden: 8,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 2,
    };
    let params = Params::zeros(config.parameters()).unwrap();
    let groups = groups(&settings(), &config.into(), &params);
    let of = |name: &str| {
        let i = params.specs().iter().position(|s| s.name == name).unwrap();
        (groups[i].scale, groups[i].decay)
    };
    // Recipe 2.7: 14 layers, each with a decayed and an undecayed group.
    let mut distinct: Vec<(u64, u64)> =
        groups.iter().map(|g| (g.scale.to_bits(), g.decay.to_bits())).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 28);
    assert!((of("pos_embed").0 - 0.023757).abs() < 1e-6);
    assert!((of("blocks.0.attn.qkv.weight").0 - 0.031676).abs() < 1e-6);
    assert!((of("blocks.11.mlp.fc1.weight").0 - 0.75).abs() < 1e-12);
    assert_eq!(of("head.weight"), (1.0, 0.05));
    for undecayed in ["cls_token", "pos_embed", "patch_embed.proj.bias", "fc_norm.weight"] {
        assert_eq!(of(undecayed).1, 0.0, "{undecayed}");
    }
    assert_eq!(of("patch_embed.proj.weight").1, 0.05);
}

/// Two steps against AdamW written down in f64 (Loshchilov and Hutter, algorithm 2).
#[test]
fn steps_are_those_of_the_definition() {
    let spec = ParamSpec { name: "w".into(), shape: vec![2, 2], begin: Begin::Matrix };
    let params = Params::zeros(vec![spec]).unwrap();
    let start = [0.5f32, -1.0, 2.0, 0.0];
    params.set(0, &Tensor::from_slice(&start, (2, 2), &Device::Cpu).unwrap()).unwrap();
    let group = Group { scale: 0.5, decay: 0.05 };
    let mut optimizer = AdamW::new(&settings(), vec![group], &params).unwrap();
    let mut grads = Gradients::new(&params);
    let (mut w, mut m, mut v) = (start.map(f64::from), [0f64; 4], [0f64; 4]);
    for t in 1..=2 {
        grads.clear();
        grads.add("w", &w.map(|w| 2.0 * w as f32));
        optimizer.step(&params, &grads, 0.1).unwrap();
        let lr = 0.1 * 0.5;
        for i in 0..4 {
            let g = 2.0 * w[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            let (mh, vh) = (m[i] / (1.0 - 0.9f64.powi(t)), v[i] / (1.0 - 0.999f64.powi(t)));
            w[i] = w[i] * (1.0 - lr * 0.05) - lr * mh / (vh.sqrt() + 1e-8);
        }
    }
    let ours: Vec<f32> = params.tensor(0).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    for (ours, expected) in ours.iter().zip(w) {
        assert!((f64::from(*ours) - expected).abs() < 1e-6, "{ours} {expected}");
    }
}

#[test]
fn a_parameter_without_a_gradient_is_an_error() {
    let spec = |name: &str| ParamSpec { name: name.into(), shape: vec![1], begin: Begin::Matrix };
    let params = Params::zeros(vec![spec("seen"), spec("cut")]).unwrap();
    let group = Group { scale: 1.0, decay: 0.0 };
    let groups = vec![group.clone(), group];
    let mut optimizer = AdamW::new(&settings(), groups, &params).unwrap();
    let mut grads = Gradients::new(&params);
    grads.add("seen", &[1.0]);
    let error = optimizer.step(&params, &grads, 0.1).unwrap_err();
    assert!(error.to_string().contains("`cut`"), "{error}");
}

#[test]
fn a_restored_optimiser_goes_on_as_if_never_stopped() {
    let spec = ParamSpec { name: "w".into(), shape: vec![2], begin: Begin::Matrix };
    let group = Group { scale: 1.0, decay: 0.05 };
    let run = |stop: Option<usize>| {
        let params = Params::zeros(vec![spec.clone()]).unwrap();
        let mut optimizer = AdamW::new(&settings(), vec![group.clone()], &params).unwrap();
        let mut grads = Gradients::new(&params);
        for t in 0..4 {
            if stop == Some(t) {
                let (state, steps) = (optimizer.state(&params).unwrap(), optimizer.steps);
                optimizer = AdamW::new(&settings(), vec![group.clone()], &params).unwrap();
                optimizer.restore(&params, &state).unwrap();
                optimizer.steps = steps;
            }
            grads.clear();
            grads.add("w", &[1.0 + t as f32, -0.5]);
            optimizer.step(&params, &grads, 0.1).unwrap();
        }
        params.tensor(0).unwrap().to_vec1::<f32>().unwrap()
    };
    assert_eq!(run(None), run(Some(2)));
    assert_ne!(run(None), [0.0, 0.0]);
}

//! Optimisers and sharpness-aware minimisation on a GPU against the same on the CPU.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device as Candle, Tensor};

use super::{AdamW, Sgd, Stepper, ascend, descend, groups};
use proofmark_base::rng::{Rng, Stream};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_lang::model::{AdamW as AdamWSettings, Pool, Sgd as SgdSettings};
use proofmark_model::architecture::Architecture;
use proofmark_model::efficientnet::EfficientNetConfig;
use proofmark_model::gradients::Gradients;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;

fn network() -> Architecture {
    Architecture::from(VitConfig {
        patch: 4,
        width: 12,
        depth: 2,
        heads: 3,
        image: 8,
        hidden: 28,
        layer_scale: Some(0.1),
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 2,
    })
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Parameters with first values, on both devices.
fn both() -> [Params; 2] {
    let gpu = Device::Gpu(Arc::new(Emulation::new(Order::Forwards)));
    [Device::Cpu, gpu].map(|device| {
        let params = network().params(&device).unwrap();
        randomize(&params, Scheme::TruncatedNormal(0.5), 3, |_| true).unwrap();
        params
    })
}

/// Gradients that a seed decides.
fn fill(grads: &mut Gradients<'_>, params: &Params, seed: u64) {
    grads.clear();
    for (i, spec) in params.specs().iter().enumerate() {
        let mut rng = Rng::new(seed, Stream::Demo, 0, i as u64);
        let gradient: Vec<f32> = (0..spec.count()).map(|_| rng.normal() as f32).collect();
        grads.set(i, &gradient).unwrap();
    }
}

fn snapshot(params: &Params) -> BTreeMap<String, Vec<f32>> {
    let all = params.snapshot().unwrap();
    all.iter().map(|(name, tensor)| (name.clone(), values(tensor))).collect()
}

fn assert_near(one: &BTreeMap<String, Vec<f32>>, other: &BTreeMap<String, Vec<f32>>) {
    assert!(one.keys().eq(other.keys()));
    for (name, values) in one {
        for (a, b) in values.iter().zip(&other[name]) {
            assert!((a - b).abs() <= 2e-6 * a.abs().max(1.0), "{name}: {a} {b}");
        }
    }
}

/// The values and the state after four steps, stopped and taken up by another optimiser in between.
fn course(params: &Params, new: &dyn Fn(&Params) -> Stepper) -> [BTreeMap<String, Vec<f32>>; 2] {
    let mut stepper = new(params);
    let mut grads = Gradients::new(params);
    for step in 0..4 {
        if step == 2 {
            let (state, steps) = (stepper.state(params).unwrap(), *stepper.steps());
            stepper = new(params);
            stepper.restore(params, &state).unwrap();
            *stepper.steps() = steps;
        }
        fill(&mut grads, params, step);
        let norm = grads.norm().unwrap();
        assert!(norm > 1.0);
        grads.scale(0.5).unwrap();
        assert!((grads.norm().unwrap() / norm - 0.5).abs() < 1e-6);
        // As a warm-up begins: nothing moves but the moments.
        let lr = if step == 0 { 0.0 } else { 0.01 };
        stepper.step(params, &grads, lr).unwrap();
    }
    let state = stepper.state(params).unwrap();
    [snapshot(params), state.iter().map(|(name, t)| (name.clone(), values(t))).collect()]
}

fn adamw(params: &Params) -> Stepper {
    adamw_of(&network(), params)
}

fn adamw_of(network: &Architecture, params: &Params) -> Stepper {
    let settings = AdamWSettings {
        lr: 0.1,
        weight_decay: 0.05,
        layer_decay: 0.75,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
    };
    let groups = groups(&settings, network, params);
    Stepper::AdamW(AdamW::new(&settings, groups, params).unwrap())
}

fn sgd(params: &Params) -> Stepper {
    let settings = SgdSettings { lr: 0.1, momentum: 0.9, weight_decay: 0.01 };
    Stepper::Sgd(Sgd::new(&settings, params).unwrap())
}

#[test]
fn steps_on_a_gpu_are_those_on_the_cpu_also_when_taken_up() {
    for new in [adamw, sgd] {
        let before = snapshot(&both()[0]);
        let [cpu, gpu] = both().map(|params| course(&params, &new));
        for (cpu, gpu) in cpu.iter().zip(&gpu) {
            assert_near(cpu, gpu);
        }
        assert!(before.iter().all(|(name, values)| cpu[0][name] != *values), "all have moved");
    }
}

#[test]
fn what_batch_norm_counts_is_left_alone() {
    let network = Architecture::from(EfficientNetConfig {
        width: 0.1,
        depth: 0.1,
        image: 16,
        dropout: 0.0,
        momentum: 0.1,
        drop_path: 0.0,
        classes: 2,
    });
    let gpu = Device::Gpu(Arc::new(Emulation::new(Order::Forwards)));
    let params = network.params(&gpu).unwrap();
    randomize(&params, Scheme::TruncatedNormal(0.5), 3, |_| true).unwrap();
    for mut stepper in [adamw_of(&network, &params), sgd(&params)] {
        let before = snapshot(&params);
        let mut grads = Gradients::new(&params);
        fill(&mut grads, &params, 4);
        stepper.step(&params, &grads, 0.01).unwrap();
        let after = snapshot(&params);
        for spec in params.specs() {
            assert_eq!(before[&spec.name] != after[&spec.name], spec.trained(), "{}", spec.name);
        }
    }
}

#[test]
fn the_worst_place_nearby_is_the_same_and_left_to_the_bit() {
    let worst = both().map(|params| {
        let before = snapshot(&params);
        let mut grads = Gradients::new(&params);
        fill(&mut grads, &params, 9);
        let left = ascend(&params, &grads, 0.3, grads.norm().unwrap()).unwrap();
        let worst = snapshot(&params);
        assert_ne!(worst, before);
        descend(&params, &left).unwrap();
        assert_eq!(snapshot(&params), before);
        worst
    });
    assert_near(&worst[0], &worst[1]);
}

#[test]
fn averages_and_sums_of_parts_are_the_same() {
    let results = both().map(|params| {
        let average = params.copy().unwrap();
        let zeros = params.specs().iter().enumerate();
        for (i, spec) in zeros {
            let zeros = Tensor::zeros(spec.shape.as_slice(), candle_core::DType::F32, &Candle::Cpu);
            params.set(i, &zeros.unwrap()).unwrap();
        }
        average.move_towards(&params, 0.75).unwrap();
        let (mut sum, mut part) = (Gradients::new(&params), Gradients::new(&params));
        fill(&mut part, &params, 1);
        sum.join(&part).unwrap();
        fill(&mut part, &params, 2);
        sum.join(&part).unwrap();
        let specs = params.specs().iter().enumerate();
        let sums = specs.map(|(i, spec)| (spec.name.clone(), values(&sum.tensor(i).unwrap())));
        [snapshot(&average), sums.collect()]
    });
    for (cpu, gpu) in results[0].iter().zip(&results[1]) {
        assert_near(cpu, gpu);
    }
}

#[test]
fn parameters_on_a_gpu_without_a_gradient_are_an_error() {
    let [_, params] = both();
    let mut grads = Gradients::new(&params);
    for name in ["head.weight", "head.bias"] {
        grads.add(name, &vec![1.0; params.specs()[params.index(name)].count()]);
    }
    for mut stepper in [adamw(&params), sgd(&params)] {
        let error = stepper.step(&params, &grads, 0.1).unwrap_err().to_string();
        assert!(error.contains("no gradient reached"), "{error}");
    }
    assert!(ascend(&params, &grads, 0.1, 1.0).unwrap_err().to_string().contains("no gradient"));
}

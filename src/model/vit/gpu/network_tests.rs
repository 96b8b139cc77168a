use std::collections::BTreeMap;

use candle_core::Device::Cpu;
use candle_core::Tensor;

use super::*;
use crate::architecture::Architecture;
use crate::backbone::{Backbone as _, Trunk};
use crate::gradients::Gradients;
use crate::init::{Scheme, randomize};
use crate::params::Params;
use proofmark_base::rng::{Rng, Stream};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;

fn config() -> VitConfig {
    VitConfig {
        patch: 4,
        width: 24,
        depth: 3,
        heads: 3,
        image: 12,
        hidden: 44,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.4,
        classes: 2,
    }
}

fn variants() -> [VitConfig; 3] {
    [
        config(),
        VitConfig { layer_scale: Some(0.3), registers: 2, ..config() },
        VitConfig { pool: Pool::Cls, patch: 6, ..config() },
    ]
}

/// Numbers that a seed decides.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// A network's parameters, none at what it begins with.
fn params(config: &VitConfig) -> Params {
    let params = Params::zeros(config.parameters()).unwrap();
    let spread = 1.0 / (config.width as f64).sqrt();
    randomize(&params, Scheme::TruncatedNormal(spread), 5, |_| true).unwrap();
    for (i, spec) in params.specs().iter().enumerate() {
        let noise = numbers(spec.count(), i as u64);
        let noise = Tensor::from_vec(noise, spec.shape.as_slice(), &Cpu).unwrap();
        params.set(i, &(params.tensor(i).unwrap() + (noise * 0.1).unwrap()).unwrap()).unwrap();
    }
    params
}

/// The same on a GPU.
fn moved(config: &VitConfig, params: &Params, order: Order) -> Params {
    let device = Device::Gpu(Arc::new(Emulation::new(order)));
    let there = Architecture::from(config.clone()).params(&device).unwrap();
    for i in 0..params.specs().len() {
        there.set(i, &params.tensor(i).unwrap()).unwrap();
        assert_eq!(values(&there.tensor(i).unwrap()), values(&params.tensor(i).unwrap()));
    }
    there
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Embeddings, and the gradients of all parameters but the head's, by name.
type Pass = (Vec<f32>, BTreeMap<String, Vec<f32>>);

/// What a trunk computes; gradients `times` added.
fn pass(
    trunk: &mut dyn Trunk,
    params: &Params,
    images: &[f32],
    dembedding: &[f32],
    drop: Option<DropPath>,
    times: usize,
) -> Pass {
    let mut grads = Gradients::new(params);
    // More images first: buffers are larger than needed then.
    trunk.embed(params, (&[images, images].concat()).into(), None).unwrap();
    let embedding = trunk.embed_keeping(params, images.into(), drop).unwrap();
    let given = Tensor::from_slice(dembedding, embedding.shape(), &Cpu).unwrap();
    for _ in 0..times {
        trunk.backward(params, &given, &mut grads).unwrap();
    }
    let trained = params.specs().iter().enumerate().filter(|(i, _)| grads.is_written(*i));
    let gradient = |i: usize| values(&grads.tensor(i).unwrap());
    (values(&embedding), trained.map(|(i, spec)| (spec.name.clone(), gradient(i))).collect())
}

/// What the network on a GPU computes.
fn on_gpu(
    config: &VitConfig,
    (precision, order): (Precision, Order),
    params: &Params,
    images: &[f32],
    dembedding: &[f32],
    times: usize,
) -> Pass {
    let params = moved(config, params, order);
    let gpu = params.resident().unwrap().gpu();
    let mut trunk = config.trunk(Some(gpu), precision);
    pass(&mut *trunk, &params, images, dembedding, DROP, times)
}

/// The largest difference relative to the largest number.
fn off(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let top = expected.iter().fold(1e-12f32, |top, v| top.max(v.abs()));
    got.iter().zip(expected).fold(0f32, |off, (a, b)| off.max((a - b).abs() / top))
}

fn assert_near(got: &Pass, expected: &Pass, forward: f32, backward: f32) {
    assert!(off(&got.0, &expected.0) < forward, "embeddings: {}", off(&got.0, &expected.0));
    assert!(got.1.keys().eq(expected.1.keys()), "{:?}", got.1.keys());
    for (name, got) in &got.1 {
        let off = off(got, &expected.1[name]);
        assert!(off < backward, "{name}: {off}");
    }
}

const DROP: Option<DropPath> = Some(DropPath { seed: 1, epoch: 0, step: 7, offset: 0 });

#[test]
fn embeddings_and_gradients_are_those_of_the_cpu() {
    for config in variants() {
        let params = params(&config);
        let (images, dembedding) = (numbers(5 * 3 * 144, 90), numbers(5 * config.width, 91));
        let mut trunk = config.trunk(None, Precision::F32);
        let expected = pass(&mut *trunk, &params, &images, &dembedding, DROP, 1);
        assert_eq!(expected.1.len(), params.specs().len() - 2, "all but the head's");
        let run =
            |order| on_gpu(&config, (Precision::F32, order), &params, &images, &dembedding, 1);
        let got = run(Order::Forwards);
        assert_near(&got, &expected, 1e-5, 1e-4);
        assert_eq!(got, run(Order::Backwards), "the order of threads counts");
    }
}

#[test]
fn gradients_of_parts_are_added() {
    let config = variants()[1].clone();
    let params = params(&config);
    let (images, dembedding) = (numbers(2 * 3 * 144, 92), numbers(2 * config.width, 93));
    let run = |times| {
        on_gpu(&config, (Precision::F32, Order::Forwards), &params, &images, &dembedding, times)
    };
    let (mut once, twice) = (run(1), run(2));
    once.1.values_mut().flatten().for_each(|v| *v *= 2.0);
    assert_near(&twice, &once, 1e-6, 1e-5);
}

/// Root of the mean square of differences, relative to that of what is expected.
fn apart(got: &[f32], expected: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v) * f64::from(v);
    let differences: f64 = got.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (differences / expected.iter().map(|v| square(*v)).sum::<f64>()).sqrt()
}

/// With heads for which there is a kernel that attends, too.
#[test]
fn in_bf16_it_is_nearer_to_f32_than_candle_in_bf16() {
    let (mut ours, mut theirs) = ([0f64; 2], [0f64; 2]);
    let wide = VitConfig { width: 128, heads: 2, ..config() };
    for config in variants().into_iter().chain([wide]) {
        let params = params(&config);
        let (images, dembedding) = (numbers(5 * 3 * 144, 94), numbers(5 * config.width, 95));
        let on_cpu = |precision| {
            let mut trunk = config.trunk(None, precision);
            pass(&mut *trunk, &params, &images, &dembedding, DROP, 1)
        };
        let (exact, composed) = (on_cpu(Precision::F32), on_cpu(Precision::Bf16));
        let how = (Precision::Bf16, Order::Forwards);
        let got = on_gpu(&config, how, &params, &images, &dembedding, 1);
        ours[0] += apart(&got.0, &exact.0);
        theirs[0] += apart(&composed.0, &exact.0);
        for (name, got) in &got.1 {
            let off = apart(got, &exact.1[name]);
            assert!(off < 0.05, "{name}: {off}");
            ours[1] += off;
            theirs[1] += apart(&composed.1[name], &exact.1[name]);
        }
    }
    assert!(ours[0] > 0.001 && ours[0] < theirs[0], "embeddings: {ours:?}, candle {theirs:?}");
    assert!(ours[1] < theirs[1], "gradients: {ours:?}, candle {theirs:?}");
}

#[test]
fn tf32_rounds_the_factors_of_products_and_nothing_else() {
    let mut apart_from_f32 = 0f64;
    for config in variants() {
        let params = params(&config);
        let (images, dembedding) = (numbers(5 * 3 * 144, 96), numbers(5 * config.width, 97));
        let run = |precision, order| {
            on_gpu(&config, (precision, order), &params, &images, &dembedding, 1)
        };
        let (exact, got) =
            (run(Precision::F32, Order::Forwards), run(Precision::Tf32, Order::Forwards));
        assert_eq!(got, run(Precision::Tf32, Order::Backwards), "the order of threads counts");
        let off = apart(&got.0, &exact.0);
        assert!(off < 1e-3, "embeddings: {off}");
        apart_from_f32 = apart_from_f32.max(off);
        for (name, got) in &got.1 {
            let off = apart(got, &exact.1[name]);
            assert!(off < 5e-3, "{name}: {off}");
        }
        // The CPU has no such products.
        let on_cpu = |precision| {
            pass(&mut *config.trunk(None, precision), &params, &images, &dembedding, DROP, 1)
        };
        assert_eq!(on_cpu(Precision::Tf32), on_cpu(Precision::F32));
    }
    assert!(apart_from_f32 > 1e-4, "it is f32: {apart_from_f32}");
}

#[test]
fn what_cannot_be_run_is_refused() {
    let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
    let device = Device::Gpu(Arc::clone(&gpu));
    let narrow = Architecture::from(VitConfig { width: 30, ..config() });
    let says = |error: candle_core::Error, what: &str| {
        let error = error.to_string();
        assert!(error.starts_with(what), "{error}");
    };
    says(
        narrow.params(&device).unwrap_err(),
        "the network cannot be computed on a GPU: its width, 30, is no multiple of 4 up to 4096",
    );
    let params = Architecture::from(config()).params(&device).unwrap();
    let mut network = config().trunk(Some(&gpu), Precision::F32);
    let mut grads = Gradients::new(&params);
    let given = Tensor::zeros((1, 24), candle_core::DType::F32, &Cpu).unwrap();
    let error = network.backward(&params, &given, &mut grads).unwrap_err();
    says(error, "the GPU cannot go back: no forward pass was kept for it");
    let error = network.embed(&params, (&[0.0; 7][..]).into(), None).unwrap_err();
    says(error, "the GPU cannot embed: 7 values are not images of 432");
}

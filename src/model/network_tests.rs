//! The two implementations of the trunk against each other, and what neither may
//! depend on.

use candle_core::{DType, Device, Tensor};

use super::*;
use crate::backbone::Backbone as _;
use crate::gradients::Gradient;
use crate::init::{Scheme, randomize};
use crate::vit::{Composed, VitConfig};
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::Pool;

const BATCH: usize = 5;

fn config(pool: Pool, layer_scale: Option<f32>) -> VitConfig {
    VitConfig {
        patch: 4,
        width: 24,
        depth: 3,
        heads: 3,
        image: 16,
        hidden: 40,
        layer_scale,
        registers: 0,
        pool,
        drop_path: 0.4,
        classes: 3,
    }
}

/// The reference.
fn composed(config: VitConfig, params: &Params) -> Network<'_> {
    let trunk = Composed::new(config.clone(), DType::F32);
    Network::with_trunk(config, params, trunk)
}

/// Parameters away from where gradients vanish or coincide.
fn params(config: &VitConfig) -> Params {
    let params = Params::zeros(config.parameters()).unwrap();
    randomize(&params, Scheme::Xavier, 3, |_| true).unwrap();
    for (i, spec) in params.specs().iter().enumerate() {
        let mut rng = Rng::new(8, Stream::Demo, 0, i as u64);
        let noise: Vec<f32> = (0..spec.count()).map(|_| 0.1 * rng.normal() as f32).collect();
        let noise = Tensor::from_vec(noise, spec.shape.as_slice(), &Device::Cpu).unwrap();
        params.set(i, &(params.tensor(i).unwrap() + noise).unwrap()).unwrap();
    }
    params
}

fn images(config: &VitConfig, count: usize) -> Vec<f32> {
    let mut rng = Rng::new(1, Stream::Demo, 0, 0);
    (0..count * 3 * config.image * config.image).map(|_| rng.normal() as f32).collect()
}

const DROP: DropPath = DropPath { seed: 4, epoch: 1, step: 2, offset: 0 };

/// Embeddings, and the gradients of a weighted sum of their squares.
fn run(network: &Network<'_>, images: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
    let embedding = network.embed_keeping(images, Some(DROP)).unwrap();
    let weights: Vec<f32> = (0..embedding.elem_count()).map(|i| (i % 7) as f32 - 2.5).collect();
    let weights = Tensor::from_vec(weights, embedding.shape(), &Device::Cpu).unwrap();
    let mut grads = Gradients::new(network.params());
    network.backward(&(&embedding * weights).unwrap(), &mut grads).unwrap();
    let head = network.params().specs().iter().filter(|s| s.name.starts_with("head."));
    for spec in head {
        grads.add(&spec.name, &vec![0.0; spec.count()]);
    }
    let values = (0..network.params().specs().len()).map(|i| match grads.get(i).unwrap() {
        Gradient::Host(values) => values.to_vec(),
        Gradient::OnGpu(_) => panic!("all lies on the CPU"),
    });
    (embedding.flatten_all().unwrap().to_vec1().unwrap(), values.collect())
}

/// Largest difference over the largest value of the reference.
fn relative(ours: &[f32], reference: &[f32]) -> f32 {
    let largest = |values: &mut dyn Iterator<Item = f32>| values.map(f32::abs).fold(0.0, f32::max);
    let difference = largest(&mut ours.iter().zip(reference).map(|(a, b)| a - b));
    difference / largest(&mut reference.iter().copied()).max(1e-12)
}

fn agree(pool: Pool, layer_scale: Option<f32>, registers: usize) {
    let config = VitConfig { registers, ..config(pool, layer_scale) };
    let (params, images) = (params(&config), images(&config, BATCH));
    let (fused, fused_grads) = run(&Network::new(config.clone(), &params, Precision::F32), &images);
    let (composed, composed_grads) = run(&composed(config, &params), &images);
    assert!(relative(&fused, &composed) < 1e-5);
    for ((spec, ours), reference) in params.specs().iter().zip(&fused_grads).zip(&composed_grads) {
        let error = relative(ours, reference);
        assert!(error < 1e-4, "{}: {error}", spec.name);
        let some = reference.iter().any(|v| *v != 0.0);
        assert_eq!(some, !spec.name.starts_with("head."), "{}", spec.name);
    }
}

#[test]
fn fused_and_composed_agree_with_drop_path() {
    agree(Pool::PatchMean, None, 0);
}

#[test]
fn fused_and_composed_agree_with_layer_scale_and_cls() {
    agree(Pool::Cls, Some(0.3), 0);
}

#[test]
fn fused_and_composed_agree_with_registers() {
    agree(Pool::PatchMean, None, 2);
    agree(Pool::Cls, None, 3);
}

#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
    let config = config(Pool::PatchMean, Some(0.3));
    let (params, images) = (params(&config), images(&config, 9));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&Network::new(config.clone(), &params, Precision::F32), &images))
    };
    let one = on(1);
    assert!(one == on(2) && one == on(3));
}

#[test]
fn a_pass_without_gradient_gives_the_same_embeddings() {
    let config = config(Pool::PatchMean, None);
    let params = params(&config);
    // More images than one chunk, and then fewer: buffers are used again.
    for count in [11, 2] {
        let images = images(&config, count);
        let network = Network::new(config.clone(), &params, Precision::F32);
        let embed = || network.embed(&images, Some(DROP)).unwrap();
        let kept = network.embed_keeping(&images, Some(DROP)).unwrap();
        let [a, b] = [embed(), kept].map(|e| e.to_vec2::<f32>().unwrap());
        assert_eq!(a, b);
    }
}

#[test]
fn bf16_is_close_to_f32() {
    let config = config(Pool::PatchMean, Some(0.3));
    let (params, images) = (params(&config), images(&config, BATCH));
    let (exact, exact_grads) = run(&composed(config.clone(), &params), &images);
    let (rough, rough_grads) = run(&Network::new(config, &params, Precision::Bf16), &images);
    // Eight bits of mantissa, rounded in every layer.
    let error = relative(&rough, &exact);
    assert!(error > 1e-4 && error < 0.05, "{error}");
    for ((spec, ours), reference) in params.specs().iter().zip(&rough_grads).zip(&exact_grads) {
        let error = relative(ours, reference);
        assert!(error < 0.1, "{}: {error}", spec.name);
    }
}

#[test]
fn a_backward_pass_needs_a_forward_pass_that_kept() {
    let config = config(Pool::PatchMean, None);
    let (params, images) = (params(&config), images(&config, 2));
    for network in
        [Network::new(config.clone(), &params, Precision::F32), composed(config, &params)]
    {
        let embedding = network.embed(&images, None).unwrap();
        let error = network.backward(&embedding, &mut Gradients::new(&params)).unwrap_err();
        assert!(error.to_string().contains("no forward pass"), "{error}");
    }
}

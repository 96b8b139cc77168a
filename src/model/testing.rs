//! What tests of operations share: random tensors and how far two are apart.

use candle_core::{Device, Tensor, Var};

use proofmark_base::rng::{Rng, Stream};

/// A variable of standard normal numbers, which a seed decides.
pub(crate) fn random(shape: &[usize], seed: u64) -> Var {
    let mut rng = Rng::new(seed, Stream::Demo, 0, 0);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal() as f32).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
}

/// The largest difference of two tensors of one shape.
pub(crate) fn off(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

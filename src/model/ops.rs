//! Differentiable operations composed of candle's own, in f32 or bf16, on the CPU. Products are
//! our own ([`super::exact`]).
//!
//! `candle_nn::LayerNorm` and `ops::softmax_last_dim` use kernels without a backward
//! pass, which silently stop the gradient; nothing here calls them.

use candle_core::{D, DType, Result, Tensor};

use super::exact::matmul;

/// `x W^T + b` in the type of x: x (.., I), W (O, I), b (O) to (.., O).
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let dims = x.dims();
    let (&inputs, outer) = dims.split_last().expect("a linear layer needs a last dimension");
    let rows = outer.iter().product::<usize>();
    let mut shape = outer.to_vec();
    shape.push(weight.dim(0)?);
    let weight = weight.to_dtype(x.dtype())?;
    let product = matmul(&x.reshape((rows, inputs))?, &weight.t()?)?;
    product.broadcast_add(&bias.to_dtype(x.dtype())?)?.reshape(shape)
}

/// Layer normalisation over the last dimension D, biased variance, computed in f32 and
/// given in the type of x: x (.., D), gamma (D), beta (D).
pub fn layer_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<Tensor> {
    let wide = x.to_dtype(DType::F32)?;
    let centred = wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centred.broadcast_div(&(variance + eps)?.sqrt()?)?;
    normal.broadcast_mul(gamma)?.broadcast_add(beta)?.to_dtype(x.dtype())
}

/// Softmax over the last dimension, computed in f32 and given in the type of x.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    let wide = x.to_dtype(DType::F32)?;
    let top = wide.max_keepdim(D::Minus1)?.detach();
    let exp = wide.broadcast_sub(&top)?.exp()?;
    exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)?.to_dtype(x.dtype())
}

//! What a pixel makes of its own channels, and the mean of all pixels.

use candle_core::{Result, Tensor};

use crate::exact::{matmul, mean_of_places};

/// A 1x1 convolution of x (B, H, W, I) with weights (O, I, ..) to (B, H, W, O).
///
/// # Errors
/// Those of candle.
pub fn pointwise(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (batch, height, width, inputs) = x.dims4()?;
    let weight = weight.reshape((weight.dim(0)?, inputs))?;
    let rows = x.reshape((batch * height * width, inputs))?;
    matmul(&rows, &weight.t()?)?.reshape((batch, height, width, ()))
}

/// The mean over all pixels: x (B, H, W, C) to (B, C).
pub fn mean_of_image(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    mean_of_places(&x.reshape((batch, height * width, channels))?)
}

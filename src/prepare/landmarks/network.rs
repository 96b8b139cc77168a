//! The 68-point network: four dense blocks of separable convolutions and a linear layer,
//! as `@vladmandic/face-api` has it. NOTICE says whose the weights are.

use std::path::Path;

use candle_core::{Device, Result, Tensor};

use super::square::Square;
use proofmark_model::convolution::{Window, depthwise, patches};
use proofmark_model::exact::mean_of_places;
use proofmark_model::ops::linear;
use proofmark_model::weights::{WeightsError, WeightsFile};

/// Side of the network's input in pixels.
pub const SIDE: usize = 112;
/// Mean of its training images: red, green, blue.
const MEAN: [f32; 3] = [122.782, 117.001, 104.298];
/// Weights that are built in.
const EMBEDDED: &[u8] = include_bytes!("landmark68.safetensors");
/// Outputs of the dense blocks.
const WIDTHS: [usize; 4] = [32, 64, 128, 256];

/// The network; threads may share it.
#[derive(Debug)]
pub struct LandmarkNet {
    blocks: Vec<[Conv; 4]>,
    weight: Tensor,
    bias: Tensor,
}

/// A convolution of the blocks, 3x3 and padded to keep the size.
#[derive(Debug)]
struct Conv {
    /// (inputs, 1, 3, 3); none for the first, which sees the image.
    depthwise: Option<Tensor>,
    /// (outputs, inputs), or of the first (outputs, 27).
    weight: Tensor,
    bias: Tensor,
}

impl LandmarkNet {
    /// The network that is built in.
    ///
    /// # Errors
    /// None but a mistake of ours.
    pub fn embedded() -> std::result::Result<Self, WeightsError> {
        let path = Path::new("the built-in landmark network");
        let file = WeightsFile::from_memory(path, EMBEDDED.to_vec())?;
        let get = |name: String| {
            let place = file.entries().iter().position(|entry| entry.name == name);
            file.tensor(place.expect("the network is built in whole"))
        };
        let conv = |block: usize, layer: usize| {
            let name = |part: &str| format!("dense{block}.conv{layer}.{part}");
            let outputs = WIDTHS[block];
            let (depthwise, weight) = match (block, layer) {
                (0, 0) => (None, get(name("filters"))?),
                _ => (Some(get(name("depthwise_filter"))?), get(name("pointwise_filter"))?),
            };
            let weight = weight.reshape((outputs, ()))?;
            Ok::<Conv, WeightsError>(Conv { depthwise, weight, bias: get(name("bias"))? })
        };
        let block = |block| {
            Ok::<_, WeightsError>([
                conv(block, 0)?,
                conv(block, 1)?,
                conv(block, 2)?,
                conv(block, 3)?,
            ])
        };
        let blocks = (0..4).map(block).collect::<std::result::Result<_, WeightsError>>()?;
        Ok(Self { blocks, weight: get("fc.weights".into())?, bias: get("fc.bias".into())? })
    }

    /// The points within a square of an RGB picture, in its pixels.
    pub fn points(&self, rgb: &[u8], width: usize, square: Square) -> Result<Vec<[f64; 2]>> {
        let points = self.run(&square.cut(rgb, width, SIDE))?;
        let place = |[x, y]: [f32; 2]| {
            [square.x + square.side * f64::from(x), square.y + square.side * f64::from(y)]
        };
        Ok(points.into_iter().map(place).collect())
    }

    /// The points (68) of a face of [`SIDE`] × [`SIDE`] pixels, in units of its side.
    pub fn run(&self, rgb: &[u8]) -> Result<Vec<[f32; 2]>> {
        let points = linear(&self.features(rgb, 4)?, &self.weight, &self.bias)?;
        let values: Vec<f32> = points.flatten_all()?.to_vec1()?;
        Ok(values.as_chunks().0.to_vec())
    }

    /// Mean of each channel (1, C) after so many blocks.
    pub fn features(&self, rgb: &[u8], blocks: usize) -> Result<Tensor> {
        let mut planes = vec![0f32; rgb.len()];
        for (c, plane) in planes.chunks_exact_mut(SIDE * SIDE).enumerate() {
            for (value, pixel) in plane.iter_mut().zip(rgb.chunks_exact(3)) {
                *value = (f32::from(pixel[c]) - MEAN[c]) / 255.0;
            }
        }
        let halved = Window::same(3, 2);
        let mut x = patches(&planes, SIDE, halved, &Device::Cpu)?;
        for [first, second, third, fourth] in &self.blocks[..blocks] {
            let sum = first.apply(&x, 2)?.relu()?;
            let sum = (&sum + second.apply(&sum, 1)?)?;
            let sum = (&sum + third.apply(&sum.relu()?, 1)?)?;
            x = (&sum + fourth.apply(&sum.relu()?, 1)?)?.relu()?;
        }
        let (_, height, width, channels) = x.dims4()?;
        mean_of_places(&x.reshape((1, height * width, channels))?)
    }
}

impl Conv {
    fn apply(&self, x: &Tensor, stride: usize) -> Result<Tensor> {
        match &self.depthwise {
            Some(window) => {
                let x = depthwise(x, window, Window::same(3, stride))?;
                linear(&x, &self.weight, &self.bias)
            }
            // The image is in windows already.
            None => linear(x, &self.weight, &self.bias),
        }
    }
}

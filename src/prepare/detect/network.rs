//! RetinaFace as a list of layers, built from the tensors of a file.

use candle_core::Tensor;

use super::error::DetectorError;

/// Anchors at each place of a level.
pub const ANCHORS: usize = 2;
/// Pyramid levels, and the pixels from one of their places to the next.
pub const STRIDES: [usize; 3] = [8, 16, 32];
/// Values that a head gives at a place, those of its [`ANCHORS`] one after the other:
/// boxes, background and face, landmarks.
pub const HEAD: [usize; 3] = [4 * ANCHORS, 2 * ANCHORS, 10 * ANCHORS];
/// Channels of a head.
pub const OUTPUTS: usize = HEAD[0] + HEAD[1] + HEAD[2];
/// Mean of the training images: red, green, blue.
pub const MEAN: [f32; 3] = [123.0, 117.0, 104.0];

/// What a layer gives, (channels, height, width): 0 is the image, 1 the first layer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map(pub usize);

/// Some neighbouring channels of a map.
#[derive(Clone, Copy, Debug)]
pub struct MapPart {
    /// The map.
    pub map: Map,
    /// The first channel.
    pub from: usize,
    /// How many.
    pub channels: usize,
}

/// A convolution with batch norm folded in, padded by half its kernel, then LeakyReLU
/// with a slope for each output: 0 is ReLU, 1 changes nothing.
#[derive(Clone, Debug)]
pub struct Filter {
    /// (outputs, inputs, kernel, kernel); inputs is 1 if it goes by channel.
    pub weight: Tensor,
    /// (outputs).
    pub bias: Vec<f32>,
    /// (outputs), each from 0 to 1.
    pub slopes: Vec<f32>,
}

impl Filter {
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Side of the kernel.
    pub fn kernel(&self) -> usize {
        self.weight.dims()[3]
    }

    /// The same for images in red, green, blue: the files have it the other way round.
    pub fn of_rgb(self) -> Result<Self, DetectorError> {
        Ok(Self { weight: self.weight.flip(&[1])?.contiguous()?, ..self })
    }

    /// Filters of the same input as one: their outputs one after the other.
    pub fn beside(filters: &[Self]) -> Result<Self, DetectorError> {
        let weights: Vec<&Tensor> = filters.iter().map(|f| &f.weight).collect();
        Ok(Self {
            weight: Tensor::cat(&weights, 0)?,
            bias: filters.iter().flat_map(|f| f.bias.clone()).collect(),
            slopes: filters.iter().flat_map(|f| f.slopes.clone()).collect(),
        })
    }
}

/// One step of the network; each gives a map.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A convolution of parts, which count as one map with all their channels.
    Conv {
        /// Where the inputs come from.
        input: Vec<MapPart>,
        /// What is applied.
        filter: Filter,
        /// Input pixels from one output pixel to the next.
        stride: usize,
        /// Added before the activation.
        plus: Option<Map>,
    },
    /// A 3x3 convolution by channel, then a 1x1 convolution.
    Separable {
        /// The input.
        input: Map,
        /// By channel.
        depthwise: Filter,
        /// Across channels.
        pointwise: Filter,
        /// Of the first.
        stride: usize,
    },
    /// The largest of 3x3 at stride 2; nothing in it is below 0.
    Pool {
        /// The input.
        input: Map,
    },
    /// A map enlarged to twice the size, each pixel repeated, and added to another.
    Enlarge {
        /// Half the size, rounded up.
        small: Map,
        /// What it is added to.
        plus: Map,
    },
}

impl Layer {
    /// The map that it applies to, the first if there are several.
    pub fn input(&self) -> Map {
        match self {
            Self::Conv { input, .. } => input[0].map,
            Self::Separable { input, .. } | Self::Pool { input } => *input,
            Self::Enlarge { small, .. } => *small,
        }
    }
}

/// The whole network.
#[derive(Clone, Debug)]
pub struct Network {
    /// In order; each needs only maps of those before it.
    pub layers: Vec<Layer>,
    /// The head of each level, with [`OUTPUTS`] channels.
    pub heads: [Map; 3],
}

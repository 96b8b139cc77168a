//! What networks of convolutions are made of, whoever computes it: on the CPU each operation is carried out when it
//! is asked for, for a GPU it is written down first.

use std::fmt::Debug;

use candle_core::Result;

use super::Window;
pub use proofmark_gpu::kernels::batch::Activation;

/// A network as segments, one behind the other. It describes itself once, in terms of [`Operations`].
pub trait Segmented: Debug + Send {
    /// Side S of the images.
    fn side(&self) -> usize;

    /// The windows of its first convolution. What the first segment is given are those of images (B, 3, S, S) as
    /// rows, (B, H, W, 3 k k), in the order of a weight (O, 3, k, k).
    fn first(&self) -> Window;

    /// Number of segments.
    fn count(&self) -> usize;

    /// The output of a segment, from 0; of the last the embeddings (B, D).
    ///
    /// # Errors
    /// Those of the operations.
    fn segment<O: Operations>(&self, segment: usize, x: &O::Map, with: &mut O) -> Result<O::Map>;

    /// Added to the variance in every batch norm.
    fn eps(&self) -> f64;

    /// Share of batch norm's running statistics that a step replaces.
    fn momentum(&self) -> f64;
}

/// Operations on maps (B, H, W, C). Parameters are given by their names.
///
/// # Errors
/// Of all of them: those of the arithmetic.
pub trait Operations {
    /// A map, or an embedding (B, D).
    type Map: Clone;

    /// A 1x1 convolution with weights (O, C, ..): (B, H, W, O).
    fn pointwise(&mut self, x: &Self::Map, weight: &str) -> Result<Self::Map>;

    /// A convolution with weights (O, C, k, k): (B, H', W', O).
    fn convolution(&mut self, x: &Self::Map, weight: &str, window: Window) -> Result<Self::Map>;

    /// A convolution of each channel with weights (C, 1, k, k): (B, H', W', C).
    fn depthwise(&mut self, x: &Self::Map, weight: &str, window: Window) -> Result<Self::Map>;

    /// Batch norm of this name, by the batch while training, else by the running statistics; and what is behind it.
    fn norm(&mut self, x: &Self::Map, name: &str, behind: Activation) -> Result<Self::Map>;

    /// x where it is above 0, else 0.
    fn relu(&mut self, x: &Self::Map) -> Result<Self::Map>;

    /// Squeeze and excitation (Hu et al. 2018): x times a factor for each channel of an image, the sigmoid of what
    /// two 1x1 convolutions of these names, with SiLU between them, make of the channels' means.
    fn excite(&mut self, x: &Self::Map, convolutions: [&str; 2]) -> Result<Self::Map>;

    /// The largest value of each channel in the windows: (B, H', W', C).
    fn max_pool(&mut self, x: &Self::Map, window: Window) -> Result<Self::Map>;

    /// The sum of a shortcut and a branch, which may be dropped for some images while training.
    fn join(
        &mut self,
        shortcut: &Self::Map,
        branch: &Self::Map,
        drop: Option<Branch>,
    ) -> Result<Self::Map>;

    /// The mean over all pixels: (B, C).
    fn mean(&mut self, x: &Self::Map) -> Result<Self::Map>;

    /// An embedding (B, D), of which a share of the values is dropped while training.
    fn dropout(&mut self, x: &Self::Map, rate: f64) -> Result<Self::Map>;
}

/// How a branch is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// Its number, by which that is drawn.
    pub number: usize,
    /// For which share of the images.
    pub rate: f64,
}

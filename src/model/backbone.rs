//! What the program asks of a network, whichever it is: its sizes and parameters ([`Backbone`]), how
//! they are found in files of others ([`FromFiles`]), and how images become embeddings ([`Trunk`]).

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::drop_path::DropPath;
use super::gradients::Gradients;
use super::images::Images;
use super::params::Params;
use super::spec::ParamSpec;
use super::weights::{Entry, LoadReport, WeightsError};
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::model::Precision;

/// Size and shape of a network, and what follows from them.
pub trait Backbone: Debug + FromFiles {
    /// Whether it can be. The error says what is wrong.
    ///
    /// # Errors
    /// A size that is out of its limits, or does not go with another.
    fn check_sizes(&self) -> std::result::Result<(), String>;

    /// Number of classes C.
    fn classes(&self) -> usize;

    /// Side S of the input in pixels.
    fn image(&self) -> usize;

    /// Width D of an embedding.
    fn embedding_width(&self) -> usize;

    /// Every parameter, in order.
    fn parameters(&self) -> Vec<ParamSpec>;

    /// Names of the classifier's weight (C, D) and bias (C).
    fn head(&self) -> [&'static str; 2];

    /// Layer of a parameter for layer-wise learning rates, from 0.
    fn layer_of(&self, name: &str) -> usize;

    /// The uppermost layer: the head's.
    fn top_layer(&self) -> usize;

    /// Whether weight decay acts on a parameter: not on vectors, biases and norms.
    fn decays(&self, spec: &ParamSpec) -> bool {
        spec.shape.len() > 1
    }

    /// Multiplications and additions of one image's forward pass.
    fn flops(&self) -> f64;

    /// Numbers that the forward pass of one image keeps for its backward pass, roughly.
    fn activations(&self) -> usize;

    /// Whether a batch may pass in parts, with the same result: not under batch norm.
    fn supports_micro_batches(&self) -> bool;

    /// Why it cannot be computed on a GPU, if it cannot.
    fn not_on_gpu(&self) -> Option<String>;

    /// What computes embeddings, for parameters on the CPU, or all but the classifier on a GPU.
    fn trunk(&self, gpu: Option<&Arc<dyn Gpu>>, precision: Precision) -> Box<dyn Trunk>;
}

/// Images to embeddings, and gradients back.
pub trait Trunk: Debug + Send {
    /// Embeddings (B, D) of images as row-major values, without a graph. `drop` is given while training.
    ///
    /// # Errors
    /// Those of candle, and images of another size or on another device.
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor>;

    /// [`Trunk::embed`], with the activations that [`Trunk::backward`] needs.
    ///
    /// # Errors
    /// As [`Trunk::embed`].
    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor>;

    /// Adds the gradients of all parameters but the head's, given that of the embeddings (B, D) of
    /// the last [`Trunk::embed_keeping`].
    ///
    /// # Errors
    /// Those of candle, and no such forward pass.
    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()>;

    /// From now on most activations are computed again in the backward pass instead of kept
    /// (activation checkpointing), if this network can.
    fn checkpoint_activations(&mut self) {}

    /// Moves the running statistics of batch norm, if there are any, towards the moments of the last
    /// [`Trunk::embed_keeping`].
    ///
    /// # Errors
    /// Those of candle.
    fn update_running_statistics(&mut self, _params: &Params) -> Result<()> {
        Ok(())
    }
}

/// How the parameters of a network are found in files that others wrote. By default a file has them
/// by the same names and in the same shapes.
pub trait FromFiles {
    /// Other names that files have for a parameter.
    fn aliases(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    /// Whether a parameter can be made of a tensor of another shape.
    fn adapts(&self, _name: &str) -> bool {
        false
    }

    /// Whether a tensor of the file fits a parameter; the report learns what will be done with it.
    /// `shape_of` gives the shape of the file's tensor for another parameter.
    fn fits(
        &self,
        spec: &ParamSpec,
        found: &Entry,
        _shape_of: &dyn Fn(&str) -> Option<Vec<usize>>,
        _report: &mut LoadReport,
    ) -> bool {
        found.shape == spec.shape
    }

    /// The values of a parameter, made of the file's tensor for it. `other` reads the file's tensor
    /// for another parameter.
    ///
    /// # Errors
    /// Those of reading and of candle.
    fn adapted(
        &self,
        _name: &str,
        tensor: Tensor,
        _other: &mut dyn FnMut(&str) -> std::result::Result<Option<Tensor>, WeightsError>,
        _report: &mut LoadReport,
    ) -> std::result::Result<Tensor, WeightsError> {
        Ok(tensor)
    }

    /// Whether variants of this network lack a parameter and have others instead, which then say
    /// more than that it is missing.
    fn lacked_by_variants(&self, _name: &str) -> bool {
        false
    }

    /// Why the network of a file computes something else than this one, if a tensor that no
    /// parameter took says so.
    fn unlike(&self, name: &str, file: &LeftOver<'_>) -> Option<String>;
}

/// What is known of a file when its left-over tensors are looked at.
pub struct LeftOver<'a> {
    /// The parameters that were found.
    pub matched: &'a [String],
    /// The shape of a tensor of the file.
    pub shape: &'a dyn Fn(&str) -> Option<Vec<usize>>,
    /// Whether the file's head is used, so that all behind the trunk counts, too.
    pub whole: bool,
}

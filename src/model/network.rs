//! A network that trains: images to embeddings by the trunk of its architecture, the head on top,
//! and the gradient of everything.

use std::cell::RefCell;

use candle_core::{Result, Tensor, Var};

use super::architecture::Architecture;
use super::backbone::Trunk;
use super::drop_path::DropPath;
use super::gradients::Gradients;
use super::images::Images;
use super::ops::linear;
use super::params::Params;
use super::resident::Resident;
use proofmark_base::math::exp;
use proofmark_lang::model::Precision;

/// A network with its parameters.
#[derive(Debug)]
pub struct Network<'p> {
    architecture: Architecture,
    params: &'p Params,
    trunk: RefCell<Box<dyn Trunk>>,
}

impl<'p> Network<'p> {
    /// A network in the declared precision, on the device of its parameters.
    pub fn new(
        architecture: impl Into<Architecture>,
        params: &'p Params,
        precision: Precision,
    ) -> Self {
        let architecture = architecture.into();
        let gpu = params.resident().map(Resident::gpu);
        let trunk = RefCell::new(architecture.trunk(gpu, precision));
        Self { architecture, params, trunk }
    }

    /// [`Network::new`] with embeddings from another implementation of the same network.
    pub fn with_trunk(
        architecture: impl Into<Architecture>,
        params: &'p Params,
        trunk: impl Trunk + 'static,
    ) -> Self {
        let trunk = RefCell::new(Box::new(trunk) as Box<dyn Trunk>);
        Self { architecture: architecture.into(), params, trunk }
    }

    /// The same network with activation checkpointing, if it can: where a batch passes as a whole,
    /// most activations are computed again in the backward pass.
    #[must_use]
    pub fn with_checkpointing(self) -> Self {
        self.trunk.borrow_mut().checkpoint_activations();
        self
    }

    /// Moves the running statistics of batch norm, if there are any, towards the moments of the last
    /// [`Network::embed_keeping`].
    pub fn update_running_statistics(&self) -> Result<()> {
        self.trunk.borrow_mut().update_running_statistics(self.params)
    }

    /// Its size and shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Its parameters.
    pub fn params(&self) -> &'p Params {
        self.params
    }

    /// Embeddings (B, D) of images, without a graph. `drop` is given while training.
    pub fn embed<'i>(
        &self,
        images: impl Into<Images<'i>>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.trunk.borrow_mut().embed(self.params, images.into(), drop)
    }

    /// [`Network::embed`], ready for [`Network::backward`].
    pub fn embed_keeping<'i>(
        &self,
        images: impl Into<Images<'i>>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.trunk.borrow_mut().embed_keeping(self.params, images.into(), drop)
    }

    /// Adds the gradients of all parameters but the head's, given that of the
    /// embeddings (B, D) of the last [`Network::embed_keeping`].
    pub fn backward(&self, dembedding: &Tensor, grads: &mut Gradients<'_>) -> Result<()> {
        self.trunk.borrow_mut().backward(self.params, dembedding, grads)
    }

    /// Takes a loss of embeddings (B, D) and their logits (B, C), adds the gradients of
    /// the head, and returns what `loss` gave with the gradient of the embeddings.
    pub fn head_backward<T>(
        &self,
        embedding: &Tensor,
        grads: &mut Gradients<'_>,
        loss: impl FnOnce(&Tensor, &Tensor) -> Result<(Tensor, T)>,
    ) -> Result<(Tensor, T)> {
        let embedding = Var::from_tensor(embedding)?;
        let logits = self.classify(embedding.as_tensor())?;
        let (total, rest) = loss(embedding.as_tensor(), &logits)?;
        let store = total.backward()?;
        for name in self.architecture.head() {
            if let Some(grad) = store.get(self.params.get(name)) {
                grads.add_tensor(name, grad)?;
            }
        }
        let gradient = match store.get(&embedding) {
            Some(gradient) => gradient.clone(),
            None => embedding.zeros_like()?,
        };
        Ok((gradient, rest))
    }

    /// Logits (B, C) of images, without a graph.
    pub fn logits<'i>(&self, images: impl Into<Images<'i>>) -> Result<Tensor> {
        Ok(self.classify(&self.embed(images, None)?)?.detach())
    }

    /// The weight of the classifier (C, D).
    pub fn classifier(&self) -> &'p Tensor {
        self.params.get(self.architecture.head()[0])
    }

    /// Logits (B, C) of embeddings (B, D), with a graph.
    pub fn classify(&self, embedding: &Tensor) -> Result<Tensor> {
        let [weight, bias] = self.architecture.head().map(|name| self.params.get(name));
        linear(embedding, weight, bias)
    }

    /// Class probabilities of images; class 0 is real.
    pub fn probabilities<'i>(&self, images: impl Into<Images<'i>>) -> Result<Vec<Vec<f32>>> {
        probabilities(&self.logits(images)?)
    }
}

/// Logits (B, C) to class probabilities (B, C); class 0 is real.
pub fn probabilities(logits: &Tensor) -> Result<Vec<Vec<f32>>> {
    let of_row = |row: Vec<f32>| {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = row.iter().map(|v| exp(f64::from(*v) - f64::from(top)));
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| (power / sum) as f32).collect()
    };
    Ok(logits.to_vec2::<f32>()?.into_iter().map(of_row).collect())
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

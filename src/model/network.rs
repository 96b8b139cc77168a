//! A network that trains: images to embeddings by whichever implementation fits the
//! device, the head on top, and the gradient of everything.

use std::cell::RefCell;

use candle_core::{DType, Result, Tensor, Var, bail};

use super::gradients::Gradients;
use super::params::Params;
use super::trunk::Fused;
use super::vit::{DropPath, VitConfig, embed, logits, probabilities};
use crate::lang::model::Precision;

/// A Vision Transformer with its parameters.
#[derive(Debug)]
pub struct Network<'p> {
    config: VitConfig,
    params: &'p Params,
    trunk: RefCell<Trunk>,
}

/// What computes embeddings.
#[derive(Debug)]
enum Trunk {
    /// Hand-written kernels: the CPU in f32.
    Fused(Box<Fused>),
    /// candle's operations: every other device and precision. Holds the graph of the
    /// last pass that kept.
    Composed { dtype: DType, kept: Option<Tensor> },
}

impl<'p> Network<'p> {
    /// A network in the declared precision, on the device of its parameters.
    pub fn new(config: VitConfig, params: &'p Params, precision: Precision) -> Self {
        let on_cpu = params.vars().iter().all(|v| v.device().is_cpu());
        let trunk = match precision {
            Precision::F32 if on_cpu => Trunk::Fused(Box::new(Fused::new(config.clone()))),
            Precision::F32 => Trunk::Composed { dtype: DType::F32, kept: None },
            Precision::Bf16 => Trunk::Composed { dtype: DType::BF16, kept: None },
        };
        Self { config, params, trunk: RefCell::new(trunk) }
    }

    /// [`Network::new`] in f32 without the hand-written kernels: the reference.
    pub fn composed(config: VitConfig, params: &'p Params) -> Self {
        let trunk = Trunk::Composed { dtype: DType::F32, kept: None };
        Self { config, params, trunk: RefCell::new(trunk) }
    }

    /// Its size and shape.
    pub fn config(&self) -> &VitConfig {
        &self.config
    }

    /// Its parameters.
    pub fn params(&self) -> &'p Params {
        self.params
    }

    /// Embeddings (B, D) of normalised images (B, 3, S, S) as row-major values, without
    /// a graph. `drop` is given while training.
    pub fn embed(&self, images: &[f32], drop: Option<DropPath>) -> Result<Tensor> {
        match &mut *self.trunk.borrow_mut() {
            Trunk::Fused(fused) => self.rows(fused.embed(self.params, images, drop)?),
            Trunk::Composed { dtype, .. } => {
                Ok(embed(&self.config, self.params, &self.images(images)?, drop, *dtype)?.detach())
            }
        }
    }

    /// [`Network::embed`], ready for [`Network::backward`].
    pub fn embed_keeping(&self, images: &[f32], drop: Option<DropPath>) -> Result<Tensor> {
        match &mut *self.trunk.borrow_mut() {
            Trunk::Fused(fused) => self.rows(fused.embed_keeping(self.params, images, drop)?),
            Trunk::Composed { dtype, kept } => {
                let images = self.images(images)?;
                let embedding = embed(&self.config, self.params, &images, drop, *dtype)?;
                Ok(kept.insert(embedding).detach())
            }
        }
    }

    /// Adds the gradients of all parameters but the head's, given that of the
    /// embeddings (B, D) of the last [`Network::embed_keeping`].
    pub fn backward(&self, dembedding: &Tensor, grads: &mut Gradients<'_>) -> Result<()> {
        match &mut *self.trunk.borrow_mut() {
            Trunk::Fused(fused) => {
                let values = dembedding.flatten_all()?.to_vec1::<f32>()?;
                fused.backward(self.params, &values, grads)
            }
            Trunk::Composed { kept, .. } => {
                let Some(embedding) = kept.take() else {
                    bail!("no forward pass was kept for this backward pass")
                };
                // The inner product has the given gradient with respect to embeddings.
                let store = (embedding * dembedding)?.sum_all()?.backward()?;
                for (spec, var) in self.params.specs().iter().zip(self.params.vars()) {
                    if let Some(grad) = store.get(var) {
                        grads.add_tensor(&spec.name, grad)?;
                    }
                }
                Ok(())
            }
        }
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
        let logits = logits(self.params, embedding.as_tensor())?;
        let (total, rest) = loss(embedding.as_tensor(), &logits)?;
        let store = total.backward()?;
        for name in ["head.weight", "head.bias"] {
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
    pub fn logits(&self, images: &[f32]) -> Result<Tensor> {
        Ok(logits(self.params, &self.embed(images, None)?)?.detach())
    }

    /// Class probabilities of images; class 0 is real.
    pub fn probabilities(&self, images: &[f32]) -> Result<Vec<Vec<f32>>> {
        probabilities(&self.logits(images)?)
    }

    fn images(&self, values: &[f32]) -> Result<Tensor> {
        let side = self.config.image;
        let shape = (values.len() / (3 * side * side), 3, side, side);
        Tensor::from_slice(values, shape, self.params.vars()[0].device())
    }

    fn rows(&self, values: Vec<f32>) -> Result<Tensor> {
        let shape = (values.len() / self.config.width, self.config.width);
        Tensor::from_vec(values, shape, self.params.vars()[0].device())
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

//! A network that trains: images to embeddings by whichever implementation fits the
//! device, the head on top, and the gradient of everything.

use std::cell::RefCell;

use candle_core::{DType, Result, Tensor, Var, bail};

use super::architecture::Architecture;
use super::efficientnet::Trunk as Convolutions;
use super::gradients::Gradients;
use super::ops::linear;
use super::params::Params;
use super::trunk::Fused;
use super::vit::{DropPath, VitConfig, embed, probabilities};
use proofmark_lang::model::Precision;

/// A network with its parameters.
#[derive(Debug)]
pub struct Network<'p> {
    architecture: Architecture,
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
    Composed { config: VitConfig, dtype: DType, kept: Option<Tensor> },
    /// An EfficientNet.
    Convolutions(Box<Convolutions>),
}

impl<'p> Network<'p> {
    /// A network in the declared precision, on the device of its parameters.
    pub fn new(
        architecture: impl Into<Architecture>,
        params: &'p Params,
        precision: Precision,
    ) -> Self {
        let architecture = architecture.into();
        let on_cpu = params.vars().iter().all(|v| v.device().is_cpu());
        let composed = |config: &VitConfig, dtype| Trunk::Composed {
            config: config.clone(),
            dtype,
            kept: None,
        };
        let trunk = match (&architecture, precision) {
            // Its products are f32 whatever is declared; what declares otherwise is refused.
            (Architecture::EfficientNet(config), _) => {
                Trunk::Convolutions(Box::new(Convolutions::new(config.clone())))
            }
            (Architecture::Vit(config), Precision::F32) if on_cpu => {
                Trunk::Fused(Box::new(Fused::new(config.clone())))
            }
            (Architecture::Vit(config), Precision::F32) => composed(config, DType::F32),
            (Architecture::Vit(config), Precision::Bf16) => composed(config, DType::BF16),
        };
        Self { architecture, params, trunk: RefCell::new(trunk) }
    }

    /// [`Network::new`] of a Vision Transformer in f32 without the hand-written kernels: the
    /// reference.
    pub fn composed(config: VitConfig, params: &'p Params) -> Self {
        let trunk = Trunk::Composed { config: config.clone(), dtype: DType::F32, kept: None };
        Self { architecture: config.into(), params, trunk: RefCell::new(trunk) }
    }

    /// The same network, which keeps few activations where a batch passes as a whole.
    #[must_use]
    pub fn sparing(self) -> Self {
        if let Trunk::Convolutions(trunk) = &mut *self.trunk.borrow_mut() {
            trunk.spare();
        }
        self
    }

    /// Whether a batch may pass in parts: not under batch norm, which needs all of it.
    pub fn divides(&self) -> bool {
        !matches!(*self.trunk.borrow(), Trunk::Convolutions(_))
    }

    /// Counts the last pass that kept into the running statistics, if there are any.
    pub fn count_statistics(&self) -> Result<()> {
        match &mut *self.trunk.borrow_mut() {
            Trunk::Convolutions(trunk) => trunk.count(self.params),
            Trunk::Fused(_) | Trunk::Composed { .. } => Ok(()),
        }
    }

    /// Its size and shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
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
            Trunk::Composed { config, dtype, .. } => {
                Ok(embed(config, self.params, &self.images(images)?, drop, *dtype)?.detach())
            }
            Trunk::Convolutions(trunk) => trunk.embed(self.params, images, drop),
        }
    }

    /// [`Network::embed`], ready for [`Network::backward`].
    pub fn embed_keeping(&self, images: &[f32], drop: Option<DropPath>) -> Result<Tensor> {
        match &mut *self.trunk.borrow_mut() {
            Trunk::Fused(fused) => self.rows(fused.embed_keeping(self.params, images, drop)?),
            Trunk::Convolutions(trunk) => trunk.embed_keeping(self.params, images, drop),
            Trunk::Composed { config, dtype, kept } => {
                let images = self.images(images)?;
                let embedding = embed(config, self.params, &images, drop, *dtype)?;
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
            Trunk::Convolutions(trunk) => trunk.backward(self.params, dembedding, grads),
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
    pub fn logits(&self, images: &[f32]) -> Result<Tensor> {
        Ok(self.classify(&self.embed(images, None)?)?.detach())
    }

    /// The weight of the classifier (C, D).
    pub fn classifier(&self) -> &'p Tensor {
        self.params.get(self.architecture.head()[0])
    }

    /// Logits (B, C) of embeddings (B, D), with a graph.
    fn classify(&self, embedding: &Tensor) -> Result<Tensor> {
        let [weight, bias] = self.architecture.head().map(|name| self.params.get(name));
        linear(embedding, weight, bias)
    }

    /// Class probabilities of images; class 0 is real.
    pub fn probabilities(&self, images: &[f32]) -> Result<Vec<Vec<f32>>> {
        probabilities(&self.logits(images)?)
    }

    fn images(&self, values: &[f32]) -> Result<Tensor> {
        let side = self.architecture.image();
        let shape = (values.len() / (3 * side * side), 3, side, side);
        Tensor::from_slice(values, shape, self.params.vars()[0].device())
    }

    fn rows(&self, values: Vec<f32>) -> Result<Tensor> {
        let [weight, _] = self.architecture.head();
        let width = self.params.get(weight).dim(1)?;
        let shape = (values.len() / width, width);
        Tensor::from_vec(values, shape, self.params.vars()[0].device())
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

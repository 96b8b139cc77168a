//! The one file here that knows how Proofmark runs, differentiates and trains a network.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use proofmark_gpu::device::Device as Place;
use proofmark_lang::model::{
    AdamW as Settings, CrossEntropy, Loss, LossTerm, Mining, Precision, Triplet,
};
use proofmark_model::architecture::Architecture;
use proofmark_model::backbone::Backbone as _;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::Gradients;
use proofmark_model::losses::Targets;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;
use proofmark_train::optim::{AdamW, groups};
use proofmark_train::step::{Batch, gradients};

use crate::formula::parameter;

/// A network with the formula's parameters.
pub struct Engine {
    config: VitConfig,
    params: Params,
}

/// Everything that one batch gives.
pub struct Pass {
    pub loss: f64,
    /// B × C.
    pub logits: Vec<f32>,
    /// B × D.
    pub embedding: Vec<f32>,
    /// By parameter.
    pub gradients: BTreeMap<String, Vec<f32>>,
}

impl Engine {
    pub fn new(config: VitConfig) -> Self {
        Self::on(config, &Place::Cpu)
    }

    pub fn on(config: VitConfig, place: &Place) -> Self {
        let params = Architecture::from(config.clone()).params(place).unwrap();
        for (i, spec) in params.specs().iter().enumerate() {
            let values = parameter(&spec.name, &spec.shape);
            let values = Tensor::from_vec(values, spec.shape.as_slice(), &Device::Cpu).unwrap();
            params.set(i, &values).unwrap();
        }
        Self { config, params }
    }

    /// Forward and backward. `images` are B × 3 × S × S.
    pub fn pass(&self, images: Vec<f32>, classes: &[u32], loss: &Loss) -> Pass {
        let (loss, grads) = self.differentiate(&images, classes, loss);
        let network = self.network();
        let embedding = network.embed(&images, None).unwrap();
        let values = |i: usize| host(&grads.tensor(i).unwrap());
        let specs = self.params.specs().iter().enumerate();
        Pass {
            loss,
            logits: host(&network.classify(&embedding).unwrap()),
            embedding: host(&embedding),
            gradients: specs.map(|(i, spec)| (spec.name.clone(), values(i))).collect(),
        }
    }

    /// An optimiser for this network.
    pub fn optimizer(&self, settings: &Settings) -> AdamW {
        let groups = groups(settings, &self.config.clone().into(), &self.params);
        AdamW::new(settings, groups, &self.params).unwrap()
    }

    /// One step of training; returns the loss before it.
    pub fn step(
        &self,
        optimizer: &mut AdamW,
        lr: f64,
        images: Vec<f32>,
        classes: &[u32],
        loss: &Loss,
    ) -> f64 {
        let (loss, grads) = self.differentiate(&images, classes, loss);
        optimizer.step(&self.params, &grads, lr).unwrap();
        loss
    }

    /// Names, shapes and values of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &[usize], Vec<f32>)> {
        let values = |i| host(&self.params.tensor(i).unwrap());
        let specs = self.params.specs().iter().enumerate();
        specs.map(move |(i, spec)| (spec.name.as_str(), spec.shape.as_slice(), values(i)))
    }

    fn network(&self) -> Network<'_> {
        Network::new(self.config.clone(), &self.params, Precision::F32)
    }

    /// The objective and its gradients. The networks here have no drop path.
    fn differentiate(&self, images: &[f32], classes: &[u32], loss: &Loss) -> (f64, Gradients<'_>) {
        let mut grads = Gradients::new(&self.params);
        let targets = Targets { classes, own: 1.0 };
        let (network, batch) = (self.network(), Batch { images: images.into(), targets });
        let drop = DropPath { seed: 0, epoch: 0, step: 0, offset: 0 };
        let report = gradients(&network, loss, batch, classes.len(), drop, &mut grads).unwrap();
        (report.total, grads)
    }
}

fn host(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Name, layer scale and weight decay of every parameter.
pub fn group(config: &VitConfig, settings: &Settings) -> Vec<(String, f64, f64)> {
    let params = Params::zeros(config.parameters()).unwrap();
    let groups = groups(settings, &config.clone().into(), &params);
    let names = params.specs().iter().map(|spec| spec.name.clone());
    names.zip(groups).map(|(name, group)| (name, group.scale, group.decay)).collect()
}

/// Cross-entropy of weight 1.
pub fn cross_entropy(smoothing: f64) -> LossTerm {
    LossTerm::from(CrossEntropy { weight: 1.0, smoothing })
}

/// A triplet term.
pub fn triplet(mining: Mining, margin: f64, weight: f64, normalize: bool) -> LossTerm {
    LossTerm::from(Triplet { mining, margin, weight, normalize })
}

/// The strategy that a golden file calls `word`.
pub fn mining(word: &str) -> Mining {
    match word {
        "batch-all" => Mining::BatchAll,
        "hard-positive-hard-negative" => Mining::HardPositiveHardNegative,
        "easy-positive-hard-negative" => Mining::EasyPositiveHardNegative,
        other => panic!("no mining is called {other}"),
    }
}

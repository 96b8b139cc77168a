//! The network that both halves of `benches/gpu` run, on the device and in the precision that words say.

use std::sync::Arc;

use proofmark_gpu::device::Device;
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::model::{AdamW as Settings, CrossEntropy, Loss, LossTerm, Precision};
use proofmark_model::architecture::Architecture;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::Gradients;
use proofmark_model::images::Images;
use proofmark_model::losses::Targets;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;
use proofmark_train::optim::{AdamW, groups};
use proofmark_train::step::{Batch, gradients};

use crate::Outcome;
use crate::counted::Counted;

/// ViT-B/16, as `config` is written in JSON.
pub const VIT_B: &str = r#"{"patch": 16, "width": 768, "depth": 12, "heads": 12, "image": 224, "hidden": 3072,
    "layer_scale": null, "registers": 0, "pool": "patch-mean", "drop_path": 0.1, "classes": 2}"#;

/// A network in JSON, as a model's file has it, or the sizes of a ViT alone.
pub fn read(json: &str) -> Outcome<Architecture> {
    let of_vit = |_| serde_json::from_str::<VitConfig>(json).map(Architecture::from);
    Ok(serde_json::from_str(json).or_else(of_vit)?)
}

/// Where a network runs, and how.
pub struct Place {
    pub device: Device,
    pub precision: Precision,
    /// What lies on it, if it is a GPU.
    pub counted: Option<Arc<Counted>>,
}

impl Place {
    /// As both words say.
    pub fn new(device: &str, precision: &str) -> Outcome<Self> {
        let of_network = match precision {
            "f32" => Precision::F32,
            "tf32" => Precision::Tf32,
            "bf16" => Precision::Bf16,
            other => return Err(format!("{other} is none of f32, tf32 and bf16").into()),
        };
        let counted = match device.strip_prefix("cuda:") {
            Some(number) => Some(Arc::new(Counted::new(open(number.parse()?)?))),
            None if device == "cpu" && of_network != Precision::Tf32 => None,
            None => return Err(format!("there is no device {device} in {precision}").into()),
        };
        let device = match &counted {
            Some(counted) => Device::Gpu(Arc::clone(counted) as Arc<dyn Gpu>),
            None => Device::Cpu,
        };
        Ok(Self { device, precision: of_network, counted })
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        self.counted.as_ref().map_or_else(|| "cpu".to_owned(), |counted| counted.name())
    }

    /// Parameters of a network there, zero.
    pub fn params(&self, network: &Architecture) -> Outcome<Params> {
        Ok(network.params(&self.device)?)
    }
}

#[cfg(feature = "cuda")]
fn open(number: usize) -> Outcome<Arc<dyn Gpu>> {
    Ok(proofmark_gpu::cuda::open(number)?)
}

#[cfg(not(feature = "cuda"))]
fn open(_number: usize) -> Outcome<Arc<dyn Gpu>> {
    Err("this was built without `--features cuda`".into())
}

/// Training by cross-entropy and AdamW, as a recipe has it.
pub struct Training<'p> {
    pub network: Network<'p>,
    loss: Loss,
    optimizer: AdamW,
    pub grads: Gradients<'p>,
    steps: u64,
}

impl<'p> Training<'p> {
    /// Of parameters where they lie. The learning rate is that of each step.
    pub fn new(of: &Architecture, params: &'p Params, precision: Precision) -> Outcome<Self> {
        let settings = Settings {
            lr: 1e-3,
            weight_decay: 0.05,
            layer_decay: 1.0,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
        };
        let groups = groups(&settings, of, params);
        let cross = LossTerm::from(CrossEntropy { weight: 1.0, smoothing: 0.0 });
        Ok(Self {
            network: Network::new(of.clone(), params, precision),
            loss: Loss { terms: vec![cross] },
            optimizer: AdamW::new(&settings, groups, params)?,
            grads: Gradients::new(params),
            steps: 0,
        })
    }

    /// The gradients of a batch, whose moments move running statistics. Its loss.
    pub fn differentiate(&mut self, images: Images<'_>, classes: &[u32]) -> Outcome<f64> {
        self.grads.clear();
        let drop = DropPath { seed: 0, epoch: 0, step: self.steps, offset: 0 };
        let batch = Batch { images, targets: Targets { classes, own: 1.0 } };
        let (network, loss) = (&self.network, &self.loss);
        let report = gradients(network, loss, batch, classes.len(), drop, &mut self.grads)?;
        network.update_running_statistics()?;
        Ok(report.total)
    }

    /// A step as the program takes it, which looks at the norm of the gradient. The loss before it.
    pub fn step(&mut self, images: Images<'_>, classes: &[u32], lr: f64) -> Outcome<f64> {
        let loss = self.differentiate(images, classes)?;
        let norm = self.grads.norm()?;
        if !norm.is_finite() {
            return Err(format!("the gradient's norm is {norm} in step {}", self.steps).into());
        }
        self.optimizer.step(self.network.params(), &self.grads, lr)?;
        self.steps += 1;
        Ok(loss)
    }
}

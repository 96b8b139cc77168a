//! Embeddings, gradients and a few steps of training of a network whose weights and images a file gives.
//!
//! The file has each parameter by its name, `images` (B, 3, S, S) in f32 and `classes` (B) in I64, and in its metadata
//! `config`, the network in JSON, and `lr`. What is written has `embedding`, `gradient.NAME`, `losses` and, after the
//! steps, `predictions` (B, C).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use candle_core::{Device, Tensor};
use proofmark_model::architecture::Architecture;
use proofmark_model::params::Params;
use safetensors::SafeTensors;

use crate::network::{Place, Training, read};
use crate::{Outcome, tell};

/// What a file asks for.
struct Asked {
    network: Architecture,
    lr: f64,
    tensors: BTreeMap<String, Tensor>,
}

impl Asked {
    fn read(file: &Path) -> Outcome<Self> {
        let bytes = std::fs::read(file)?;
        let (_, header) = SafeTensors::read_metadata(&bytes)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let said = |key: &str| metadata.get(key).ok_or(format!("the file does not say its {key}"));
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
        Ok(Self {
            network: read(said("config")?)?,
            lr: said("lr")?.parse()?,
            tensors: tensors.into_iter().collect(),
        })
    }

    fn tensor(&self, name: &str) -> Outcome<&Tensor> {
        Ok(self.tensors.get(name).ok_or(format!("the file has no {name}"))?)
    }

    fn params(&self, place: &Place) -> Outcome<Params> {
        let params = place.params(&self.network)?;
        for (i, spec) in params.specs().iter().enumerate() {
            params.set(i, self.tensor(&spec.name)?)?;
        }
        Ok(params)
    }
}

/// Computes, writes, and prints what is short.
pub fn run(device: &str, precision: &str, steps: usize, from: &Path, to: &Path) -> Outcome<()> {
    let asked = Asked::read(from)?;
    let place = Place::new(device, precision)?;
    let begun = Instant::now();
    let params = asked.params(&place)?;
    let images = asked.tensor("images")?.flatten_all()?.to_vec1::<f32>()?;
    let classes = asked.tensor("classes")?.to_vec1::<i64>()?;
    let classes: Vec<u32> = classes.into_iter().map(u32::try_from).collect::<Result<_, _>>()?;

    let mut training = Training::new(&asked.network, &params, place.precision)?;
    let mut out = BTreeMap::new();
    out.insert("embedding".to_owned(), training.network.embed(&images, None)?);
    training.differentiate((&images).into(), &classes)?;
    for (i, spec) in params.specs().iter().enumerate() {
        out.insert(format!("gradient.{}", spec.name), training.grads.tensor(i)?);
    }
    let mut losses = Vec::new();
    for _ in 0..steps {
        losses.push(training.step((&images).into(), &classes, asked.lr)?);
    }
    let rows = training.network.probabilities(&images)?;
    let shape = (rows.len(), asked.network.classes());
    out.insert("predictions".to_owned(), Tensor::from_vec(rows.concat(), shape, &Device::Cpu)?);
    out.insert("losses".to_owned(), Tensor::new(losses.as_slice(), &Device::Cpu)?);
    candle_core::safetensors::save(&out.into_iter().collect(), to)?;
    tell(&serde_json::json!({
        "device": place.name(),
        "precision": precision,
        "losses": losses,
        "digest": digest(&params)?,
        "seconds": begun.elapsed().as_secs_f64(),
    }));
    Ok(())
}

/// Of the bits of all parameters.
fn digest(params: &Params) -> Outcome<String> {
    let mut hasher = blake3::Hasher::new();
    for i in 0..params.specs().len() {
        for value in params.tensor(i)?.flatten_all()?.to_vec1::<f32>()? {
            hasher.update(&value.to_bits().to_le_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

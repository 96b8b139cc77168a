//! Checkpoints: safetensors that PyTorch reads, with the experiment inside.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::lang::model::{Normalize, Resize};
use crate::lang::span::Spanned;
use crate::model::architecture::Architecture;
use crate::model::params::Params;
use crate::store::write_whole;
use crate::train::card::FaceCard;
use crate::work::Failure;

/// Key of our description in a checkpoint's metadata.
const CARD: &str = "proofmark";

/// What a checkpoint says about itself: all that scoring needs, and where it is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the training stage in the store.
    pub key: String,
    /// The typed inputs of that stage: experiment and digests.
    pub inputs: serde_json::Value,
    /// Epoch it was kept from, counted from 1.
    pub epoch: u32,
    /// Names of the classes; the first is real.
    pub classes: Vec<String>,
    /// Size and shape of the network.
    #[serde(flatten)]
    pub network: Architecture,
    /// Mean of the input per channel.
    pub mean: [f64; 3],
    /// Standard deviation of the input per channel.
    pub std: [f64; 3],
    /// How faces reach the input size.
    pub resize: Resize,
    /// How those were found and cut; none in a model of an earlier version, or of somebody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faces: Vec<FaceCard>,
    /// Side of the stored faces that it was trained on, in pixels.
    pub face_side: u32,
}

impl ModelCard {
    /// The normalisation as the loader takes it.
    pub fn normalize(&self) -> Normalize {
        Normalize { mean: Spanned::default_of(self.mean), std: Spanned::default_of(self.std) }
    }
}

/// Writes tensors by name with a description, whole or not at all. The same content
/// gives the same bytes.
pub fn write<T: Serialize>(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    card: &T,
) -> Result<(), Failure> {
    let text = serde_json::to_string(card).map_err(|e| Failure::Internal(e.to_string()))?;
    // One entry only: the format keeps metadata in a hash map, whose order varies.
    let metadata = HashMap::from([(CARD.to_owned(), text)]);
    let bytes = safetensors::serialize(tensors, Some(metadata))
        .map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(write_whole(path, &bytes)?)
}

/// Reads tensors by name (on the CPU) with their description.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<(BTreeMap<String, Tensor>, T), Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::read(path, &e))?;
    let broken = |why: String| Failure::Data(format!("{} {why}", path.display()));
    let (_, header) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| broken(format!("is not a safetensors file: {e}")))?;
    let card = header.metadata().as_ref().and_then(|m| m.get(CARD)).ok_or_else(|| {
        broken(
            "was not written by Proofmark: it does not say which experiment it is from; weights \
             from elsewhere belong into `init { weights .. }`"
                .to_owned(),
        )
    })?;
    let card = serde_json::from_str(card)
        .map_err(|e| broken(format!("has a description of another kind: {e}")))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    Ok((tensors.into_iter().collect(), card))
}

/// A trained model, ready to score.
pub fn load_model(path: &Path, device: &Device) -> Result<(Params, ModelCard), Failure> {
    let (tensors, card): (_, ModelCard) = read(path)?;
    let params = Params::zeros(card.network.parameters(), device)?;
    set(path, &params, &tensors, "")?;
    Ok((params, card))
}

/// Sets parameters from the tensors `prefix` + name; every one must be there in its
/// shape.
pub fn set(
    path: &Path,
    params: &Params,
    tensors: &BTreeMap<String, Tensor>,
    prefix: &str,
) -> Result<(), Failure> {
    for (spec, var) in params.specs().iter().zip(params.vars()) {
        let tensor = tensors.get(&format!("{prefix}{}", spec.name));
        match tensor {
            Some(tensor) if tensor.dims() == spec.shape => {
                var.set(&tensor.to_device(var.device())?)?;
            }
            _ => {
                return Err(Failure::Data(format!(
                    "{} has no tensor `{}` of shape {:?}",
                    path.display(),
                    spec.name,
                    spec.shape
                )));
            }
        }
    }
    Ok(())
}

//! Checkpoints: safetensors that PyTorch reads, with the experiment inside, and a digest of the
//! file.
//!
//! The digest is the last member of the description. It is that of the whole file, with zeros in
//! its own place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use candle_core::Tensor;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::card::FaceCard;
use proofmark_augmentations::face::Channels;
use proofmark_base::foreign::{Limits, json, within};
use proofmark_base::store::{cure, write_whole};
use proofmark_base::work::Failure;
use proofmark_gpu::device::Device;
use proofmark_lang::limits::CARD_FACE;
use proofmark_lang::model::{REAL, Resize};
use proofmark_model::architecture::Architecture;
use proofmark_model::params::Params;
use proofmark_model::weights::WeightsFile;

/// Key of our description in a checkpoint's metadata.
const CARD: &str = "proofmark";
/// What stands before the digest, in a description that is text within JSON.
const BEFORE: &[u8] = br#"\"file_blake3\":\""#;
/// The digest before it is known, in hexadecimal.
const UNKNOWN: [u8; 64] = [b'0'; 64];
/// What is said of a file whose digest is another.
const DAMAGED: &str = "is damaged: it is not as it was written";
/// Longest description of a model, in bytes: it has the typed inputs of its training.
const CARD_LIMIT: usize = 16 << 20;
/// What is said of a file without a description.
const FOREIGN: &str = "was not written by Proofmark: it does not say which experiment it is from; \
                       weights from elsewhere belong into `init { weights .. }`";

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
    /// What its inputs are normalised by.
    pub fn channels(&self) -> Channels {
        Channels { mean: self.mean, std: self.std }
    }
}

impl Limits for ModelCard {
    fn check(&self) -> Result<(), String> {
        self.network.check()?;
        let (classes, outputs) = (&self.classes, self.network.classes());
        if classes.len() != outputs {
            return Err(format!("it names {} classes of {outputs}", classes.len()));
        }
        if classes[0] != REAL {
            return Err(format!("its first class is `{}`, not `{REAL}`", classes[0]));
        }
        if classes.iter().collect::<BTreeSet<_>>().len() < classes.len() {
            return Err("two of its classes have one name".to_owned());
        }
        // Inputs are made in single precision.
        let (mean, std) = (self.mean.map(|x| x as f32), self.std.map(|x| x as f32));
        if !mean.iter().all(|x| x.is_finite()) {
            return Err(format!("the mean of its inputs is {:?}", self.mean));
        }
        if !std.iter().all(|x| x.is_finite() && *x > 0.0) {
            return Err(format!(
                "the standard deviation of its inputs is {:?}, by which nothing can be divided",
                self.std
            ));
        }
        within("side of the faces", self.face_side as usize, &CARD_FACE)?;
        self.faces.iter().try_for_each(FaceCard::check)
    }
}

/// Writes tensors by name with a description, which is an object, whole or not at all. The same
/// content gives the same bytes.
pub fn write<T: Serialize>(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    card: &T,
) -> Result<(), Failure> {
    let internal = |e: &dyn std::fmt::Display| Failure::Internal(e.to_string());
    let mut text = serde_json::to_string(card).map_err(|e| internal(&e))?;
    text.pop();
    let comma = if text.len() > 1 { "," } else { "" };
    text += &format!("{comma}\"file_blake3\":\"{}\"}}", String::from_utf8_lossy(&UNKNOWN));
    // One entry only: the format keeps metadata in a hash map, whose order varies.
    let metadata = HashMap::from([(CARD.to_owned(), text)]);
    let mut bytes = safetensors::serialize(tensors, Some(metadata)).map_err(|e| internal(&e))?;
    let place = digest_place(&bytes).ok_or_else(|| internal(&"a digest without a place"))?;
    let digest = blake3::hash(&bytes).to_hex();
    bytes[place].copy_from_slice(digest.as_bytes());
    Ok(write_whole(path, &bytes)?)
}

/// Where the digest of a checkpoint stands; none in one of an earlier version, or of others.
fn digest_place(bytes: &[u8]) -> Option<Range<usize>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let before = header.windows(BEFORE.len()).rposition(|window| window == BEFORE)?;
    let start = length.len() + before + BEFORE.len();
    let place = start..start + UNKNOWN.len();
    (place.end <= length.len() + header.len()).then_some(place)
}

/// Whether a checkpoint is as it was written. One without a digest is taken as it is.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(place) = digest_place(bytes) else { return true };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..place.start]).update(&UNKNOWN).update(&bytes[place.end..]);
    hasher.finalize().to_hex().as_bytes() == &bytes[place]
}

/// Whether the checkpoint in a file is there and as it was written.
///
/// # Errors
/// What is wrong, in words.
pub fn check(path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    match SafeTensors::deserialize(&bytes).is_ok() && is_whole(&bytes) {
        true => Ok(()),
        false => Err(format!("{} is not as it was written", path.display())),
    }
}

/// Reads tensors by name (on the CPU) with their description.
///
/// # Errors
/// A file that is not there, is not as it was written, or is of another kind.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<(BTreeMap<String, Tensor>, T), Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::read(path, &e))?;
    let broken = |why: String| Failure::data(format!("{} {why}", path.display()));
    let (_, header) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| broken(format!("is not a safetensors file: {e}")))?;
    if !is_whole(&bytes) {
        return Err(broken(format!("{DAMAGED}; {}", cure(path))));
    }
    let card = header.metadata().as_ref().and_then(|m| m.get(CARD));
    let card = card.ok_or_else(|| broken(FOREIGN.to_owned()))?;
    let card = serde_json::from_str(card)
        .map_err(|e| broken(format!("has a description of another kind: {e}")))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu)?;
    Ok((tensors.into_iter().collect(), card))
}

/// What a trained model says of itself, without its tensors.
///
/// # Errors
/// A file that is none, or whose description no network has.
pub fn card(path: &Path) -> Result<ModelCard, Failure> {
    described(path, &WeightsFile::open(path)?)
}

/// The description in a file.
fn described(path: &Path, file: &WeightsFile) -> Result<ModelCard, Failure> {
    let broken = |why: String| Failure::data(format!("{} {why}", path.display()));
    let card = file.metadata(CARD).ok_or_else(|| broken(FOREIGN.to_owned()))?;
    json(card.as_bytes(), CARD_LIMIT)
        .map_err(|why| broken(format!("has a description that no model of Proofmark's has: {why}")))
}

/// A trained model, ready to score on the device that is chosen for its network. What its description says
/// is checked before it is done, and its values are numbers.
///
/// # Errors
/// A file that is none, or whose description and tensors no network has; no device for it.
pub fn load_model(
    path: &Path,
    device: impl FnOnce(&Architecture) -> Result<Device, Failure>,
) -> Result<(Params, ModelCard), Failure> {
    let file = WeightsFile::open(path)?;
    let broken = |why: String| Failure::data(format!("{} {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| Failure::read(path, &e))?;
    if !is_whole(&bytes) {
        return Err(broken(format!("{DAMAGED}; {}", cure(path))));
    }
    drop(bytes);
    let card = described(path, &file)?;
    let specs = card.network.parameters();
    let places: BTreeMap<&str, usize> =
        file.entries().iter().enumerate().map(|(i, entry)| (entry.name.as_str(), i)).collect();
    // Nothing takes memory that the file does not have the values for.
    let places = specs
        .iter()
        .map(|spec| {
            let place = places.get(spec.name.as_str()).copied();
            place.filter(|place| file.entries()[*place].shape == spec.shape).ok_or_else(|| {
                broken(format!("has no tensor `{}` of shape {:?}", spec.name, spec.shape))
            })
        })
        .collect::<Result<Vec<usize>, Failure>>()?;
    places.iter().try_for_each(|place| file.check_type(*place))?;
    let params = card.network.params(&device(&card.network)?)?;
    for (index, place) in places.into_iter().enumerate() {
        params.set(index, &file.tensor(place)?)?;
    }
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
    for (index, spec) in params.specs().iter().enumerate() {
        let tensor = tensors.get(&format!("{prefix}{}", spec.name));
        match tensor {
            Some(tensor) if tensor.dims() == spec.shape => params.set(index, tensor)?,
            _ => {
                return Err(Failure::data(format!(
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

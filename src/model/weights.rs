//! Weights from a file: safetensors or a zip `.pth`, in timm's and FSFM's key names.
//!
//! Nothing from the file is executed: a pickle is read as data.

mod error;
mod pickle;
mod positions;
mod pth;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

pub use error::WeightsError;
pub(crate) use error::shortened;
use positions::{interpolate, sincos_deviation, square_grid};
use pth::Pth;

use super::architecture::Architecture;
use super::params::Params;

/// Up to here a position table is the sin-cos table: f32 keeps it to 6e-8.
const SINCOS: f64 = 1e-5;
/// What PyTorch's `DataParallel`, and a detector around its network, put before every name.
const WRAPPERS: [&str; 2] = ["module.", "net."];

/// What a weights file gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// The file.
    pub file: String,
    /// Parameters taken from it.
    pub matched: Vec<String>,
    /// Parameters that it lacks, left at their random beginnings.
    pub missing: Vec<String>,
    /// Tensors in it that the model has no place for.
    pub unexpected: Vec<String>,
    /// Classifier tensors not taken because the file has another class count.
    pub dropped: Vec<String>,
    /// Grids (from, to) between which the position table was interpolated.
    pub interpolated: Option<(usize, usize)>,
    /// Greatest difference of the file's position table from MAE's fixed 2-D sin-cos
    /// table, which FSFM's pre-training keeps; none if it has no such table.
    pub sincos_deviation: Option<f64>,
}

impl LoadReport {
    /// One line for people.
    pub fn summary(&self) -> String {
        let mut text = format!(
            "weights: {} matched, {} missing ({}), {} unexpected ({})",
            self.matched.len(),
            self.missing.len(),
            shortened(&self.missing),
            self.unexpected.len(),
            shortened(&self.unexpected)
        );
        if !self.dropped.is_empty() {
            text += &format!(", dropped for another class count: {}", shortened(&self.dropped));
        }
        if let Some((from, to)) = self.interpolated {
            text += &format!(", positions interpolated from {from}x{from} to {to}x{to}");
        }
        match self.sincos_deviation {
            Some(deviation) if deviation <= SINCOS => text += ", positions are sin-cos",
            Some(deviation) => {
                text += &format!(", positions are learned (up to {deviation:.2} from sin-cos)");
            }
            None => {}
        }
        text.replace(" ()", "")
    }
}

/// An opened weights file.
pub(crate) enum WeightsFile {
    Safetensors(BufferedSafetensors),
    Pth(Pth),
}

impl WeightsFile {
    /// Opens a file by its content, not its name.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let mut start = Vec::new();
        let file = File::open(path).map_err(|e| WeightsError::read(path, &e))?;
        file.take(10).read_to_end(&mut start).map_err(|e| WeightsError::read(path, &e))?;
        if start.starts_with(b"PK\x03\x04") {
            return Ok(Self::Pth(Pth::open(path)?));
        }
        if start.get(8) == Some(&b'{') {
            let bytes = std::fs::read(path).map_err(|e| WeightsError::read(path, &e))?;
            return Self::from_safetensors(path, bytes);
        }
        // A pickle of protocol 2 or later, as `torch.save` wrote it before PyTorch 1.6.
        match start.first() {
            Some(0x80) => Err(WeightsError::Legacy { path: path.to_owned() }),
            _ => Err(WeightsError::UnknownFormat { path: path.to_owned(), start }),
        }
    }

    /// Safetensors in memory; `path` is for messages.
    pub fn from_safetensors(path: &Path, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let file = BufferedSafetensors::new(bytes)
            .map_err(|e| WeightsError::Read { path: path.to_owned(), why: e.to_string() })?;
        Ok(Self::Safetensors(file))
    }

    /// Shape of each tensor.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        match self {
            Self::Safetensors(file) => {
                file.tensors().into_iter().map(|(n, t)| (n, t.shape().to_vec())).collect()
            }
            Self::Pth(file) => file.shapes(),
        }
    }

    /// A tensor as f32 on the CPU, with finite values.
    pub fn tensor(&self, path: &Path, name: &str) -> Result<Tensor, WeightsError> {
        let tensor = match self {
            Self::Safetensors(file) => file.load(name, &Device::Cpu).map_err(|e| {
                let why = format!("of tensor `{name}`: {e}");
                WeightsError::Read { path: path.to_owned(), why }
            })?,
            Self::Pth(file) => file.tensor(name)?,
        };
        let tensor = tensor.to_dtype(DType::F32)?;
        let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
        match values.iter().all(|v| v.is_finite()) {
            true => Ok(tensor),
            false => Err(WeightsError::NotFinite { path: path.to_owned(), name: name.to_owned() }),
        }
    }
}

/// Loads what `path` has into `params`.
///
/// The head is dropped if the file was trained for another class count, the position
/// table is interpolated to another grid, and everything else must have the model's
/// shape. Parameters that the file lacks must match a pattern of `allowed_missing`.
pub fn load(
    path: &Path,
    architecture: &Architecture,
    params: &Params,
    allowed_missing: &[String],
) -> Result<LoadReport, WeightsError> {
    let file = WeightsFile::open(path)?;
    let shapes = file.shapes();
    let wrapper = WRAPPERS.into_iter().find(|w| shapes.keys().all(|name| name.starts_with(w)));
    let prefix = wrapper.unwrap_or_default();
    let vit = match architecture {
        Architecture::Vit(config) => Some(config),
        Architecture::EfficientNet(_) => None,
    };
    let mut report = LoadReport { file: path.display().to_string(), ..LoadReport::default() };
    let mut known = BTreeSet::new();
    for (spec, var) in params.specs().iter().zip(params.vars()) {
        let names = [Some(spec.name.clone()), architecture.alias(&spec.name)];
        let names = names.into_iter().flatten();
        let found = names.clone().find(|name| shapes.contains_key(&format!("{prefix}{name}")));
        let own = found.unwrap_or_else(|| spec.name.clone());
        let name = format!("{prefix}{own}");
        known.insert(own);
        let Some(found) = shapes.get(&name) else {
            report.missing.push(spec.name.clone());
            continue;
        };
        if architecture.head().contains(&spec.name.as_str()) && found.first() != spec.shape.first()
        {
            report.dropped.push(spec.name.clone());
            report.missing.push(spec.name.clone());
            continue;
        }
        let table = vit.filter(|_| spec.name == "pos_embed");
        let grid = table.and_then(|vit| square_grid(found, vit.width));
        if found != &spec.shape && grid.is_none() {
            return Err(WeightsError::Shape {
                path: path.to_owned(),
                name,
                found: found.clone(),
                needed: spec.shape.clone(),
            });
        }
        let mut tensor = file.tensor(path, &name)?;
        if let (Some(from), Some(config)) = (grid, table) {
            report.sincos_deviation = sincos_deviation(&tensor, from)?;
            if from != config.grid() {
                report.interpolated = Some((from, config.grid()));
                tensor = interpolate(&tensor, from, config.grid())?;
            }
        }
        var.set(&tensor.to_device(var.device())?)?;
        report.matched.push(spec.name.clone());
    }
    let names = shapes.keys().map(|name| &name[prefix.len()..]);
    report.unexpected = names.filter(|name| !known.contains(*name)).map(str::to_owned).collect();
    let undeclared: Vec<String> = report
        .missing
        .iter()
        .filter(|name| !allowed_missing.iter().any(|p| matches(p, name)))
        // Patterns speak of a `head`; the classifier of an EfficientNet is one.
        .filter(|name| vit.is_some() || !architecture.head().contains(&name.as_str()))
        .cloned()
        .collect();
    match undeclared.is_empty() {
        true => Ok(report),
        false => Err(WeightsError::Missing { path: path.to_owned(), names: undeclared }),
    }
}

/// Whether `name` matches a pattern in which `*` stands for anything.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(part) => part.is_empty() || name.ends_with(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("head.*", "head.weight"));
        assert!(matches("*.bias", "blocks.0.norm1.bias"));
        assert!(matches("blocks.*.ls1.gamma", "blocks.11.ls1.gamma"));
        assert!(matches("*", "anything"));
        assert!(matches("cls_token", "cls_token"));
        assert!(!matches("head.*", "fc_norm.weight"));
        assert!(!matches("head", "head.weight"));
        assert!(!matches("blocks.*.ls1", "blocks.1.ls1.gamma"));
    }
}

//! Weights from a file: safetensors or a zip `.pth`, in timm's and FSFM's key names.
//!
//! Nothing from the file is executed: the pickle reader knows only tensors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use candle_core::pickle::PthTensors;
use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Tensor};
use serde::Serialize;

use super::params::Params;
use super::vit::VitConfig;

/// Keys under which training scripts put the model in a `.pth` file.
const MODEL_KEYS: [&str; 3] = ["model", "state_dict", "model_state_dict"];

/// What a weights file gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
        text.replace(" ()", "")
    }
}

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read the weights {}: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        why: String,
    },
    /// A pickle that is not in a zip archive.
    #[error(
        "{} is a legacy PyTorch file (a bare pickle), which Proofmark does not read; convert it \
         in Python with `torch.save(torch.load(path), new_path)` or to safetensors",
        path.display()
    )]
    Legacy {
        /// The file.
        path: PathBuf,
    },
    /// Neither format.
    #[error(
        "{} is neither safetensors nor a zip `.pth` file; its first bytes are {start:02x?}",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        start: Vec<u8>,
    },
    /// A `.pth` file without tensors where they are looked for.
    #[error(
        "{} holds no tensors at its top level or under `model`, `state_dict` or \
         `model_state_dict`",
        path.display()
    )]
    NoTensors {
        /// The file.
        path: PathBuf,
    },
    /// A tensor of another shape.
    #[error(
        "{}: tensor `{name}` has shape {found:?}, but the declared backbone needs {needed:?}; \
         do patch, width, depth and heads match the file?",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape of the model.
        needed: Vec<usize>,
    },
    /// Values that are not numbers.
    #[error("{}: tensor `{name}` contains NaN or infinite values", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// Parameters that the file should have.
    #[error(
        "{} lacks {} of the model's tensors that `missing` does not allow: {}; does the \
         declared backbone match the file?",
        path.display(), names.len(), shortened(names)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The parameters.
        names: Vec<String>,
    },
    /// A failure inside candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// The first few names and how many more.
fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(6) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// An opened weights file.
enum Opened {
    Safetensors(BufferedSafetensors),
    Pth(PthTensors),
}

impl Opened {
    fn open(path: &Path) -> Result<Self, WeightsError> {
        let read = |why: String| WeightsError::Read { path: path.to_owned(), why };
        let mut start = vec![0; 10];
        let mut file = File::open(path).map_err(|e| read(e.to_string()))?;
        let got = file.read(&mut start).map_err(|e| read(e.to_string()))?;
        start.truncate(got);
        if start.starts_with(b"PK\x03\x04") {
            return Self::open_pth(path);
        }
        // Pickle protocol 2 and later, as `torch.save` wrote it before PyTorch 1.6.
        if start.first() == Some(&0x80) && path.extension().is_some_and(|e| e != "safetensors") {
            return Err(WeightsError::Legacy { path: path.to_owned() });
        }
        if start.get(8) != Some(&b'{') {
            return Err(WeightsError::UnknownFormat { path: path.to_owned(), start });
        }
        let bytes = std::fs::read(path).map_err(|e| read(e.to_string()))?;
        Ok(Self::Safetensors(BufferedSafetensors::new(bytes).map_err(|e| read(e.to_string()))?))
    }

    /// Tensors lie at the top level or one level down.
    fn open_pth(path: &Path) -> Result<Self, WeightsError> {
        let read = |why: String| WeightsError::Read { path: path.to_owned(), why };
        for key in std::iter::once(None).chain(MODEL_KEYS.into_iter().map(Some)) {
            // The pickle reader indexes what it reads; a hostile file must not end us.
            let opened = catch_unwind(AssertUnwindSafe(|| PthTensors::new(path, key)))
                .map_err(|_| read("the pickle inside is broken".to_owned()))?;
            match opened {
                Ok(tensors) if !tensors.tensor_infos().is_empty() => return Ok(Self::Pth(tensors)),
                Ok(_) => {}
                Err(e) if e.to_string().contains("not found") => {}
                Err(e) => return Err(read(e.to_string())),
            }
        }
        Err(WeightsError::NoTensors { path: path.to_owned() })
    }

    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        match self {
            Self::Safetensors(file) => {
                file.tensors().into_iter().map(|(n, t)| (n, t.shape().to_vec())).collect()
            }
            Self::Pth(file) => {
                let infos = file.tensor_infos().iter();
                infos.map(|(n, t)| (n.clone(), t.layout.dims().to_vec())).collect()
            }
        }
    }

    /// A tensor as f32 on the CPU.
    fn tensor(&self, path: &Path, name: &str) -> Result<Tensor, WeightsError> {
        let read = |why: String| WeightsError::Read { path: path.to_owned(), why };
        let tensor = match self {
            Self::Safetensors(file) => {
                file.load(name, &Device::Cpu).map_err(|e| read(e.to_string()))?
            }
            Self::Pth(file) => catch_unwind(AssertUnwindSafe(|| file.get(name)))
                .map_err(|_| read(format!("tensor `{name}` is broken")))?
                .map_err(|e| read(e.to_string()))?
                .ok_or_else(|| read(format!("tensor `{name}` has gone")))?,
        };
        let tensor = tensor.to_dtype(DType::F32)?;
        let sum = tensor.flatten_all()?.abs()?.max(0)?.to_scalar::<f32>()?;
        let total = tensor.sum_all()?.to_scalar::<f32>()?;
        if !sum.is_finite() || !total.is_finite() {
            return Err(WeightsError::NotFinite { path: path.to_owned(), name: name.to_owned() });
        }
        Ok(tensor)
    }
}

/// Loads what `path` has into `params`.
///
/// The head is dropped if the file was trained for another class count, the position
/// table is interpolated to another grid, and everything else must have the model's
/// shape. Parameters that the file lacks must match a pattern of `allowed_missing`.
pub fn load(
    path: &Path,
    config: &VitConfig,
    params: &Params,
    allowed_missing: &[String],
) -> Result<LoadReport, WeightsError> {
    let file = Opened::open(path)?;
    let shapes = file.shapes();
    let mut report = LoadReport { file: path.display().to_string(), ..LoadReport::default() };
    let mut known = BTreeSet::new();
    for (spec, var) in params.specs().iter().zip(params.vars()) {
        known.insert(spec.name.as_str());
        let Some(found) = shapes.get(&spec.name) else {
            report.missing.push(spec.name.clone());
            continue;
        };
        let tensor = if found == &spec.shape {
            file.tensor(path, &spec.name)?
        } else if spec.name.starts_with("head.") && found.first() != spec.shape.first() {
            report.dropped.push(spec.name.clone());
            report.missing.push(spec.name.clone());
            continue;
        } else if spec.name == "pos_embed" && square_grid(found, config.width).is_some() {
            let from = square_grid(found, config.width).unwrap_or_default();
            report.interpolated = Some((from, config.grid()));
            interpolate(&file.tensor(path, &spec.name)?, from, config.grid())?
        } else {
            return Err(WeightsError::Shape {
                path: path.to_owned(),
                name: spec.name.clone(),
                found: found.clone(),
                needed: spec.shape.clone(),
            });
        };
        var.set(&tensor.to_device(var.device())?)?;
        report.matched.push(spec.name.clone());
    }
    report.unexpected =
        shapes.keys().filter(|name| !known.contains(name.as_str())).cloned().collect();
    let undeclared: Vec<String> = report
        .missing
        .iter()
        .filter(|name| !allowed_missing.iter().any(|p| matches(p, name)))
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

/// Side of the patch grid of a position table (1, 1 + side², width).
fn square_grid(shape: &[usize], width: usize) -> Option<usize> {
    let [1, tokens, w] = shape else { return None };
    let side = tokens.checked_sub(1)?.isqrt();
    (*w == width && side > 0 && side * side + 1 == *tokens).then_some(side)
}

/// A position table on another grid: the CLS row kept, the rest by bicubic
/// interpolation (a = -0.75, half-pixel centres, edges clamped, no antialiasing), as
/// PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
fn interpolate(table: &Tensor, from: usize, to: usize) -> Result<Tensor, WeightsError> {
    let width = table.dim(2)?;
    let rows: Vec<Vec<f32>> = table.squeeze(0)?.to_vec2()?;
    let taps = cubic_taps(from, to);
    let mut out = rows[0].clone();
    for ys in &taps {
        for xs in &taps {
            let mut sum = vec![0f64; width];
            for (y, wy) in ys {
                for (x, wx) in xs {
                    let row = &rows[1 + y * from + x];
                    sum.iter_mut().zip(row).for_each(|(s, v)| *s += wy * wx * f64::from(*v));
                }
            }
            out.extend(sum.iter().map(|v| *v as f32));
        }
    }
    Ok(Tensor::from_vec(out, (1, 1 + to * to, width), &Device::Cpu)?)
}

/// For each output position the four input positions and their weights.
fn cubic_taps(from: usize, to: usize) -> Vec<[(usize, f64); 4]> {
    const A: f64 = -0.75;
    let near = |t: f64| ((A + 2.0) * t - (A + 3.0)) * t * t + 1.0;
    let far = |t: f64| ((A * t - 5.0 * A) * t + 8.0 * A) * t - 4.0 * A;
    (0..to)
        .map(|i| {
            let at = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
            let (base, t) = (at.floor(), at - at.floor());
            let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
            std::array::from_fn(|k| {
                let index = (base as isize + k as isize - 1).clamp(0, from as isize - 1);
                (index as usize, weights[k])
            })
        })
        .collect()
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

    #[test]
    fn cubic_weights_sum_to_one_and_keep_a_grid() {
        for (from, to) in [(14, 16), (37, 8), (4, 4)] {
            for taps in cubic_taps(from, to) {
                let sum: f64 = taps.iter().map(|t| t.1).sum();
                assert!((sum - 1.0).abs() < 1e-12);
            }
        }
        let same = cubic_taps(5, 5);
        assert!(same.iter().enumerate().all(|(i, taps)| taps[1] == (i, 1.0)));
    }
}

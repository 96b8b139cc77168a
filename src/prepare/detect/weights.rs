//! The tensors of a RetinaFace file by their usual names, batch norm folded into the
//! convolutions.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::error::DetectorError;
use super::network::Filter;
use proofmark_model::weights::{Entry, Undecided, Wanted, WeightsError, WeightsFile, choose};

/// Tensors that only one of the networks has.
pub(super) const MOBILENET: &str = "body.stage1.0.0.weight";
pub(super) const RESNET: &str = "body.conv1.weight";
/// Added to the variance by PyTorch's batch norm.
const EPS: f64 = 1e-5;

/// An opened file.
pub struct Tensors {
    path: PathBuf,
    file: WeightsFile,
    /// What stands before all names, with its dot.
    prefix: String,
}

impl Tensors {
    /// Opens safetensors or what `torch.save` wrote.
    pub fn open(path: &Path) -> Result<Self, DetectorError> {
        Self::new(path, WeightsFile::open(path)?)
    }

    /// A file in memory; `path` is for messages.
    pub fn from_memory(path: &Path, bytes: Vec<u8>) -> Result<Self, DetectorError> {
        Self::new(path, WeightsFile::from_memory(path, bytes)?)
    }

    fn new(path: &Path, file: WeightsFile) -> Result<Self, DetectorError> {
        // Whatever wrappers and keys stand before the names, the heads tell where they end.
        let heads = ["ClassHead.0.conv1x1.weight", "BboxHead.0.conv1x1.weight"];
        let wanted = heads.into_iter().chain([MOBILENET, RESNET]);
        let wanted: Vec<Wanted> =
            wanted.map(|name| Wanted { names: vec![name.to_owned()], shape: None }).collect();
        let choice = choose(file.entries(), &wanted, None).map_err(|why| match why {
            Undecided::Key(has) | Undecided::Several(has) => {
                WeightsError::Several { path: path.to_owned(), has }
            }
        })?;
        let dot = if choice.prefix.is_empty() { "" } else { "." };
        Ok(Self { path: path.to_owned(), file, prefix: choice.prefix + dot })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in the file, as they are there.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.file.entries().iter().map(Entry::full).collect();
        names.sort_unstable();
        names
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    fn place(&self, name: &str) -> Option<usize> {
        let full = format!("{}{name}", self.prefix);
        self.file.entries().iter().position(|entry| entry.full() == full)
    }

    /// A convolution without a bias and the batch norm that follows it, then LeakyReLU
    /// with this slope. `shape` is (outputs, inputs, kernel, kernel).
    pub fn filter(
        &self,
        conv: &str,
        norm: &str,
        shape: [usize; 4],
        slope: f32,
    ) -> Result<Filter, DetectorError> {
        let outputs = shape[0];
        let weight = self.tensor(&format!("{conv}.weight"), &shape)?;
        let vector = |name: &str| self.vector(&format!("{norm}.{name}"), outputs);
        let (gamma, beta) = (vector("weight")?, vector("bias")?);
        let (mean, variance) = (vector("running_mean")?, vector("running_var")?);
        let scales = gamma.iter().zip(&variance);
        let scales: Vec<f64> =
            scales.map(|(gamma, var)| f64::from(*gamma) / (f64::from(*var) + EPS).sqrt()).collect();
        let moved = beta.iter().zip(&mean).zip(&scales);
        let bias: Vec<f32> = moved
            .map(|((beta, mean), scale)| (f64::from(*beta) - f64::from(*mean) * scale) as f32)
            .collect();
        let scaled: Vec<f32> = weight
            .flatten_all()?
            .to_vec1::<f32>()?
            .chunks(shape[1..].iter().product())
            .zip(&scales)
            .flat_map(|(row, scale)| row.iter().map(move |v| (f64::from(*v) * scale) as f32))
            .collect();
        if !scaled.iter().chain(&bias).all(|v| v.is_finite()) {
            return Err(DetectorError::NotFinite {
                path: self.path.clone(),
                norm: format!("{}{norm}", self.prefix),
            });
        }
        let weight = Tensor::from_vec(scaled, &shape, &Device::Cpu)?;
        Ok(Filter { weight, bias, slopes: vec![slope; outputs] })
    }

    /// A 1x1 convolution with a bias and nothing after it.
    pub fn linear(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Filter, DetectorError> {
        Ok(Filter {
            weight: self.tensor(&format!("{name}.weight"), &[outputs, inputs, 1, 1])?,
            bias: self.vector(&format!("{name}.bias"), outputs)?,
            slopes: vec![1.0; outputs],
        })
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, DetectorError> {
        Ok(self.tensor(name, &[length])?.to_vec1()?)
    }

    fn tensor(&self, name: &str, needed: &[usize]) -> Result<Tensor, DetectorError> {
        let (place, name) = (self.place(name), format!("{}{name}", self.prefix));
        let Some(place) = place else {
            let (path, names) = (self.path.clone(), self.names());
            return Err(DetectorError::Missing { path, name, names });
        };
        let found = &self.file.entries()[place].shape;
        match found == needed {
            true => Ok(self.file.tensor(place)?),
            false => Err(DetectorError::Shape {
                path: self.path.clone(),
                name,
                found: found.clone(),
                needed: needed.to_vec(),
            }),
        }
    }
}

//! The tensors of a RetinaFace file by their usual names, batch norm folded into the
//! convolutions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::error::DetectorError;
use super::network::Filter;
use crate::model::weights::WeightsFile;

/// What PyTorch's `DataParallel` puts before every name.
const WRAPPER: &str = "module.";
/// Added to the variance by PyTorch's batch norm.
const EPS: f64 = 1e-5;

/// An opened file.
pub struct Tensors {
    path: PathBuf,
    file: WeightsFile,
    prefix: &'static str,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl Tensors {
    /// Opens safetensors or a zip `.pth`.
    pub fn open(path: &Path) -> Result<Self, DetectorError> {
        Ok(Self::new(path, WeightsFile::open(path)?))
    }

    /// Safetensors in memory; `path` is for messages.
    pub fn from_safetensors(path: &Path, bytes: Vec<u8>) -> Result<Self, DetectorError> {
        Ok(Self::new(path, WeightsFile::from_safetensors(path, bytes)?))
    }

    fn new(path: &Path, file: WeightsFile) -> Self {
        let shapes = file.shapes();
        let wrapped = !shapes.is_empty() && shapes.keys().all(|name| name.starts_with(WRAPPER));
        let prefix = if wrapped { WRAPPER } else { "" };
        Self { path: path.to_owned(), file, prefix, shapes }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in the file, as they are there.
    pub fn names(&self) -> Vec<String> {
        self.shapes.keys().cloned().collect()
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.shapes.contains_key(&format!("{}{name}", self.prefix))
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
        let name = format!("{}{name}", self.prefix);
        match self.shapes.get(&name) {
            None => {
                Err(DetectorError::Missing { path: self.path.clone(), name, names: self.names() })
            }
            Some(found) if found != needed => Err(DetectorError::Shape {
                path: self.path.clone(),
                name,
                found: found.clone(),
                needed: needed.to_vec(),
            }),
            Some(_) => Ok(self.file.tensor(&self.path, &name)?),
        }
    }
}

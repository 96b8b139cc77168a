//! Gradients of all parameters of a network, summed over the parts of a batch: in host
//! memory that is reused from step to step, or as tensors on another device.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::params::Params;

/// Values that one task sums or scales.
const CHUNK: usize = 16 * 1024;

/// The gradient of one parameter.
#[derive(Debug, Default)]
struct Slot {
    host: Vec<f32>,
    device: Option<Tensor>,
    /// Whether anything was written since the last [`Gradients::clear`].
    written: bool,
}

/// Gradients in the order of the parameters.
#[derive(Debug)]
pub struct Gradients<'p> {
    params: &'p Params,
    slots: Vec<Slot>,
}

/// Where a gradient lies.
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a> {
    /// Row-major values.
    Host(&'a [f32]),
    /// A tensor of the parameter's shape on the parameter's device.
    Device(&'a Tensor),
}

impl<'p> Gradients<'p> {
    /// None written yet.
    pub fn new(params: &'p Params) -> Self {
        Self { params, slots: params.specs().iter().map(|_| Slot::default()).collect() }
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.written = false;
            slot.device = None;
        }
    }

    /// Values of a parameter's gradient to write into, and whether they are to be added
    /// to; what they hold is unspecified if not. The caller must write all of them.
    pub fn host(&mut self, name: &str) -> (&mut [f32], bool) {
        let index = self.params.index(name);
        let slot = &mut self.slots[index];
        slot.host.resize(self.params.specs()[index].count(), 0.0);
        let add = std::mem::replace(&mut slot.written, true);
        (&mut slot.host, add)
    }

    /// Adds values to a parameter's gradient.
    pub fn add(&mut self, name: &str, values: &[f32]) {
        let (target, add) = self.host(name);
        if add {
            target.iter_mut().zip(values).for_each(|(target, v)| *target += v);
        } else {
            target.copy_from_slice(values);
        }
    }

    /// Adds a tensor to a parameter's gradient, on the parameter's device.
    pub fn add_tensor(&mut self, name: &str, value: &Tensor) -> Result<()> {
        if value.device().is_cpu() {
            self.add(name, &value.flatten_all()?.to_vec1::<f32>()?);
            return Ok(());
        }
        let slot = &mut self.slots[self.params.index(name)];
        slot.device = Some(match slot.device.take() {
            Some(sum) => (sum + value)?,
            None => value.clone(),
        });
        slot.written = true;
        Ok(())
    }

    /// Adds what a backward pass of candle's found for a network's parameters.
    pub fn add_all(&mut self, params: &Params, found: &GradStore) -> Result<()> {
        for (spec, var) in params.specs().iter().zip(params.vars()) {
            if let Some(grad) = found.get(var) {
                self.add_tensor(&spec.name, grad)?;
            }
        }
        Ok(())
    }

    /// Adds all gradients of another part of the batch.
    pub fn join(&mut self, other: &Gradients<'_>) -> Result<()> {
        for (slot, other) in self.slots.iter_mut().zip(&other.slots).filter(|(_, o)| o.written) {
            match (&mut slot.device, &other.device) {
                (sum @ Some(_), Some(tensor)) => {
                    *sum = sum.take().map(|sum| sum + tensor).transpose()?;
                }
                (sum @ None, Some(tensor)) => *sum = Some(tensor.clone()),
                (_, None) if slot.written => {
                    let pairs = slot.host.par_chunks_mut(CHUNK).zip(other.host.par_chunks(CHUNK));
                    pairs.for_each(|(sum, v)| sum.iter_mut().zip(v).for_each(|(sum, v)| *sum += v));
                }
                (_, None) => slot.host.clone_from(&other.host),
            }
            slot.written = true;
        }
        Ok(())
    }

    /// Whether anything was added to the gradient of a parameter.
    pub fn is_written(&self, index: usize) -> bool {
        self.slots[index].written
    }

    /// Sets the gradient of a parameter to these values, wherever it lies.
    pub fn set(&mut self, index: usize, values: &[f32]) -> Result<()> {
        let spec = &self.params.specs()[index];
        let slot = &mut self.slots[index];
        match &mut slot.device {
            Some(tensor) => {
                *tensor = Tensor::from_slice(values, spec.shape.as_slice(), tensor.device())?;
            }
            None => {
                slot.host.clear();
                slot.host.extend_from_slice(values);
            }
        }
        slot.written = true;
        Ok(())
    }

    /// The gradient of a parameter. One that nothing was written to is an error: the
    /// network does not reach the parameter.
    pub fn get(&self, index: usize) -> Result<Gradient<'_>> {
        let slot = &self.slots[index];
        match &slot.device {
            _ if !slot.written => {
                bail!("no gradient reached parameter `{}`", self.params.specs()[index].name)
            }
            Some(tensor) => Ok(Gradient::Device(tensor)),
            None => Ok(Gradient::Host(&slot.host)),
        }
    }

    /// The gradient of a parameter as a tensor where the parameter is.
    pub fn tensor(&self, index: usize) -> Result<Tensor> {
        match self.get(index)? {
            Gradient::Device(tensor) => Ok(tensor.clone()),
            Gradient::Host(values) => {
                let shape = self.params.specs()[index].shape.as_slice();
                Tensor::from_slice(values, shape, self.params.vars()[index].device())
            }
        }
    }

    /// The Euclidean norm of all gradients together, summed in f64 in an order that
    /// does not depend on the number of threads.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0f64;
        let trained = self.params.specs().iter().enumerate().filter(|(_, spec)| spec.trained());
        for (index, _) in trained {
            sum += match self.get(index)? {
                Gradient::Host(values) => squares(values),
                Gradient::Device(tensor) => f64::from(tensor.sqr()?.sum_all()?.to_scalar::<f32>()?),
            };
        }
        Ok(sum.sqrt())
    }

    /// Multiplies all gradients by a factor.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        for slot in &mut self.slots {
            match &mut slot.device {
                Some(tensor) => *tensor = (&*tensor * factor)?,
                None => slot.host.par_chunks_mut(CHUNK).for_each(|values| {
                    values.iter_mut().for_each(|v| *v *= factor as f32);
                }),
            }
        }
        Ok(())
    }
}

/// Sum of squares.
fn squares(values: &[f32]) -> f64 {
    let parts: Vec<f64> = values
        .par_chunks(CHUNK)
        .map(|values| values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum())
        .collect();
    parts.iter().sum()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::params::{Begin, ParamSpec};

    fn params() -> Params {
        let spec = |name: &str| ParamSpec {
            name: name.into(),
            shape: vec![2],
            begin: Begin::Constant(0.0),
        };
        Params::zeros(vec![spec("a"), spec("b")], &Device::Cpu).unwrap()
    }

    fn values(grads: &Gradients<'_>, index: usize) -> Vec<f32> {
        match grads.get(index).unwrap() {
            Gradient::Host(values) => values.to_vec(),
            Gradient::Device(tensor) => tensor.to_vec1().unwrap(),
        }
    }

    #[test]
    fn parts_of_a_batch_are_joined() {
        let params = params();
        let (mut sum, mut part) = (Gradients::new(&params), Gradients::new(&params));
        part.add("a", &[1.0, 2.0]);
        sum.join(&part).unwrap();
        assert!(sum.is_written(0) && !sum.is_written(1));
        sum.join(&part).unwrap();
        part.clear();
        part.add("b", &[5.0, 6.0]);
        sum.join(&part).unwrap();
        assert_eq!((values(&sum, 0), values(&sum, 1)), (vec![2.0, 4.0], vec![5.0, 6.0]));
        sum.set(1, &[0.5, 0.25]).unwrap();
        assert_eq!(values(&sum, 1), [0.5, 0.25]);
    }

    #[test]
    fn parts_are_added_and_forgotten() {
        let params = params();
        let mut grads = Gradients::new(&params);
        grads.add("a", &[1.0, 2.0]);
        grads.add("a", &[10.0, 0.0]);
        grads.add_tensor("b", &Tensor::new(&[2f32, 4.0], &Device::Cpu).unwrap()).unwrap();
        assert_eq!((values(&grads, 0), values(&grads, 1)), (vec![11.0, 2.0], vec![2.0, 4.0]));
        assert_eq!(grads.norm().unwrap(), (121f64 + 4.0 + 4.0 + 16.0).sqrt());
        grads.scale(0.5).unwrap();
        assert_eq!(values(&grads, 0), [5.5, 1.0]);
        grads.clear();
        grads.add("a", &[3.0, 3.0]);
        assert_eq!(values(&grads, 0), [3.0, 3.0]);
        let error = grads.norm().unwrap_err().to_string();
        assert!(error.contains("`b`"), "{error}");
    }
}

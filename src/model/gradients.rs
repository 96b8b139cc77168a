//! Gradients of all parameters of a network, summed over the parts of a batch: in host
//! memory that is reused from step to step, or, of parameters on a GPU, in its memory.

use candle_core::backprop::GradStore;
use candle_core::{Error, Result, Tensor, bail};
use rayon::prelude::*;

use super::failed::failed;
use super::params::Params;
use super::resident::{tensor, zeros};
use proofmark_gpu::kernels::steps::{add_scaled, multiply, square_chunks, squares};
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};

/// Values that one task sums or scales.
const CHUNK: usize = 16 * 1024;

/// The gradient of one parameter on the CPU.
#[derive(Debug, Default)]
struct Slot {
    values: Vec<f32>,
    /// Whether anything was written since the last [`Gradients::clear`].
    written: bool,
}

/// The gradients of all parameters on a GPU, where those lie among their values.
#[derive(Debug)]
struct OnGpu {
    values: Buffer,
    /// Room for partial sums of their squares.
    squares: Buffer,
    /// As [`Slot::written`].
    written: bool,
}

/// Gradients in the order of the parameters.
#[derive(Debug)]
pub struct Gradients<'p> {
    params: &'p Params,
    slots: Vec<Slot>,
    on_gpu: Option<OnGpu>,
}

/// Where a gradient lies.
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a> {
    /// Row-major values.
    Host(&'a [f32]),
    /// Row-major values, on the parameter's GPU.
    OnGpu(Slice<'a>),
}

impl<'p> Gradients<'p> {
    /// None written yet.
    pub fn new(params: &'p Params) -> Self {
        let slots = params.specs().iter().map(|_| Slot::default()).collect();
        Self { params, slots, on_gpu: None }
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.written = false;
        }
        if let Some(on_gpu) = &mut self.on_gpu {
            on_gpu.written = false;
        }
    }

    /// Values of a parameter's gradient to write into, and whether they are to be added
    /// to; what they hold is unspecified if not. The caller must write all of them.
    pub fn host(&mut self, name: &str) -> (&mut [f32], bool) {
        let index = self.params.index(name);
        let slot = &mut self.slots[index];
        slot.values.resize(self.params.specs()[index].count(), 0.0);
        let add = std::mem::replace(&mut slot.written, true);
        (&mut slot.values, add)
    }

    /// The same for the gradients of all parameters that lie on a GPU.
    ///
    /// # Errors
    /// The GPU has no room for them, and parameters that do not lie on one.
    pub fn on_gpu(&mut self) -> Result<(&Buffer, bool)> {
        let Some(resident) = self.params.resident() else { bail!("no parameters lie on a GPU") };
        let on_gpu = match self.on_gpu.take() {
            Some(there) => there,
            None => {
                let (gpu, len) = (resident.gpu(), resident.places().len());
                let values = zeros(gpu, len).map_err(failed)?;
                let squares = Buffer::new(gpu, Kind::F64, square_chunks(len)).map_err(failed)?;
                OnGpu { values, squares, written: false }
            }
        };
        let on_gpu = self.on_gpu.insert(on_gpu);
        let add = std::mem::replace(&mut on_gpu.written, true);
        Ok((&on_gpu.values, add))
    }

    /// Adds values to a parameter's gradient on the CPU.
    pub fn add(&mut self, name: &str, values: &[f32]) {
        let (target, add) = self.host(name);
        if add {
            target.iter_mut().zip(values).for_each(|(target, v)| *target += v);
        } else {
            target.copy_from_slice(values);
        }
    }

    /// Adds a tensor to a parameter's gradient on the CPU.
    pub fn add_tensor(&mut self, name: &str, value: &Tensor) -> Result<()> {
        self.add(name, &value.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }

    /// Adds what a backward pass of candle's found for a network's parameters.
    pub fn add_all(&mut self, params: &Params, found: &GradStore) -> Result<()> {
        for (index, spec) in params.specs().iter().enumerate() {
            let found = params.var(index).and_then(|var| found.get(var));
            if let Some(gradient) = found {
                self.add_tensor(&spec.name, gradient)?;
            }
        }
        Ok(())
    }

    /// Adds all gradients of another part of the batch.
    pub fn join(&mut self, other: &Gradients<'_>) -> Result<()> {
        for (slot, other) in self.slots.iter_mut().zip(&other.slots).filter(|(_, o)| o.written) {
            if slot.written {
                let pairs = slot.values.par_chunks_mut(CHUNK).zip(other.values.par_chunks(CHUNK));
                pairs.for_each(|(sum, v)| sum.iter_mut().zip(v).for_each(|(sum, v)| *sum += v));
            } else {
                slot.values.clone_from(&other.values);
                slot.written = true;
            }
        }
        let (Some(resident), Some(other)) = (self.params.resident(), &other.on_gpu) else {
            return Ok(());
        };
        if other.written {
            let (sum, add) = self.on_gpu()?;
            let gpu = &**resident.gpu();
            if !add {
                multiply(gpu, sum.all(), 0.0).map_err(failed)?;
            }
            add_scaled(gpu, sum.all(), other.values.all(), 1.0).map_err(failed)?;
        }
        Ok(())
    }

    /// Whether anything was added to the gradient of a parameter.
    pub fn is_written(&self, index: usize) -> bool {
        match self.params.on_gpu(index) {
            Some(_) => self.on_gpu.as_ref().is_some_and(|on_gpu| on_gpu.written),
            None => self.slots[index].written,
        }
    }

    /// Sets the gradient of a parameter to these values, wherever it lies.
    pub fn set(&mut self, index: usize, values: &[f32]) -> Result<()> {
        if let Some((resident, place)) = self.params.on_gpu(index) {
            let gpu = &**resident.gpu();
            let (all, _) = self.on_gpu()?;
            return all.all().part(place).set(gpu, values).map_err(failed);
        }
        let slot = &mut self.slots[index];
        slot.values.clear();
        slot.values.extend_from_slice(values);
        slot.written = true;
        Ok(())
    }

    /// The gradient of a parameter. One that nothing was written to is an error: the
    /// network does not reach the parameter.
    pub fn get(&self, index: usize) -> Result<Gradient<'_>> {
        let unreached = || {
            let name = &self.params.specs()[index].name;
            Error::msg(format!("no gradient reached parameter `{name}`"))
        };
        if let Some((_, place)) = self.params.on_gpu(index) {
            let values = self.values_on_gpu().ok_or_else(unreached)?;
            return Ok(Gradient::OnGpu(values.part(place)));
        }
        let slot = &self.slots[index];
        if slot.written { Ok(Gradient::Host(&slot.values)) } else { Err(unreached()) }
    }

    /// The gradients of all parameters on a GPU, if they were written.
    pub fn values_on_gpu(&self) -> Option<Slice<'_>> {
        let on_gpu = self.on_gpu.as_ref().filter(|on_gpu| on_gpu.written);
        on_gpu.map(|on_gpu| on_gpu.values.all())
    }

    /// The gradient of a parameter as a tensor on the CPU.
    pub fn tensor(&self, index: usize) -> Result<Tensor> {
        let shape = self.params.specs()[index].shape.as_slice();
        match (self.get(index)?, self.params.resident()) {
            (Gradient::OnGpu(values), Some(resident)) => tensor(&**resident.gpu(), values, shape),
            (Gradient::OnGpu(_), None) => bail!("a gradient lies on a GPU, and no parameter"),
            (Gradient::Host(values), _) => {
                Tensor::from_slice(values, shape, &candle_core::Device::Cpu)
            }
        }
    }

    /// The Euclidean norm of all gradients together, summed in f64 in an order that
    /// does not depend on the number of threads.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0f64;
        let trained = self.params.specs().iter().enumerate().filter(|(_, spec)| spec.trained());
        for (index, _) in trained {
            if let Gradient::Host(values) = self.get(index)? {
                sum += of_squares(values);
            }
        }
        let on_gpu = self.on_gpu.as_ref().filter(|on_gpu| on_gpu.written);
        if let (Some(resident), Some(on_gpu)) = (self.params.resident(), on_gpu) {
            let (gpu, partial) = (&**resident.gpu(), on_gpu.squares.all());
            squares(gpu, on_gpu.values.all(), partial).map_err(failed)?;
            sum += partial.get_wide(gpu).map_err(failed)?.iter().sum::<f64>();
        }
        Ok(sum.sqrt())
    }

    /// Multiplies all gradients by a factor.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        for slot in &mut self.slots {
            slot.values.par_chunks_mut(CHUNK).for_each(|values| {
                values.iter_mut().for_each(|v| *v *= factor as f32);
            });
        }
        if let (Some(resident), Some(values)) = (self.params.resident(), self.values_on_gpu()) {
            multiply(&**resident.gpu(), values, factor as f32).map_err(failed)?;
        }
        Ok(())
    }
}

/// Sum of squares.
fn of_squares(values: &[f32]) -> f64 {
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
    use crate::spec::{Begin, ParamSpec};

    fn params() -> Params {
        let spec = |name: &str| ParamSpec {
            name: name.into(),
            shape: vec![2],
            begin: Begin::Constant(0.0),
        };
        Params::zeros(vec![spec("a"), spec("b")]).unwrap()
    }

    fn values(grads: &Gradients<'_>, index: usize) -> Vec<f32> {
        match grads.get(index).unwrap() {
            Gradient::Host(values) => values.to_vec(),
            Gradient::OnGpu(_) => panic!("all lies on the CPU"),
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

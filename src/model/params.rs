//! Trainable parameters in a fixed order, by name.

use std::collections::BTreeMap;
use std::ops::{Deref, Range};
use std::sync::Arc;

use candle_core::{CpuStorage, DType, Device, Layout, Result, Storage, Tensor, Var, bail};

use super::failed::failed;
use super::resident::{Places, Resident, tensor};
use super::spec::ParamSpec;
use proofmark_gpu::device::Device as Place;
use proofmark_gpu::kernels::steps::move_towards;

/// Parameters in a fixed order: on the CPU, or, all but the classifier, on a GPU.
#[derive(Debug)]
pub struct Params {
    specs: Vec<ParamSpec>,
    values: Vec<Value>,
    by_name: BTreeMap<String, usize>,
    resident: Option<Resident>,
}

/// The values of one parameter.
#[derive(Debug)]
enum Value {
    Host(Var),
    /// At this place of the values on the GPU.
    OnGpu(Range<usize>),
}

impl Params {
    /// Zeros in the shapes of `specs`, on the CPU.
    pub fn zeros(specs: Vec<ParamSpec>) -> Result<Self> {
        Self::on(specs, &Place::Cpu, &[])
    }

    /// Zeros in the shapes of `specs`, on a device, but for those of these names, which are always on the CPU.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn on(specs: Vec<ParamSpec>, device: &Place, on_cpu: &[&str]) -> Result<Self> {
        let resident = match device {
            Place::Cpu => None,
            Place::Gpu(gpu) => {
                let there = specs.iter().filter(|spec| !on_cpu.contains(&spec.name.as_str()));
                let places = Arc::new(Places::new(there));
                Some(Resident::zeros(gpu, places).map_err(failed)?)
            }
        };
        let value = |spec: &ParamSpec| {
            let place = resident.as_ref().and_then(|values| values.places().find(&spec.name));
            Ok(match place {
                Some(place) => Value::OnGpu(place),
                None => Value::Host(Var::zeros(spec.shape.as_slice(), DType::F32, &Device::Cpu)?),
            })
        };
        let values = specs.iter().map(value).collect::<Result<Vec<_>>>()?;
        let by_name = specs.iter().enumerate().map(|(i, s)| (s.name.clone(), i)).collect();
        Ok(Self { specs, values, by_name, resident })
    }

    /// The parameter called `name`. Panics if the model has none, or it lies on a GPU: names are written
    /// in one place, and who reads them knows where they are, so that would be a mistake of ours.
    pub fn get(&self, name: &str) -> &Tensor {
        match self.var(self.index(name)) {
            Some(var) => var.as_tensor(),
            None => panic!("the parameter `{name}` lies on the GPU"),
        }
    }

    /// The place of the parameter called `name` in the order. Panics if the model has none.
    pub fn index(&self, name: &str) -> usize {
        match self.by_name.get(name) {
            Some(&i) => i,
            None => panic!("the model has no parameter `{name}`"),
        }
    }

    /// The parameter of this place in the order, if it lies on the CPU.
    pub fn var(&self, index: usize) -> Option<&Var> {
        match &self.values[index] {
            Value::Host(var) => Some(var),
            Value::OnGpu(_) => None,
        }
    }

    /// The values that lie on a GPU.
    pub fn resident(&self) -> Option<&Resident> {
        self.resident.as_ref()
    }

    /// The same, for a network that is computed there.
    ///
    /// # Errors
    /// They lie on the CPU.
    pub fn on_its_gpu(&self) -> Result<&Resident> {
        match self.resident() {
            Some(resident) => Ok(resident),
            None => bail!("the parameters of a network on the GPU lie on the CPU"),
        }
    }

    /// The place of the parameter of this place in the order among the values on the GPU, and those.
    pub fn on_gpu(&self, index: usize) -> Option<(&Resident, Range<usize>)> {
        match (&self.values[index], &self.resident) {
            (Value::OnGpu(place), Some(resident)) => Some((resident, place.clone())),
            (Value::OnGpu(_), None) | (Value::Host(_), _) => None,
        }
    }

    /// A copy of the values of a parameter, on the CPU.
    ///
    /// # Errors
    /// Those of reading a GPU's memory.
    pub fn tensor(&self, index: usize) -> Result<Tensor> {
        match &self.values[index] {
            Value::Host(var) => var.copy(),
            Value::OnGpu(place) => {
                let resident = self.on_the_gpu();
                let values = resident.values().part(place.clone());
                tensor(&**resident.gpu(), values, &self.specs[index].shape)
            }
        }
    }

    /// Sets a parameter to the values of a tensor of its shape on the CPU.
    ///
    /// # Errors
    /// A tensor of another shape, and those of writing into a GPU's memory.
    pub fn set(&self, index: usize, tensor: &Tensor) -> Result<()> {
        let spec = &self.specs[index];
        match &self.values[index] {
            Value::Host(var) => var.set(tensor),
            Value::OnGpu(_) if tensor.dims() != spec.shape => {
                bail!("`{}` is {:?}, and not {:?}", spec.name, spec.shape, tensor.dims())
            }
            Value::OnGpu(place) => {
                let values = tensor.flatten_all()?.to_vec1::<f32>()?;
                let resident = self.on_the_gpu();
                let place = resident.change().part(place.clone());
                place.set(&**resident.gpu(), &values).map_err(failed)
            }
        }
    }

    fn on_the_gpu(&self) -> &Resident {
        self.resident.as_ref().expect("what lies on the GPU lies in its memory")
    }

    /// Read access to all values as slices, for parameters on the CPU.
    pub fn host(&self) -> Result<HostValues<'_>> {
        let mut held = Vec::with_capacity(self.values.len());
        for (index, spec) in self.specs.iter().enumerate() {
            let Some((storage, layout)) = self.var(index).map(|var| var.storage_and_layout())
            else {
                bail!("parameter `{}` is not on the CPU", spec.name)
            };
            if slice(&storage, layout).is_none() {
                bail!("parameter `{}` is not f32 in one piece", spec.name)
            }
            held.push((Box::new(storage) as Held<'_>, layout));
        }
        Ok(HostValues { params: self, held })
    }

    /// Names and shapes, in order.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// Number of scalars.
    pub fn count(&self) -> usize {
        self.specs.iter().map(ParamSpec::count).sum()
    }

    /// Parameters of their own with the same names and values, on the same device.
    pub fn copy(&self) -> Result<Self> {
        let copy = |value: &Value| {
            Ok(match value {
                Value::Host(var) => Value::Host(Var::from_tensor(&var.copy()?)?),
                Value::OnGpu(place) => Value::OnGpu(place.clone()),
            })
        };
        Ok(Self {
            specs: self.specs.clone(),
            values: self.values.iter().map(copy).collect::<Result<_>>()?,
            by_name: self.by_name.clone(),
            resident: self.resident.as_ref().map(Resident::copy).transpose().map_err(failed)?,
        })
    }

    /// Where the values of both lie on a GPU, if they do, of parameters that have to be the same ones on the same
    /// device.
    fn beside<'a>(&'a self, other: &'a Self) -> Result<Option<[&'a Resident; 2]>> {
        let same = self.specs.len() == other.specs.len()
            && self.values.iter().zip(&other.values).all(|values| match values {
                (Value::Host(_), Value::Host(_)) => true,
                (Value::OnGpu(place), Value::OnGpu(other)) => place == other,
                (Value::Host(_), Value::OnGpu(_)) | (Value::OnGpu(_), Value::Host(_)) => false,
            });
        match (&self.resident, &other.resident) {
            (None, None) if same => Ok(None),
            (Some(values), Some(other)) if same && Arc::ptr_eq(values.gpu(), other.gpu()) => {
                Ok(Some([values, other]))
            }
            (None | Some(_), _) => {
                bail!("the parameters are not those of the other, on its device")
            }
        }
    }

    /// Sets every value to that of `other`, which has the same parameters on the same device.
    ///
    /// # Errors
    /// Others, or on another device.
    pub fn take_over(&self, other: &Self) -> Result<()> {
        let on_gpu = self.beside(other)?;
        for (value, other) in self.values.iter().zip(&other.values) {
            if let (Value::Host(value), Value::Host(other)) = (value, other) {
                value.set(other)?;
            }
        }
        if let Some([values, other]) = on_gpu {
            values.set(other).map_err(failed)?;
        }
        Ok(())
    }

    /// Moves every value to `decay` times itself plus 1 - `decay` times that of `other`, which has the same
    /// parameters on the same device.
    ///
    /// # Errors
    /// Others, or on another device.
    pub fn move_towards(&self, other: &Self, decay: f64) -> Result<()> {
        let on_gpu = self.beside(other)?;
        for (average, value) in self.values.iter().zip(&other.values) {
            if let (Value::Host(average), Value::Host(value)) = (average, value) {
                let moved =
                    ((average.as_tensor() * decay)? + (value.as_tensor() * (1.0 - decay))?)?;
                average.set(&moved)?;
            }
        }
        if let Some([average, values]) = on_gpu {
            let gpu = &**average.gpu();
            move_towards(gpu, average.change(), values.values(), decay as f32).map_err(failed)?;
        }
        Ok(())
    }

    /// Copies of all values, by name, on the CPU.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        let named = self.specs.iter().enumerate();
        named.map(|(i, spec)| Ok((spec.name.clone(), self.tensor(i)?))).collect()
    }
}

/// Read access to the values of one parameter.
type Held<'p> = Box<dyn Deref<Target = Storage> + 'p>;

/// Values of parameters, held still while they are read.
pub struct HostValues<'p> {
    params: &'p Params,
    held: Vec<(Held<'p>, &'p Layout)>,
}

impl HostValues<'_> {
    /// Row-major values of the parameter called `name`. Panics as [`Params::get`].
    pub fn get(&self, name: &str) -> &[f32] {
        let (storage, layout) = &self.held[self.params.index(name)];
        slice(storage, layout).expect("checked when the values were taken hold of")
    }
}

/// The values of an f32 tensor that lies in one piece on the CPU.
fn slice<'a>(storage: &'a Storage, layout: &Layout) -> Option<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) => Some(&values[start..end]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failed::lacks_memory;
    use crate::spec::Begin;
    use proofmark_emulation::{Emulation, Order};

    fn spec(name: &str, shape: Vec<usize>) -> ParamSpec {
        ParamSpec { name: name.to_owned(), shape, begin: Begin::Constant(0.0) }
    }

    fn on(device: &Place) -> Params {
        let specs = [("a", vec![3]), ("b", vec![2, 2])];
        let specs = specs.map(|(name, shape)| spec(name, shape));
        Params::on(specs.into(), device, &["b"]).unwrap()
    }

    fn gpu() -> Place {
        Place::Gpu(Arc::new(Emulation::new(Order::Forwards)))
    }

    #[test]
    fn values_come_from_parameters_on_the_same_device_alone() {
        let (first, second) = (gpu(), gpu());
        let (params, other) = (on(&first), on(&first));
        let ones = Tensor::ones(3, DType::F32, &Device::Cpu).unwrap();
        other.set(0, &ones).unwrap();
        params.take_over(&other).unwrap();
        params.move_towards(&other, 0.5).unwrap();
        assert_eq!(params.tensor(0).unwrap().to_vec1::<f32>().unwrap(), [1.0; 3]);
        let refused = "the parameters are not those of the other, on its device";
        for far in [on(&second), on(&Place::Cpu)] {
            assert!(params.take_over(&far).unwrap_err().to_string().starts_with(refused));
            assert!(far.move_towards(&params, 0.5).unwrap_err().to_string().starts_with(refused));
        }
        assert!(on(&Place::Cpu).take_over(&on(&Place::Cpu)).is_ok());
    }

    #[test]
    fn a_gpu_without_room_for_them_says_so() {
        let small = Place::Gpu(Arc::new(Emulation::of_memory(8)));
        let specs = vec![spec("a", vec![3])];
        assert!(lacks_memory(&Params::on(specs, &small, &[]).unwrap_err()));
    }
}

//! Trainable parameters in a fixed order, by name.

use std::collections::BTreeMap;
use std::ops::Deref;

use candle_core::{CpuStorage, DType, Device, Layout, Result, Storage, Tensor, Var, bail};

/// What a parameter is, apart from its values.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// Name as timm spells it, e.g. `blocks.0.attn.qkv.weight`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it begins when no file gives it.
    pub begin: Begin,
}

impl ParamSpec {
    /// Number of scalars.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether gradients move it.
    pub fn trained(&self) -> bool {
        !matches!(self.begin, Begin::Statistic(_))
    }
}

/// The parameters and statistics of a batch norm of this name, in PyTorch's names, each a vector.
pub(crate) fn batch_norm(name: &str) -> [(String, Begin); 4] {
    [
        ("weight", Begin::Constant(1.0)),
        ("bias", Begin::Constant(0.0)),
        ("running_mean", Begin::Statistic(0.0)),
        ("running_var", Begin::Statistic(1.0)),
    ]
    .map(|(part, begin)| (format!("{name}.{part}"), begin))
}

/// How a parameter begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Begin {
    /// A matrix: the declared random scheme. A convolution counts as a matrix of
    /// shape (out, everything else).
    Matrix,
    /// A token or position table: truncated normal, standard deviation 0.02.
    Token,
    /// The classifier: truncated normal, standard deviation 2e-5 (recipe 2.1), so
    /// that logits begin near zero and cross-entropy at ln C.
    Head,
    /// A constant.
    Constant(f32),
    /// What batch norm counts, beginning at a constant: it is not trained.
    Statistic(f32),
}

/// Parameters in a fixed order.
#[derive(Debug)]
pub struct Params {
    specs: Vec<ParamSpec>,
    vars: Vec<Var>,
    by_name: BTreeMap<String, usize>,
}

impl Params {
    /// Zeros in the shapes of `specs`.
    pub fn zeros(specs: Vec<ParamSpec>, device: &Device) -> Result<Self> {
        let vars = specs
            .iter()
            .map(|s| Var::zeros(s.shape.as_slice(), DType::F32, device))
            .collect::<Result<Vec<_>>>()?;
        let by_name = specs.iter().enumerate().map(|(i, s)| (s.name.clone(), i)).collect();
        Ok(Self { specs, vars, by_name })
    }

    /// The parameter called `name`. Panics if the model has none: names are written
    /// in one place, so that would be a mistake of ours.
    pub fn get(&self, name: &str) -> &Tensor {
        self.vars[self.index(name)].as_tensor()
    }

    /// The place of the parameter called `name` in the order. Panics as [`Params::get`].
    pub fn index(&self, name: &str) -> usize {
        match self.by_name.get(name) {
            Some(&i) => i,
            None => panic!("the model has no parameter `{name}`"),
        }
    }

    /// Read access to all values as slices, for parameters on the CPU.
    pub fn host(&self) -> Result<HostValues<'_>> {
        let mut held = Vec::with_capacity(self.vars.len());
        for (spec, var) in self.specs.iter().zip(&self.vars) {
            let (storage, layout) = var.storage_and_layout();
            if slice(&storage, layout).is_none() {
                bail!("parameter `{}` is not f32 in one piece on the CPU", spec.name)
            }
            held.push((Box::new(storage) as Held<'_>, layout));
        }
        Ok(HostValues { params: self, held })
    }

    /// The variable called `name`, if there is one.
    pub fn var(&self, name: &str) -> Option<&Var> {
        self.by_name.get(name).map(|&i| &self.vars[i])
    }

    /// Names and shapes, in order.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// Variables, in order.
    pub fn vars(&self) -> &[Var] {
        &self.vars
    }

    /// Number of scalars.
    pub fn count(&self) -> usize {
        self.specs.iter().map(ParamSpec::count).sum()
    }

    /// Parameters of their own with the same names and values.
    pub fn copy(&self) -> Result<Self> {
        let copy = Self::zeros(self.specs.clone(), self.vars[0].device())?;
        for (to, from) in copy.vars.iter().zip(&self.vars) {
            to.set(from)?;
        }
        Ok(copy)
    }

    /// Moves every value to `decay` times itself plus 1 - `decay` times that of `other`.
    pub fn move_towards(&self, other: &Self, decay: f64) -> Result<()> {
        for (average, value) in self.vars.iter().zip(&other.vars) {
            let moved = ((average.as_tensor() * decay)? + (value.as_tensor() * (1.0 - decay))?)?;
            average.set(&moved)?;
        }
        Ok(())
    }

    /// Copies of all values, by name.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        self.specs.iter().zip(&self.vars).map(|(s, v)| Ok((s.name.clone(), v.copy()?))).collect()
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

//! Trainable parameters in a fixed order, by name.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var};

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
        match self.by_name.get(name) {
            Some(&i) => self.vars[i].as_tensor(),
            None => panic!("the model has no parameter `{name}`"),
        }
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
        self.specs.iter().map(|s| s.shape.iter().product::<usize>()).sum()
    }

    /// Copies of all values, by name.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        self.specs.iter().zip(&self.vars).map(|(s, v)| Ok((s.name.clone(), v.copy()?))).collect()
    }
}

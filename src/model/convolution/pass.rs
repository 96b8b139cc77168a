//! A pass on the CPU, in candle's tensors: each operation is carried out when it is asked for.

use candle_core::{D, Result, Tensor};

use super::norm::{Moments, normalize};
use super::operations::{Activation, Branch, Operations};
use super::pointwise::{mean_of_image, pointwise};
use super::{Window, convolution, depthwise, gate, max_pool, relu, silu};
use crate::drop_path::DropPath;
use crate::params::Params;

/// How a pass goes.
pub struct Pass<'a> {
    params: &'a Params,
    /// Given while training.
    drop: Option<DropPath>,
    eps: f64,
    /// What batch norms saw.
    pub seen: Vec<Seen>,
}

/// What a batch norm saw in a training pass.
#[derive(Debug)]
pub struct Seen {
    /// Its name in the network.
    pub name: String,
    /// Of all rows.
    pub moments: Moments,
    /// How many those are.
    pub rows: usize,
}

impl<'a> Pass<'a> {
    /// One that has seen nothing.
    pub fn new(params: &'a Params, drop: Option<DropPath>, eps: f64) -> Self {
        Self { params, drop, eps, seen: Vec::new() }
    }

    /// A 1x1 convolution with a bias.
    fn affine(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let get = |part: &str| self.params.get(&format!("{name}.{part}"));
        pointwise(x, get("weight"))?.broadcast_add(get("bias"))
    }
}

impl Operations for Pass<'_> {
    type Map = Tensor;

    fn pointwise(&mut self, x: &Tensor, weight: &str) -> Result<Tensor> {
        pointwise(x, self.params.get(weight))
    }

    fn convolution(&mut self, x: &Tensor, weight: &str, window: Window) -> Result<Tensor> {
        convolution(x, self.params.get(weight), window)
    }

    fn depthwise(&mut self, x: &Tensor, weight: &str, window: Window) -> Result<Tensor> {
        depthwise(x, self.params.get(weight), window)
    }

    fn norm(&mut self, x: &Tensor, name: &str, behind: Activation) -> Result<Tensor> {
        let channels = x.dim(D::Minus1)?;
        let rows = x.reshape(((), channels))?;
        let get = |part: &str| self.params.get(&format!("{name}.{part}"));
        let own = self.drop.is_some();
        let moments = if own {
            Moments::of(&rows)?
        } else {
            let values = |part: &str| get(part).to_vec1::<f32>();
            Moments { mean: values("running_mean")?, variance: values("running_var")? }
        };
        let out = normalize(&rows, get("weight"), get("bias"), &moments, own, self.eps)?;
        if own {
            self.seen.push(Seen { name: name.to_owned(), moments, rows: rows.dim(0)? });
        }
        let out = out.reshape(x.shape())?;
        match behind {
            Activation::Identity => Ok(out),
            Activation::Silu => silu(&out),
            Activation::Relu => relu(&out),
        }
    }

    fn relu(&mut self, x: &Tensor) -> Result<Tensor> {
        relu(x)
    }

    fn excite(&mut self, x: &Tensor, [reduce, expand]: [&str; 2]) -> Result<Tensor> {
        let (batch, _, _, channels) = x.dims4()?;
        let squeezed = mean_of_image(x)?.reshape((batch, 1, 1, channels))?;
        let excited = self.affine(expand, &silu(&self.affine(reduce, &squeezed)?)?)?;
        gate(x, &excited)
    }

    fn max_pool(&mut self, x: &Tensor, window: Window) -> Result<Tensor> {
        max_pool(x, window)
    }

    fn join(&mut self, shortcut: &Tensor, branch: &Tensor, drop: Option<Branch>) -> Result<Tensor> {
        let batch = branch.dim(0)?;
        let scales = self.drop.zip(drop);
        let scales = scales.and_then(|(path, of)| path.scales(of.rate, of.number, batch));
        match scales {
            Some(scales) => {
                let scales = Tensor::from_vec(scales, (batch, 1, 1, 1), branch.device())?;
                shortcut + branch.broadcast_mul(&scales)?
            }
            None => shortcut + branch,
        }
    }

    fn mean(&mut self, x: &Tensor) -> Result<Tensor> {
        mean_of_image(x)
    }

    fn dropout(&mut self, x: &Tensor, rate: f64) -> Result<Tensor> {
        match self.drop.filter(|_| rate > 0.0) {
            Some(drop) => {
                let (batch, width) = x.dims2()?;
                let kept = drop.values(rate, batch, width);
                let kept = Tensor::from_vec(kept, (batch, width), x.device())?;
                x * kept
            }
            None => Ok(x.clone()),
        }
    }
}

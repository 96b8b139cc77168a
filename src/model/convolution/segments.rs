//! Networks of convolutions with batch norm as segments that each keep a graph of their own, from
//! which the backward pass goes down.

use std::fmt::Debug;

use candle_core::{D, Device, Result, Tensor, Var, bail};

use super::norm::{Moments, normalize};
use crate::backbone::Trunk;
use crate::drop_path::DropPath;
use crate::exact::{matmul, mean_of_places};
use crate::gradients::Gradients;
use crate::images::Images;
use crate::params::Params;

/// What such a network computes.
pub trait Segmented: Debug + Send {
    /// Number of segments.
    fn count(&self) -> usize;

    /// What the first segment is given: images (B, 3, S, S) in whatever form it takes them.
    ///
    /// # Errors
    /// Those of candle.
    fn input(&self, images: &[f32]) -> Result<Tensor>;

    /// The output of a segment, from 0; of the last the embeddings (B, D).
    ///
    /// # Errors
    /// Those of candle.
    fn segment(&self, segment: usize, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor>;

    /// Added to the variance in every batch norm.
    fn eps(&self) -> f64;

    /// Share of batch norm's running statistics that a step replaces.
    fn momentum(&self) -> f64;
}

/// The trunk of such a network. The whole batch passes together in any case: batch norm needs all
/// of it.
#[derive(Debug)]
pub struct Segments<N> {
    network: N,
    /// Whether graphs are made again in the backward pass, one at a time.
    checkpointing: bool,
    kept: Vec<Kept>,
    seen: Vec<Seen>,
}

/// One segment of the last pass.
#[derive(Debug)]
struct Kept {
    input: Tensor,
    /// The input as a variable, and what came of it; made again if absent.
    graph: Option<(Var, Tensor)>,
    drop: Option<DropPath>,
}

/// What a batch norm saw in a training pass.
#[derive(Debug)]
struct Seen {
    /// Its name in the network.
    name: String,
    moments: Moments,
    rows: usize,
}

/// How a pass goes.
pub struct Pass<'a> {
    params: &'a Params,
    /// Given while training.
    pub drop: Option<DropPath>,
    eps: f64,
    seen: Vec<Seen>,
}

impl<N: Segmented> Segments<N> {
    /// A trunk that has seen nothing.
    pub fn new(network: N) -> Self {
        Self { network, checkpointing: false, kept: Vec::new(), seen: Vec::new() }
    }

    fn pass<'a>(&self, params: &'a Params, drop: Option<DropPath>) -> Pass<'a> {
        Pass { params, drop, eps: self.network.eps(), seen: Vec::new() }
    }
}

impl<N: Segmented> Trunk for Segments<N> {
    /// While training batch norm goes by the batch.
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let mut pass = self.pass(params, drop);
        let mut x = self.network.input(&images.planes()?)?;
        for segment in 0..self.network.count() {
            x = self.network.segment(segment, &x, &mut pass)?.detach();
        }
        Ok(x)
    }

    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let mut pass = self.pass(params, drop);
        let mut x = self.network.input(&images.planes()?)?;
        let mut kept = Vec::with_capacity(self.network.count());
        for segment in 0..self.network.count() {
            let input = Var::from_tensor(&x)?;
            let output = self.network.segment(segment, input.as_tensor(), &mut pass)?;
            let before = std::mem::replace(&mut x, output.detach());
            let graph = (!self.checkpointing).then_some((input, output));
            kept.push(Kept { input: before, graph, drop });
        }
        (self.kept, self.seen) = (kept, pass.seen);
        Ok(x)
    }

    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        if self.kept.is_empty() {
            bail!("no forward pass was kept for this backward pass")
        }
        let mut dy = dembedding.clone();
        for segment in (0..self.network.count()).rev() {
            let Some(Kept { input, graph, drop }) = self.kept.pop() else {
                bail!("a segment of the forward pass was not kept")
            };
            let (input, output) = match graph {
                Some(graph) => graph,
                None => {
                    let input = Var::from_tensor(&input)?;
                    let mut pass = self.pass(params, drop);
                    let output = self.network.segment(segment, input.as_tensor(), &mut pass)?;
                    (input, output)
                }
            };
            // The inner product has the given gradient with respect to the output.
            let store = (output * dy)?.sum_all()?.backward()?;
            grads.add_all(params, &store)?;
            let Some(dx) = store.get(&input) else {
                bail!("no gradient reached the input of segment {segment}")
            };
            dy = dx.clone();
        }
        Ok(())
    }

    fn checkpoint_activations(&mut self) {
        self.checkpointing = true;
    }

    fn update_running_statistics(&mut self, params: &Params) -> Result<()> {
        let momentum = self.network.momentum();
        for Seen { name, moments, rows } in self.seen.drain(..) {
            // Running variances are unbiased.
            let correction = rows as f64 / (rows as f64 - 1.0).max(1.0);
            for (part, new, factor) in [
                ("running_mean", &moments.mean, 1.0),
                ("running_var", &moments.variance, correction),
            ] {
                let index = params.index(&format!("{name}.{part}"));
                let new = Tensor::from_slice(new, new.len(), &Device::Cpu)?;
                let kept = (params.tensor(index)? * (1.0 - momentum))?;
                params.set(index, &(kept + (new * (momentum * factor))?)?)?;
            }
        }
        Ok(())
    }
}

impl<'a> Pass<'a> {
    /// The parameters.
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Batch norm of x (B, H, W, C): by the batch while training, else by the running statistics.
    ///
    /// # Errors
    /// Those of candle.
    pub fn norm(&mut self, name: &str, x: &Tensor) -> Result<Tensor> {
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
        out.reshape(x.shape())
    }

    /// An embedding (B, D) with a share of its values dropped while training.
    ///
    /// # Errors
    /// Those of candle.
    pub fn dropout(&self, rate: f64, x: Tensor) -> Result<Tensor> {
        match self.drop.filter(|_| rate > 0.0) {
            Some(drop) => {
                let (batch, width) = x.dims2()?;
                let kept = drop.values(rate, batch, width);
                let kept = Tensor::from_vec(kept, (batch, width), x.device())?;
                x * kept
            }
            None => Ok(x),
        }
    }
}

/// A 1x1 convolution of x (B, H, W, I) with weights (O, I, ..) to (B, H, W, O).
///
/// # Errors
/// Those of candle.
pub fn pointwise(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (batch, height, width, inputs) = x.dims4()?;
    let weight = weight.reshape((weight.dim(0)?, inputs))?;
    let rows = x.reshape((batch * height * width, inputs))?;
    matmul(&rows, &weight.t()?)?.reshape((batch, height, width, ()))
}

/// The mean over all pixels: x (B, H, W, C) to (B, C).
///
/// # Errors
/// Those of candle.
pub fn mean_of_image(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    mean_of_places(&x.reshape((batch, height * width, channels))?)
}

//! Images to embeddings: segments that each keep a graph of their own, from which the
//! backward pass goes down.

use candle_core::{D, Result, Tensor, Var, bail};

use super::config::{Block, EfficientNetConfig};
use crate::convolution::norm::{Moments, normalize};
use crate::convolution::{Same, depthwise, gate, patches, silu};
use crate::exact::{matmul, mean_of_places};
use crate::gradients::Gradients;
use crate::params::Params;
use crate::vit::DropPath;
use proofmark_base::rng::{Rng, Stream};

/// Added to the variance in every batch norm, as in TensorFlow.
const EPS: f64 = 1e-3;

/// The network below the classifier.
#[derive(Debug)]
pub struct Trunk {
    config: EfficientNetConfig,
    blocks: Vec<Block>,
    /// Whether graphs are made again in the backward pass, one at a time.
    sparing: bool,
    kept: Vec<Kept>,
    /// Of the last training pass: the place of a batch norm in the network, its moments and
    /// the number of rows.
    seen: Vec<(String, Moments, usize)>,
}

/// One segment of the last pass.
#[derive(Debug)]
struct Kept {
    input: Tensor,
    /// The input as a variable, and what came of it; made again if absent.
    graph: Option<(Var, Tensor)>,
    drop: Option<DropPath>,
}

/// How a pass goes.
struct Pass<'a> {
    params: &'a Params,
    drop: Option<DropPath>,
    seen: Vec<(String, Moments, usize)>,
}

impl Trunk {
    /// A trunk that has seen nothing.
    pub fn new(config: EfficientNetConfig) -> Self {
        let blocks = config.blocks();
        Self { config, blocks, sparing: false, kept: Vec::new(), seen: Vec::new() }
    }

    /// Keeps the activations of one segment at a time, and makes the others again. The
    /// whole batch passes together in any case: batch norm needs all of it.
    pub fn spare(&mut self) {
        self.sparing = true;
    }

    /// Segments: the first convolution, the blocks, what is on top.
    fn segments(&self) -> usize {
        self.blocks.len() + 2
    }

    /// Embeddings (B, D) of normalised images (B, 3, S, S) without a graph. `drop` is given
    /// while training: batch norm then goes by the batch.
    pub fn embed(&self, params: &Params, images: &[f32], drop: Option<DropPath>) -> Result<Tensor> {
        let mut pass = Pass { params, drop, seen: Vec::new() };
        let mut x = self.windows(params, images)?;
        for segment in 0..self.segments() {
            x = self.segment(segment, &x, &mut pass)?.detach();
        }
        Ok(x)
    }

    /// [`Trunk::embed`], ready for [`Trunk::backward`].
    pub fn embed_keeping(
        &mut self,
        params: &Params,
        images: &[f32],
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        let mut pass = Pass { params, drop, seen: Vec::new() };
        let mut x = self.windows(params, images)?;
        let mut kept = Vec::with_capacity(self.segments());
        for segment in 0..self.segments() {
            let input = Var::from_tensor(&x)?;
            let output = self.segment(segment, input.as_tensor(), &mut pass)?;
            let before = std::mem::replace(&mut x, output.detach());
            let graph = (!self.sparing).then_some((input, output));
            kept.push(Kept { input: before, graph, drop });
        }
        (self.kept, self.seen) = (kept, pass.seen);
        Ok(x)
    }

    /// Adds the gradients of all parameters but the classifier's, given that of the
    /// embeddings of the last [`Trunk::embed_keeping`].
    pub fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        if self.kept.is_empty() {
            bail!("no forward pass was kept for this backward pass")
        }
        let mut dy = dembedding.clone();
        for segment in (0..self.segments()).rev() {
            let Some(Kept { input, graph, drop }) = self.kept.pop() else {
                bail!("a segment of the forward pass was not kept")
            };
            let (input, output) = match graph {
                Some(graph) => graph,
                None => {
                    let input = Var::from_tensor(&input)?;
                    let mut pass = Pass { params, drop, seen: Vec::new() };
                    let output = self.segment(segment, input.as_tensor(), &mut pass)?;
                    (input, output)
                }
            };
            // The inner product has the given gradient with respect to the output.
            let store = (output * dy)?.sum_all()?.backward()?;
            for (spec, var) in params.specs().iter().zip(params.vars()) {
                if let Some(grad) = store.get(var) {
                    grads.add_tensor(&spec.name, grad)?;
                }
            }
            let Some(dx) = store.get(&input) else {
                bail!("no gradient reached the input of segment {segment}")
            };
            dy = dx.clone();
        }
        Ok(())
    }

    /// Moves the running statistics towards the moments of the last pass that was kept.
    pub fn count(&mut self, params: &Params) -> Result<()> {
        let momentum = self.config.momentum;
        for (name, moments, rows) in self.seen.drain(..) {
            // Running variances are unbiased.
            let correction = rows as f64 / (rows as f64 - 1.0).max(1.0);
            for (part, new, factor) in [
                ("running_mean", &moments.mean, 1.0),
                ("running_var", &moments.variance, correction),
            ] {
                let Some(var) = params.var(&format!("{name}.{part}")) else {
                    bail!("there is no statistic `{name}.{part}`")
                };
                let new = Tensor::from_slice(new, new.len(), var.device())?;
                let kept = (var.as_tensor() * (1.0 - momentum))?;
                var.set(&(kept + (new * (momentum * factor))?)?)?;
            }
        }
        Ok(())
    }

    /// The windows of the first convolution (B, S/2, S/2, 27).
    fn windows(&self, params: &Params, images: &[f32]) -> Result<Tensor> {
        let device = params.vars()[0].device();
        patches(images, self.config.image, Same { kernel: 3, stride: 2 }, device)
    }

    fn segment(&self, segment: usize, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let Some(above) = segment.checked_sub(1) else {
            let x = pointwise(x, pass.params.get("conv_stem.weight"))?;
            return silu(&pass.norm("bn1", &x)?);
        };
        match self.blocks.get(above) {
            Some(block) => self.block(block, above, x, pass),
            None => self.top(x, pass),
        }
    }

    fn block(
        &self,
        block: &Block,
        place: usize,
        input: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor> {
        let name = |part: &str| format!("{}.{part}", block.name);
        let params = pass.params;
        let weight = |part: &str| params.get(&name(&format!("{part}.weight")));
        let (x, middle, last, end) = if block.expands() {
            let x = pointwise(input, weight("conv_pw"))?;
            (silu(&pass.norm(&name("bn1"), &x)?)?, "bn2", "conv_pwl", "bn3")
        } else {
            (input.clone(), "bn1", "conv_pw", "bn2")
        };
        let same = Same { kernel: block.kernel, stride: block.stride };
        let x = depthwise(&x, weight("conv_dw"), same)?;
        let x = silu(&pass.norm(&name(middle), &x)?)?;
        // Squeeze and excitation: a factor for each channel of an image.
        let affine = |part: &str, x: &Tensor| {
            let bias = params.get(&name(&format!("{part}.bias")));
            pointwise(x, weight(part))?.broadcast_add(bias)
        };
        let (batch, _, _, channels) = x.dims4()?;
        let squeezed = mean_of_image(&x)?.reshape((batch, 1, 1, channels))?;
        let excited = affine("se.conv_expand", &silu(&affine("se.conv_reduce", &squeezed)?)?)?;
        let x = pointwise(&gate(&x, &excited)?, weight(last))?;
        let x = pass.norm(&name(end), &x)?;
        if !block.joins() {
            return Ok(x);
        }
        match pass.drop.and_then(|drop| drop.scales(block.drop_rate, place, batch)) {
            Some(scales) => {
                let scales = Tensor::from_vec(scales, (batch, 1, 1, 1), x.device())?;
                input + x.broadcast_mul(&scales)?
            }
            None => input + x,
        }
    }

    fn top(&self, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let x = pointwise(x, pass.params.get("conv_head.weight"))?;
        let x = mean_of_image(&silu(&pass.norm("bn2", &x)?)?)?; // (B, D)
        match pass.drop.filter(|_| self.config.dropout > 0.0) {
            Some(drop) => {
                let kept = dropout(self.config.dropout, drop, x.dims2()?);
                let kept = Tensor::from_vec(kept, x.shape(), x.device())?;
                x * kept
            }
            None => Ok(x),
        }
    }
}

impl Pass<'_> {
    /// Batch norm of x (B, H, W, C): by the batch while training, else by what was counted.
    fn norm(&mut self, name: &str, x: &Tensor) -> Result<Tensor> {
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
        let out = normalize(&rows, get("weight"), get("bias"), &moments, own, EPS)?;
        if own {
            self.seen.push((name.to_owned(), moments, rows.dim(0)?));
        }
        out.reshape(x.shape())
    }
}

/// A 1x1 convolution of x (B, H, W, I) with weights (O, I, ..) to (B, H, W, O).
fn pointwise(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (batch, height, width, inputs) = x.dims4()?;
    let weight = weight.reshape((weight.dim(0)?, inputs))?;
    let rows = x.reshape((batch * height * width, inputs))?;
    matmul(&rows, &weight.t()?)?.reshape((batch, height, width, ()))
}

/// The mean over all pixels: x (B, H, W, C) to (B, C).
fn mean_of_image(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    mean_of_places(&x.reshape((batch, height * width, channels))?)
}

/// For each value of embeddings (B, D) what it is multiplied by: 0, or 1 / (1 - rate).
fn dropout(rate: f64, drop: DropPath, (batch, width): (usize, usize)) -> Vec<f32> {
    let kept = (1.0 / (1.0 - rate)) as f32;
    let image = |i: usize| {
        let sample = drop.step << 16 | (drop.offset + i) as u64;
        let mut rng = Rng::new(drop.seed, Stream::Dropout, drop.epoch, sample);
        (0..width).map(move |_| if rng.chance(rate) { 0.0 } else { kept })
    };
    (0..batch).flat_map(image).collect()
}

//! Networks of convolutions with batch norm as segments that each keep a graph of their own, from
//! which the backward pass goes down.

use candle_core::{Device, Result, Tensor, Var, bail};

use super::operations::Segmented;
use super::pass::{Pass, Seen};
use super::patches;
use crate::backbone::Trunk;
use crate::drop_path::DropPath;
use crate::gradients::Gradients;
use crate::images::Images;
use crate::params::Params;

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

impl<N: Segmented> Segments<N> {
    /// A trunk that has seen nothing.
    pub fn new(network: N) -> Self {
        Self { network, checkpointing: false, kept: Vec::new(), seen: Vec::new() }
    }

    fn pass<'a>(&self, params: &'a Params, drop: Option<DropPath>) -> Pass<'a> {
        Pass::new(params, drop, self.network.eps())
    }

    /// What the first segment is given.
    fn input(&self, images: &Images<'_>) -> Result<Tensor> {
        patches(&images.planes()?, self.network.side(), self.network.first(), &Device::Cpu)
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
        let mut x = self.input(&images)?;
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
        let mut x = self.input(&images)?;
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

//! A network on a GPU as the program trains and asks it: parameters and gradients lie there, embeddings and
//! their gradients come and go.

use std::fmt::Debug;

use candle_core::{Device, Result, Tensor};

use super::backbone::Trunk;
use super::drop_path::DropPath;
use super::failed::failed;
use super::gradients::Gradients;
use super::images::Images;
use super::params::Params;
use super::resident::Resident;
use proofmark_gpu::error::Result as OfGpu;
use proofmark_gpu::memory::Buffer;

/// What is computed on a GPU.
pub trait GpuNetwork: Debug + Send {
    /// Width D of an embedding.
    fn width(&self) -> usize;

    /// Embeddings (B, D), row-major, with what [`GpuNetwork::backward_to`] needs if `keep`. `drop` is given while
    /// training.
    ///
    /// # Errors
    /// Those of the GPU, and images of another size.
    fn forward(
        &mut self,
        values: &Resident,
        images: &Images<'_>,
        drop: Option<DropPath>,
        keep: bool,
    ) -> OfGpu<Vec<f32>>;

    /// The gradients of all parameters at their places in `gradient`, given that of the embeddings (B, D) of the
    /// last pass that kept its activations; added to what is there if `add`.
    ///
    /// # Errors
    /// Those of the GPU, and no such pass.
    fn backward_to(
        &mut self,
        values: &Resident,
        dembedding: &[f32],
        gradient: &Buffer,
        add: bool,
    ) -> OfGpu<()>;

    /// Moves running statistics, if there are any, towards the moments of the last pass that was kept, once.
    ///
    /// # Errors
    /// Those of the GPU.
    fn move_statistics(&mut self, _values: &Resident) -> OfGpu<()> {
        Ok(())
    }
}

/// The trunk of a network on a GPU. Activations are always kept.
#[derive(Debug)]
pub struct GpuTrunk<N>(pub N);

impl<N: GpuNetwork> GpuTrunk<N> {
    fn pass(
        &mut self,
        params: &Params,
        images: &Images<'_>,
        drop: Option<DropPath>,
        keep: bool,
    ) -> Result<Tensor> {
        let embedding = self.0.forward(params.on_its_gpu()?, images, drop, keep).map_err(failed)?;
        let shape = (embedding.len() / self.0.width(), self.0.width());
        Tensor::from_vec(embedding, shape, &Device::Cpu)
    }
}

impl<N: GpuNetwork> Trunk for GpuTrunk<N> {
    /// While training batch norm goes by the batch.
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.pass(params, &images, drop, false)
    }

    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.pass(params, &images, drop, true)
    }

    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        let dembedding = dembedding.flatten_all()?.to_vec1::<f32>()?;
        let (gradient, add) = grads.on_gpu()?;
        self.0.backward_to(params.on_its_gpu()?, &dembedding, gradient, add).map_err(failed)
    }

    fn update_running_statistics(&mut self, params: &Params) -> Result<()> {
        self.0.move_statistics(params.on_its_gpu()?).map_err(failed)
    }
}

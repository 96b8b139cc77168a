//! The network on a GPU as the program trains and asks it: parameters and gradients lie there, embeddings and
//! their gradients come and go.

use candle_core::{Device, Result, Tensor};

use super::network::OnGpu;
use crate::backbone::Trunk;
use crate::drop_path::DropPath;
use crate::failed::failed;
use crate::gradients::Gradients;
use crate::images::Images;
use crate::params::Params;

impl OnGpu {
    fn embed_as_tensor(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
        keep: bool,
    ) -> Result<Tensor> {
        let resident = params.on_its_gpu()?;
        let embedding = self.forward(resident, &images, drop, keep).map_err(failed)?;
        let shape = (embedding.len() / self.width(), self.width());
        Tensor::from_vec(embedding, shape, &Device::Cpu)
    }
}

/// Activations are always kept.
impl Trunk for OnGpu {
    /// While training batch norm goes by the batch.
    fn embed(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.embed_as_tensor(params, images, drop, false)
    }

    fn embed_keeping(
        &mut self,
        params: &Params,
        images: Images<'_>,
        drop: Option<DropPath>,
    ) -> Result<Tensor> {
        self.embed_as_tensor(params, images, drop, true)
    }

    fn backward(
        &mut self,
        params: &Params,
        dembedding: &Tensor,
        grads: &mut Gradients<'_>,
    ) -> Result<()> {
        let dembedding = dembedding.flatten_all()?.to_vec1::<f32>()?;
        let (gradient, add) = grads.on_gpu()?;
        let resident = params.on_its_gpu()?;
        self.backward_to(resident, &dembedding, gradient, add).map_err(failed)
    }

    fn update_running_statistics(&mut self, params: &Params) -> Result<()> {
        self.move_statistics(params.on_its_gpu()?).map_err(failed)
    }
}

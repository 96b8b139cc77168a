//! The network from images to embeddings on a GPU, forward and backward written out by hand, as
//! [`super::trunk`] is for the CPU. Products are in f32, tf32 or bf16, with sums in f32; the residual stream, moments,
//! scores of attention and gradients of parameters are in f32.

mod attention;
mod block;
mod buffers;
mod network;

pub use network::OnGpu;

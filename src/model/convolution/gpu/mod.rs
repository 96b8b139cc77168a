//! A network of convolutions on a GPU. Its operations are written down once, in order (`tape`); a pass carries them
//! out one behind the other, the backward pass the other way round, in buffers that live as long as the network does.
//! Numbers are f32, and so are products, or TF32.

mod backward;
mod forward;
mod network;
mod rooms;
mod scratch;
mod state;
mod tape;

pub use network::OnGpu;

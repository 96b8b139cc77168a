//! Images in memory: their pixels, the channels of these apart, and what JPEG leaves of them.

pub mod channels;
mod dct;
mod jpeg;
pub mod pixels;

pub use jpeg::jpeg;
pub use pixels::Pixels;

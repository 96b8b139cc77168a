//! Images in memory: their pixels, the channels of these apart, those of JPEG files, and what
//! JPEG leaves of them.

pub mod channels;
mod colour;
mod dct;
mod enlarge;
mod jpeg;
pub mod jpeg_file;
pub mod pixels;

pub use jpeg::jpeg;
pub use pixels::Pixels;

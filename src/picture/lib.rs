//! Images in memory and all that is done to them: other sizes and places, as Pillow and as OpenCV
//! find them, colours, blurs, what JPEG leaves, and the images of JPEG files.

pub mod affine;
pub mod blur;
pub mod channels;
mod colour;
mod dct;
pub mod enhance;
mod enlarge;
pub mod hsv;
mod jpeg;
pub mod jpeg_file;
pub mod linear;
pub mod pixels;
pub mod resize;
pub mod shift;

pub use jpeg::jpeg;
pub use pixels::Pixels;

//! Pixels of JPEG files, to the byte as libjpeg-turbo decodes them, with which OpenCV and
//! Pillow read what networks are trained on: its whole-number cosines ("islow"), its triangle
//! filters for chroma at a lower resolution and its tables of colours.
//!
//! Baseline, extended and progressive files of 8 bits in Huffman codes are read. A file that is
//! cut off or damaged is an error: a decoder that goes on fills the rest with grey.

mod bits;
mod blocks;
mod colours;
mod error;
mod file;
mod frame;
mod huffman;
mod progressive;
mod rows;
mod scan;
mod segments;
mod sequential;

pub use error::JpegError;
pub use file::{JpegFile, read};

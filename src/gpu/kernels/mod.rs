//! The kernels of `entries.cu` as functions: what each is given, in which shapes, and how it is cut into
//! blocks. All panic where a shape is wrong: that would be a mistake of ours.

pub mod attention;
pub mod batch;
pub mod columns;
pub mod depthwise;
pub mod ends;
pub mod flash;
pub mod images;
mod lanes;
mod launch;
pub mod maps;
pub mod pixels;
pub mod rows;
pub mod steps;

pub use launch::chunks;

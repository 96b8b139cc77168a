//! Faces in a frame: RetinaFace (Deng et al. 2020) on a MobileNetV1 of a quarter of the
//! width, which is built in, or on a ResNet-50 from a file.
//!
//! [`network`] is the network as a list of layers. [`fast`] carries it out on one core of
//! a CPU, [`composed`] does so with candle's operations: the reference in tests.

mod boxes;
mod builder;
mod composed;
mod detector;
mod error;
mod fast;
mod mobilenet;
mod neck;
mod network;
mod resnet;
mod weights;

#[cfg(test)]
mod fast_tests;

pub use boxes::{Detection, Options};
pub use detector::{Detector, Raw, Scratch};
pub use error::DetectorError;

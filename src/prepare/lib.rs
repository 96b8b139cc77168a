//! Faces: found in frames of images and videos, cut out, and kept in Arrow files that
//! training reads in place.

mod claims;
pub mod crop;
pub mod cut;
pub mod detect;
pub mod faces;
pub mod ffmpeg;
pub mod landmarks;
pub mod outcomes;
mod ppm;
pub mod run;
pub mod sampling;
pub mod store;

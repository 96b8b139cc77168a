//! The synthetic demo: short "videos" of drawn faces, real and manipulated, from a seed.
//!
//! A person (`identity`) sits in a scene (`scene`) and is drawn (`portrait`,
//! `features`) on a canvas (`canvas`); a camera takes the picture (`capture`); a fake
//! is then edited (`method`, `manipulate`); delivery compresses what is left.

mod canvas;
mod capture;
mod features;
mod identity;
mod manipulate;
mod method;
mod portrait;
mod render;
mod scene;
mod video;

pub use render::{GENERATOR_VERSION, render};
pub use video::{DemoError, DemoVideo, videos};

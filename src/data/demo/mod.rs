//! The synthetic demo: short "videos" of drawn faces, real and manipulated, from a seed.
//!
//! A person (`identity`) sits in a scene (`scene`) and is drawn (`portrait`, `head`,
//! `features`) on a canvas (`canvas`); a camera takes the picture (`capture`); a fake
//! is then edited (`method`, `manipulate`); delivery compresses what is left.

mod canvas;
mod capture;
mod features;
mod head;
mod identity;
mod manipulate;
mod method;
mod portrait;
mod render;
mod scene;
mod shapes;
mod video;

pub use render::{GENERATOR_VERSION, render};
pub use video::{DemoError, DemoVideo, videos};

#[cfg(test)]
fn test_layout(identities: u32, videos: u32, fakes: u32) -> proofmark_lang::model::DemoLayout {
    use proofmark_lang::model::{DemoCapture, DemoLayout};
    DemoLayout {
        seed: 11,
        capture: DemoCapture::Studio,
        identities,
        videos,
        fakes,
        frames: 3,
        hidden_methods: Vec::new(),
    }
}

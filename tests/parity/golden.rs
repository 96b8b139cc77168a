//! The golden files.

use std::path::Path;

use proofmark_lang::model::Pool;
use proofmark_model::vit::VitConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The file called `name`, in the form its test wants.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/parity").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A network's shape as the files give it.
#[derive(Clone, Copy, Deserialize)]
pub struct Shape {
    pub patch: usize,
    pub width: usize,
    pub depth: usize,
    pub heads: usize,
    pub image: usize,
    pub hidden: usize,
}

impl Shape {
    /// The network of this shape, without drop path.
    pub fn config(self, classes: usize, layer_scale: Option<f32>, pool: Pool) -> VitConfig {
        let Self { patch, width, depth, heads, image, hidden } = self;
        VitConfig {
            patch,
            width,
            depth,
            heads,
            image,
            hidden,
            layer_scale,
            registers: 0,
            pool,
            drop_path: 0.0,
            classes,
        }
    }
}

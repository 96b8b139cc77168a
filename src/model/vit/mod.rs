//! The Vision Transformer of the paper (section 4.3), in timm's parameter names.

mod backbone;
mod composed;
mod config;
mod files;
pub mod gpu;
mod positions;
mod sizes;
mod trunk;

pub use composed::Composed;
pub use config::VitConfig;

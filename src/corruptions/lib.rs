//! Common corruptions: what is done to stored faces before they are scored, to see how well a model
//! bears it. In the wild faces are compressed, made smaller and noisy (paper section 1). A file each, and
//! the list of them all, which the language, its documentation, tables and pages read.

mod blur;
mod definition;
mod jpeg;
mod noise;
mod resize;
mod social;

pub use blur::BLUR;
pub use definition::{Corruption, CorruptionKind, Definition, Strength, Values};
pub use jpeg::JPEG;
pub use noise::NOISE;
pub use resize::RESIZE;
pub use social::SOCIAL;

/// All kinds, in the order in which documentation lists them.
pub const ALL: &[CorruptionKind] = &[JPEG, RESIZE, BLUR, NOISE, SOCIAL];

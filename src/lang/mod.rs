//! Text to a typed, checked experiment.

pub mod model;
pub mod span;
pub mod vocabulary;

//! Scores photographs, videos and face crops with a trained model, whose card says how faces
//! are found and cut.

pub mod find;
mod inputs;
mod look;
pub mod media;
mod request;
mod scorer;

pub use request::{Faces, Request};
pub use scorer::{Outcome, Scored, score};

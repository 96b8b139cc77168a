//! Augmentation: a stored face to a normalised input. Each operation is a function of
//! its parameters; what they are is drawn from the random numbers of the face.

pub mod erase;
pub mod face;
pub mod randaugment;
pub mod window;

//! Augmentation: a stored face to a normalised input, by a list of operations. An operation is one
//! constant of type [`Definition`]: its words in the language, its parameters with their ranges and
//! defaults, and what it does. The language, its documentation and training read [`ALL`]; nothing else has
//! to be told of a new one. [`lists`] has the lists that have a name.

mod apply;
mod blur;
mod crop;
mod definition;
mod erase;
pub mod face;
mod flip;
pub mod lists;
pub mod randaugment;

pub use apply::{Augmented, augmented, training};
pub use blur::BLUR;
pub use crop::{CROP, random_window};
pub use definition::{Definition, Does, Operation, OperationKind, Parameter, Phase, Value, Values};
pub use erase::ERASE;
pub use flip::FLIP;
pub use randaugment::RANDAUGMENT;

/// All operations, in the order in which documentation lists them.
pub const ALL: &[OperationKind] = &[CROP, FLIP, RANDAUGMENT, BLUR, ERASE];

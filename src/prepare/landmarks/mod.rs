//! Points of a face: the 68 of the iBUG scheme by a small network that is built in, or 68
//! or 81 from a file.

mod file;
mod given;
mod network;
mod points;
mod square;

pub use file::{FaceMark, Marks};
pub use given::{Given, in_crop};
pub use network::{LandmarkNet, SIDE};
pub use points::{Points, UnitBox, example};
pub use square::Square;

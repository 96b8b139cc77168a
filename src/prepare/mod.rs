//! Faces: found in frames, cut from images, kept in an Arrow file that training reads in place.

pub mod crop;
pub mod detect;
pub mod faces;
pub mod resample;
pub mod run;
pub mod store;

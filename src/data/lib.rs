//! Data sets: manifests, layouts, splits, sampling and the synthetic demo.

pub mod attribution;
mod columns;
pub mod copies;
pub mod demo;
pub mod error;
pub mod files;
pub mod flaw;
pub mod frames;
mod kinship;
pub mod layout;
pub mod manifest;
pub mod media;
mod methods;
mod natural;
pub mod overlap;
mod places;
mod root;
mod said;
pub mod sample;
mod saved;
pub mod scan;
pub mod split;
pub mod statistics;
pub mod survey;
// For the tests of other rooms, too.
#[doc(hidden)]
pub mod testing;
pub mod video;
mod words;

pub use error::DataError;
pub use manifest::Manifest;
pub use root::Env;
pub use scan::{Scan, ScanReport, scan};
pub use video::{Frame, MediaKind, Video};

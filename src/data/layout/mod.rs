//! How the files of a data set lie on disk, one file per layout.

pub mod cells;
pub mod csv;
pub mod demo;
pub mod folder;
pub mod released;
pub mod table;

mod listing;
mod paths;

pub use listing::{Finding, Listing, Tally};

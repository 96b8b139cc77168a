//! How the files of a data set lie on disk, one file per layout.

pub mod cells;
pub mod deepfakebench;
pub mod demo;
pub mod folder;
mod release;
pub mod released;
pub mod table;

mod bench;
mod celebdf;
mod df40;
mod dfdc;
mod dfeval;
mod fakeavceleb;
mod ffpp;
mod forgerynet;
mod listing;
mod lists;
mod paths;
pub mod tree;
mod wdf;

pub use listing::{Finding, Lacking, Listing, Tally};

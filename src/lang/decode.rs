//! Checked nodes to the typed model, with the checks that need several values.
//!
//! A part that is wrong comes to nothing; what is wrong with it was reported.

mod dataset;
mod table;

pub(super) use dataset::dataset;
pub(super) use table::table;

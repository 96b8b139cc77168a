//! The statistics of data sets (the paper's Tables 1 and 2), one renderer per format.

mod cells;
mod columns;
pub mod csv;
pub(super) mod html;
pub mod json;
pub mod latex;
pub mod markdown;
mod notes;
pub mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

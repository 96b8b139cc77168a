//! The plots of a page.

mod all;
mod learning;
mod robustness;
mod scores;

pub use all::{Figures, UnitFigures};

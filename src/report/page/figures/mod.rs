//! The plots of a page.

mod all;
mod learning;
mod robustness;
mod scores;
mod separability;

pub use all::{Figures, UnitFigures};

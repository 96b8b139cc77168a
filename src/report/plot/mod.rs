//! Plots as SVG that says in words what it shows, and as PNG.

pub mod chart;
mod dots;
mod halves;
mod lines;
pub mod palette;
mod panel;
mod pieces;
pub mod png;
mod scale;
pub mod svg;

pub use scale::{Axis, number, ticks};

#[cfg(test)]
mod tests;

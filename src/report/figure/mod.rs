//! Statistics of a data set by label (the paper's Figure 3) as a figure.

pub mod bins;
mod draw;
pub mod panels;

pub use draw::svg;

#[cfg(test)]
mod tests;

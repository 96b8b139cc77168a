//! Statistics of a data set by label (the paper's Figure 3) as a figure.

pub mod bins;
pub mod panels;
pub mod svg;

#[cfg(test)]
mod tests;

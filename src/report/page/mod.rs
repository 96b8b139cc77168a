//! The report as one HTML page that needs nothing else.

pub mod content;
mod cost;
mod differences;
mod facts;
pub mod figures;
mod places;
mod plots;
mod provenance;
pub mod render;
mod sections;
pub mod shapes;
mod summary;
mod table;

#[cfg(test)]
pub(super) mod tests;

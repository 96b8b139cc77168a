//! The table as data, and one renderer per format.

pub mod audit;
pub mod build;
mod certainty;
pub mod checks;
pub mod claims;
mod columns;
pub mod compare;
pub mod csv;
pub mod html;
pub mod json;
pub mod latex;
pub mod markdown;
mod marks;
mod measures;
mod protocol;
mod records;
pub mod reference;
pub mod table;
pub mod terminal;
mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod render_tests;

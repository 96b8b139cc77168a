//! Tables as data, and one renderer per format; a data set as a figure.

pub mod audit;
mod beside;
pub mod build;
pub mod build_error;
mod calibrations;
mod certainty;
pub mod checks;
pub mod choice;
pub mod claims;
mod columns;
pub mod compare;
mod cost;
pub mod csv;
pub mod evidence;
pub mod figure;
pub mod findings;
pub mod json;
pub mod latex;
pub mod lines;
mod lookup;
mod makers;
pub mod markdown;
mod marks;
mod markup;
mod measures;
mod notes;
pub mod numbers;
pub mod page;
pub mod plot;
mod protocol;
pub mod reference;
mod separability;
pub mod statistics;
pub mod sums;
pub mod table;
pub mod terminal;
mod terms;
mod tex;
mod text;
mod variants;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod render_tests;

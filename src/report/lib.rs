//! Tables as data, and one renderer per format; a data set as a figure.

pub mod audit;
mod beside;
pub mod build;
pub mod build_error;
mod calibrations;
mod certainty;
pub mod checks;
pub mod claims;
mod columns;
pub mod compare;
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
pub mod statistics;
pub mod table;
pub mod terminal;
mod tex;
mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod render_tests;

//! The claims of a table: what each compares, what tests say of it, what published numbers say, and
//! which claims test sets of the published sizes could decide.

mod asked;
mod needed;
mod power;
mod published;
#[cfg(test)]
mod simulated_tests;
mod support;
#[cfg(test)]
mod tests;
mod verdicts;
mod words;

pub(crate) use asked::{Asked, Found};
pub use power::{CORRELATIONS, Power, power};
pub(crate) use verdicts::decide;

//! How certain a metric is: intervals, paired tests, corrections.
//!
//! Videos are the unit of resampling throughout. Frames of one video are alike, so an
//! interval that took them for independent would be far too narrow.

pub mod bootstrap;
pub mod delong;
mod distributions;
pub mod holm;
pub mod interval;
pub mod seeds;

#[cfg(test)]
mod coverage_tests;
#[cfg(test)]
mod golden_tests;

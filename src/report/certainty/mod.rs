//! How certain a table's numbers are: intervals of cells, tests of rows against one, and the
//! differences that claims are about.

mod add;
mod contrast;
mod draws;
mod family;
mod measured;
mod notes;
#[cfg(test)]
mod tests;

pub(super) use add::add;
pub(super) use measured::{Measured, Measures, spread};
pub(super) use notes::notes;

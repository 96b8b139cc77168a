//! Text of others: how it is shown, and the names of files that are made of it.

pub mod names;
pub mod show;

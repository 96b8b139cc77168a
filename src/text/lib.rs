//! Text of others: how it is shown, the names of files that are made of it, and where in a file
//! something was written.

pub mod csv;
pub mod names;
pub mod near;
pub mod origin;
pub mod show;

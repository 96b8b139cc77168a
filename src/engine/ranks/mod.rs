//! Several processes that train each model together. The first does all that one process does, and leads
//! the others into each training; they read the plan that it has written down, and write nothing.

pub mod admit;
pub mod follow;
pub mod lead;
mod order;

//! The typed experiment: what a checked set of files says, with every name resolved, in plain values
//! with the place of each beside them.

mod project;

pub use crate::node::{DataPath, Placed};
pub use crate::nodes::*;
pub use project::Project;

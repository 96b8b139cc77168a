//! What a project asks for, the inputs of its stages and their keys, and what changed.

pub mod facts;
pub mod inputs;
pub mod meaning;
pub mod scope;

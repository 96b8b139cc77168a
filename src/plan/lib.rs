//! A typed experiment as a graph of stages, each with a key and a reason.

pub mod graph;
pub mod inputs;
pub mod keys;
pub mod meaning;

//! Nodes as plain Rust values: what a node consists of, how it is read, and where each part was
//! written.
//!
//! A node is declared once, by `node!`; its words by `words!`; one of several nodes by `choice!`.

pub(crate) mod declare;
mod decode;
mod path;
mod placed;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use declare::{choice, listed, node, words};
pub(crate) use decode::{Decode, FromNode, Nodes, Value, defaults, value_of_child};
pub use path::DataPath;
pub(crate) use placed::{Maybe, values};
pub use placed::{Part, Placed, Plain};
pub use read::Every;
pub(crate) use read::{Read, Words};

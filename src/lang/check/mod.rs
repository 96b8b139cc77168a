//! Nodes against the schema: everything that can be said about a node by itself, and
//! whether the names it refers to are declared.

mod checker;
mod messages;
mod names;
mod stray;
mod values;
mod walk;

pub(crate) use checker::{Checker, Names};
pub(crate) use messages::find;
pub(crate) use walk::fragment;
